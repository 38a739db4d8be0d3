"""Layers over each other: what wins, what is removed, what is placed where."""

from __future__ import annotations

from typing import Any

import pytest

from engine.definition.tree import Node
from engine.loading.merging import merge, merge_trees
from engine.loading.reading import read_text
from engine.loading.schemas import prepared

BASE = """\
object: order
label: {en: Order, zh: 订单}
search: [name, number]
fields:
  name: {type: text, required: true}
  amount: {type: money, label: Amount}
  grade: {type: choice, options: {a: A, b: {en: Second, zh: 乙}, c: {label: C, colour: red}}}
"""


def tree(text: str, file: str) -> Node:
    reading = read_text(text, file)
    assert reading.node is not None, reading.problems
    return reading.node


def over(*overlays: str, base: str = BASE, kind: str = "object") -> tuple[Any, list[str]]:
    """The base with overlays (files 1, 2, …), and the problems."""
    problems: list[Any] = []
    schema = prepared(f"{kind}.schema.json")
    node = merge(None, tree(base, "0"), schema, problems)
    for number, text in enumerate(overlays, start=1):
        node = merge(node, tree(text, str(number)), schema, problems)
    return node, [str(problem) for problem in problems]


def fields(*overlays: str) -> tuple[list[str], list[str]]:
    """The fields' names in order, with overlays that hold nothing but fields."""
    node, problems = over(*(f"object: order\nfields:\n  {text}\n" for text in overlays))
    return list(node.get("fields").value), problems


def test_maps_merge() -> None:
    """Keys join, values are replaced; every value knows who set it."""
    node, problems = over("object: order\nfields: {amount: {min: 0, label: {zh: 金额}}}\n")
    assert problems == []
    amount = node.get("fields").get("amount")
    assert amount.to_plain() == {"type": "money", "label": {"": "Amount", "zh": "金额"}, "min": 0}
    assert str(amount.at("type")) == "0:6:18"
    assert str(amount.at("min")) == "1:2:24"
    assert str(amount.at("label", "zh")) == "1:2:39"
    assert [place.file for place in amount.layers] == ["0", "1"]
    assert [place.file for place in node.get("object").layers] == ["0", "1"]


def test_text_over_texts() -> None:
    """A string above replaces the texts of all locales."""
    node, problems = over("object: order\nlabel: Contract\n")
    assert problems == []
    assert node.plain("label") == "Contract"
    assert [str(place) for place in node.get("label").layers] == ["0:2:8", "1:2:8"]


def test_lists_are_replaced() -> None:
    """As a whole, also by an empty one."""
    assert over("object: order\nsearch: [name]\n")[0].plain("search") == ["name"]
    assert over("object: order\nsearch: []\n")[0].plain("search") == []


def test_taken_back() -> None:
    """A key without a value takes back what a lower layer gave."""
    node, problems = over("object: order\nsearch:\nfields: {name: {required: ~}}\n")
    assert problems == []
    assert node.get("search") is None
    assert node.get("fields").plain("name") == {"type": "text"}


def test_map_is_not_lost() -> None:
    """`fields:` with nothing behind it, because every line is a comment."""
    node, problems = over("object: order\nfields:\n  # amount: {min: 0}\n")
    assert problems == [
        "1:2:8: other-shape this is nothing, but a lower layer has a map of keys and values here"
        " (0:5:3) (write it in the same form as there)"
    ]
    assert list(node.get("fields").value) == ["name", "amount", "grade"]


@pytest.mark.parametrize("value", ["{a: 1}", "text", "[a]"])
def test_other_shape(value: str) -> None:
    """A map where there was a single value, and the other way round."""
    key = "icon" if value == "{a: 1}" else "fields"
    node, problems = over(f"object: order\n{key}: {value}\n", base=BASE + "icon: star\n")
    if value == "[a]":
        assert node.plain(key) == ["a"]  # a list replaces; the schema then refuses it
    else:
        assert [problem.split()[1] for problem in problems] == ["other-shape"]


def test_short_forms() -> None:
    """An option's label alone is overlaid by a longer form, and the other way round."""
    node, problems = over(
        "object: order\nfields: {grade: {options: {a: {colour: blue}, b: {zh: 二}, c: Third}}}\n"
    )
    assert problems == []
    assert node.get("fields").get("grade").plain("options") == {
        "a": {"label": "A", "colour": "blue"},
        "b": {"label": {"en": "Second", "zh": "二"}},
        "c": {"label": "Third", "colour": "red"},
    }


