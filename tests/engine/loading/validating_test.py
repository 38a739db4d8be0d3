"""Every wrong shape is told in one sentence, at the place that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from engine.loading.reading import read_text
from engine.loading.validating import MOST_ERRORS, validate


def problems_of(text: str, kind: str = "object") -> list[str]:
    reading = read_text(text, "f")
    assert reading.node is not None
    problems: list[Any] = list(reading.problems)
    validate(reading.node, f"{kind}.schema.json", problems)
    assert all(problem.sentence("zh") for problem in problems)
    return [str(problem) for problem in problems]


def of_field(field: str) -> list[str]:
    """The problems of an object with one field, which begins at column 6 of line 3."""
    return problems_of(f"object: order\nfields:\n  a: {field}\n")


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (
            "{type: text, lable: A}",
            "3:19: unknown-key there is no key 'lable' here (did you mean 'label'?)",
        ),
        ("{type: text, zzz: A}", "3:19: unknown-key there is no key 'zzz' here"),
        (
            "{type: text, scale: 2}",
            "3:19: key-of-other-type with `type: text` there is no key 'scale'"
            " (it belongs to number, money, percent, progress)",
        ),
        ("{label: A}", "3:3: missing-key the key 'type' is missing here (add `type: …`)"),
        ("{type: link}", "3:3: missing-key the key 'to' is missing here (add `to: …`)"),
        (
            "{type: texxt}",
            "3:13: not-one-of the text 'texxt' is not possible here (did you mean 'text'?)",
        ),
        (
            "{type: link, to: b, on_delete: forget}",
            "3:37: not-in-list the text 'forget' is not possible here"
            " (use one of refuse, clear, cascade)",
        ),
        (
            "{type: text, required: yes}",
            "3:29: not-boolean expected true or false, found 'yes' (write true)",
        ),
        (
            "{type: text, required: 1}",
            "3:29: wrong-value expected true or false, found the number 1",
        ),
        (
            "{type: text, max_length: '10'}",
            "3:32: wrong-value expected a whole number, found the text '10'",
        ),
        (
            "{type: text, max_length: 0}",
            "3:31: too-small 0 is less than 1, the least that is possible here",
        ),
        (
            "{type: money, scale: 99}",
            "3:27: too-big 99 is more than 12, the most that is possible here",
        ),
        (
            "{type: money, min: much}",
            "3:25: wrong-value expected a decimal number, found the text 'much'",
        ),
        (
            "{type: money, formula: 0}",
            "3:29: wrong-value-quote expected an expression, found the number 0"
            " (put it in quotes)",
        ),
        (
            "{type: money, formula: }",
            "3:29: no-value expected an expression, found nothing"
            " (give it a value, or delete the key)",
        ),
        (
            "{type: link, to: ''}",
            "3:24: empty-value this must not be empty (fill it, or delete the key)",
        ),
        (
            "{type: text, label: 2026}",
            "3:26: wrong-value-quote expected a text, or a text for each language,"
            " found the number 2026 (put it in quotes)",
        ),
        (
            "{type: text, label: {en: [a]}}",
            "3:31: wrong-value expected a text, found a list",
        ),
        (
            "{type: text, label: {english: A}}",
            "3:27: wrong-value expected a language such as en or zh, found the text 'english'",
        ),
        (
            "{type: text, label: {en:A, zh: B}}",
            "3:27: missing-space there is no key 'en:A' here (leave a space after the colon)",
        ),
        ("text", "3:6: wrong-value expected a map of keys and values, found the text 'text'"),
        ("", "3:5: no-value expected a map of keys and values, found nothing"
         " (give it a value, or delete the key)"),
        (
            "{type: choice, options: {a: {label: A, scre: 1}},"
            " attributes: {score: {type: integer}}}",
            "3:45: unknown-key there is no key 'scre' here (did you mean 'score'?)",
        ),
        (
            "{type: choice, options: {}}",
            "3:30: empty-value this must not be empty (fill it, or delete the key)",
        ),
        (
            "{type: choice, options: [a, b]}",
            "3:30: wrong-value expected a map of keys and values, found a list",
        ),
    ],
)  # fmt: skip
def test_field(field: str, problem: str) -> None:
    """A field and what is said of it."""
    assert of_field(field) == [f"f:{problem}"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("class", "keyword-name 'class' is a word of the expression language, so it cannot be a"
         " name (choose another name, such as 'class_')"),
        ("where", "reserved-name 'where' is reserved for list addresses, so it cannot be a name"
         " (choose another name, such as 'where_')"),
        ("created_on", "system-field-name 'created_on' is a field that every record has by itself"
         " (choose another name, such as 'created_on_')"),
        ("owner", "ownership-field-name 'owner' is a field that every owned record has by itself"
         " (choose another name, or say `owned: false` for this object)"),
        ("closeDate", "bad-name 'closeDate' is no name: at most 40 small letters, digits and"
         " underscores, a letter first (write 'close_date')"),
        ("金额", "bad-name '金额' is no name: at most 40 small letters, digits and underscores, a"
         " letter first"),
    ],
)  # fmt: skip
def test_field_name(name: str, problem: str) -> None:
    """Rule 7, told at the name."""
    text = f"object: order\nfields:\n  {name}: {{type: text}}\n"
    assert problems_of(text) == [f"f:3:3: {problem}"]


def test_owner_without_ownership() -> None:
    """Objects that have no owner may have a field of that name; and departments are objects."""
    assert problems_of("object: department\nowned: false\nfields: {owner: {type: text}}\n") == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("object", "object: Order\nfields: {}\n"),
        ("object", "object: order\nfields: {a: {type: choice, options: {Hot: H}}}\n"),
        ("object", "object: order\nfields: {}\nviews: {Mine: {}}\n"),
        ("workflow", "workflow: p\nobject: o\nfield: s\nstages: {Won: {}}\n"),
        ("workflow", "workflow: p\nobject: o\nfield: s\nstages: {a: {}}\n"
         "transitions: {Go: {from: a, to: a}}\n"),
        ("role", "role: Boss\n"),
        ("mapping", "mapping: M\nobject: o\ncolumns: {A: a}\n"),
        ("site", "site: S\nmodules: {Sales: {}}\n"),
    ],
)  # fmt: skip
def test_other_names(kind: str, text: str) -> None:
    """The names of objects, options, views, stages, transitions, roles, mappings and modules."""
    assert [problem.split()[1] for problem in problems_of(text, kind)] == ["bad-name"]


def test_all_at_once() -> None:
    """Every mistake of a file is told in one run."""
    text = "object: order\nicon: 1\nfields:\n  a: {type: txt}\n  b: {}\nsurch: [a]\n"
    assert sorted(problem.split()[1] for problem in problems_of(text)) == [
        "missing-key",
        "not-one-of",
        "unknown-key",
        "wrong-value-quote",
    ]


def test_unknown_keys_alone() -> None:
    """They are left out, and the rest can be used."""
    reading = read_text("object: order\nfields: {a: {type: text, zzz: 1}}\nyyy: 2\n", "f")
    problems: list[Any] = []
    assert reading.node is not None
    usable = validate(reading.node, "object.schema.json", problems)
    assert len(problems) == 2
    assert usable is not None
    assert usable.to_plain() == {"object": "order", "fields": {"a": {"type": "text"}}}


def test_too_many() -> None:
    """A file of nothing but mistakes is told about briefly."""
    text = "object: order\nfields: {}\n" + "".join(f"k{i}: 1\n" for i in range(5000))
    problems = problems_of(text)
    assert len(problems) == MOST_ERRORS + 1
    assert problems[0].split()[1] == "and-more"