def test_mapping_column() -> None:
    """A column's field alone is its short form; nothing leaves a column out."""
    base = "mapping: m\nobject: o\ncolumns: {a: x, b: {field: y, find: name}, c: ~}\n"
    node, problems = over(
        "mapping: m\ncolumns: {a: {find: code}, b: ~, c: z}\n", base=base, kind="mapping"
    )
    assert problems == []
    assert node.plain("columns") == {"a": {"field": "x", "find": "code"}, "b": None, "c": "z"}


def test_remove() -> None:
    """A named thing goes away; what is not there cannot."""
    assert fields("amount: {remove: true}") == (["name", "grade"], [])
    assert fields("amount: {remove: false}") == (["name", "amount", "grade"], [])
    assert fields("amuont: {remove: true}")[1] == [
        "1:3:11: nothing-to-remove there is no 'amuont' in a lower layer that could be removed"
        " (did you mean 'amount'?)"
    ]


def test_remove_and_return() -> None:
    """What one layer removes, the next may define anew, from nothing."""
    node, problems = over(
        "object: order\nfields: {amount: {remove: true}}\n",
        "object: order\nfields: {amount: {type: text}}\n",
    )
    assert problems == []
    assert node.get("fields").plain("amount") == {"type": "text"}


def test_remove_whole() -> None:
    """A whole definition is removed by the same word."""
    assert over("object: order\nremove: true\n") == (None, [])
    assert over(base="object: order\nremove: true\n")[1] == [
        "0:1:1: nothing-to-remove there is no 'order' in a lower layer that could be removed"
    ]


def test_place() -> None:
    """After or before another one; several after the same keep their order; old ones may move."""
    assert fields("a: {after: name}\n  b: {after: name}")[0] == [
        "name", "a", "b", "amount", "grade",
    ]  # fmt: skip
    assert fields("a: {before: amount}\n  b: {before: amount}")[0] == [
        "name", "a", "b", "amount", "grade",
    ]  # fmt: skip
    assert fields("grade: {before: name}")[0] == ["grade", "name", "amount"]
    assert fields("a: {after: b}\n  b: {after: name}")[0] == ["name", "b", "amount", "grade", "a"]
    assert fields("a: {after: nmae}")[1] == [
        "1:3:14: no-anchor there is no 'nmae' here to be placed after (did you mean 'name'?)"
    ]
    assert fields("a: {after: a}")[1] != []


def test_marks_leave_no_trace() -> None:
    """`after`, `before` and `remove` are instructions, not part of the definition."""
    node, _ = over("object: order\nfields: {a: {type: text, after: name, remove: false}}\n")
    assert node.get("fields").plain("a") == {"type": "text"}


def test_a_rename_below_is_followed() -> None:
    """An overlay that still uses the old name means the same thing; so do its anchors and marks."""
    base = BASE.replace("amount: {type", "total: {was: amount, type")
    overlay = """\
object: order
fields:
  amount: {required: true}
  tax: {type: money, after: amount}
  grade: {options: {c: {remove: true}}}
"""
    node, problems = over(overlay, base=base)
    assert problems == []
    plain = node.get("fields").to_plain()
    assert list(plain) == ["name", "total", "tax", "grade"]
    assert plain["total"] == {
        "was": "amount", "type": "money", "label": "Amount", "required": True,
    }  # fmt: skip
    node, problems = over("object: order\nfields: {amount: {remove: true}}\n", base=base)
    assert problems == [] and list(node.get("fields").to_plain()) == ["name", "grade"]


def test_a_renamed_definition_is_followed() -> None:
    """A file under the old name lies over the renamed definition."""
    schemas = {"object": prepared("object.schema.json")}
    below = {"object": {"deal": tree(BASE.replace("order", "deal") + "was: order\n", "0")}}
    above = {"object": {"order": tree("object: order\nfields: {name: {required: false}}\n", "1")}}
    problems: list[Any] = []
    merged = merge_trees([below, above], schemas, problems)["object"]
    assert problems == [] and list(merged) == ["deal"]
    plain = merged["deal"].to_plain()
    assert plain["object"] == "deal" and plain["fields"]["name"]["required"] is False
