"""A merged definition, each value with who set it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.definition.kinds import DefinitionKind
from engine.loading import Loaded, load
from engine.loading.explaining import explain, yaml_text
from engine.loading.reading import read_text
from engine.problems import Refusal

WriteLayer = Callable[[str, Mapping[str, str]], Path]


@pytest.fixture
def loaded(write_layer: WriteLayer, kinds: list[DefinitionKind]) -> Loaded:
    """An object and a role of the same name, in two layers."""
    base = write_layer(
        "base",
        {
            "site.yaml": "site: Test\n",
            "objects/order.yaml": """\
                object: order
                search: [name, amount]
                fields:
                  name: {type: text, label: {en: Name, zh: 名称}}
                  amount:
                    type: money
                    min: 0
                    required_when: 'name == "a"'
                checks:
                  - that: amount > 0
                    say: "No: never."
                """,
            "roles/order.yaml": "role: order\n",
        },
    )
    client = write_layer(
        "client",
        {
            "objects/order.yaml": """\
                object: order
                search: [name]
                fields:
                  amount: {min: 1, label: Sum}
                  name: {label: {zh: 名}}
                """
        },
    )
    return load([base, client], kinds)


def test_whole(loaded: Loaded) -> None:
    """Everything, aligned, with what the lower layer said."""
    assert explain(loaded, "order").to_text() == (
        "object: order                     # client/objects/order.yaml:1,"
        " was order at base/objects/order.yaml:1\n"
        "search: [name]                    # client/objects/order.yaml:2,"
        " was [name, amount] at base/objects/order.yaml:2\n"
        "fields:\n"
        "  name:\n"
        "    type: text                    # base/objects/order.yaml:4\n"
        "    label:\n"
        "      en: Name                    # base/objects/order.yaml:4\n"
        "      zh: 名                      # client/objects/order.yaml:5,"
        " was 名称 at base/objects/order.yaml:4\n"
        "  amount:\n"
        "    type: money                   # base/objects/order.yaml:6\n"
        "    min: 1                        # client/objects/order.yaml:4,"
        " was 0 at base/objects/order.yaml:7\n"
        "    required_when: 'name == \"a\"'  # base/objects/order.yaml:8\n"
        "    label: Sum                    # client/objects/order.yaml:4\n"
        "checks:\n"
        "  - that: amount > 0              # base/objects/order.yaml:10\n"
        '    say: "No: never."             # base/objects/order.yaml:11'
    )


def test_text_is_yaml(loaded: Loaded) -> None:
    """The explanation itself can be read as a definition."""
    reading = read_text(explain(loaded, "order").to_text(), "f")
    assert reading.node is not None
    assert reading.node.to_plain() == loaded.trees["object"]["order"].to_plain()


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        ("order.amount.min", "min: 1  # client/objects/order.yaml:4, was 0 at"
         " base/objects/order.yaml:7"),
        ("order.fields.amount.label", "label: Sum  # client/objects/order.yaml:4"),
        ("order.checks.0.that", "that: amount > 0  # base/objects/order.yaml:10"),
        ("role:order", "role: order  # base/roles/order.yaml:1"),
        ("site", "site: Test  # base/site.yaml:1"),
        ("order.name.label", "label:\n  en: Name  # base/objects/order.yaml:4\n"
         "  zh: 名    # client/objects/order.yaml:5, was 名称 at base/objects/order.yaml:4"),
    ],
)  # fmt: skip
def test_part(loaded: Loaded, thing: str, text: str) -> None:
    """Fields need no `fields.` in front; kinds only where names clash."""
    assert explain(loaded, thing).to_text() == text


@pytest.mark.parametrize(
    ("thing", "problem"),
    [
        ("ordre", "unknown-thing nothing is called 'ordre' (did you mean 'order'?)"),
        ("role:boss", "unknown-thing nothing is called 'role:boss'"),
        ("", "unknown-thing nothing is called ''"),
        ("order.amuont", "unknown-part 'order' has nothing called 'amuont'"
         " (did you mean 'amount'?)"),
        ("order.amount.min.x", "unknown-part 'order.fields.amount.min' has nothing called 'x'"),
        ("order.checks.7", "unknown-part 'order' has nothing called 'checks'"),
    ],
)  # fmt: skip
def test_unknown(loaded: Loaded, thing: str, problem: str) -> None:
    """What is not there is refused with a suggestion."""
    with pytest.raises(Refusal) as caught:
        explain(loaded, thing)
    if thing == "order.checks.7":
        assert caught.value.problems[0].code == "unknown-part"
    else:
        assert str(caught.value) == problem


def test_json(loaded: Loaded) -> None:
    """The same for programs: one entry per value."""
    data = explain(loaded, "order.amount").to_json()
    assert (data["kind"], data["name"], data["path"]) == ("object", "order", ["fields", "amount"])
    assert data["values"][1] == {
        "path": ["min"],
        "value": 1,
        "file": "client/objects/order.yaml",
        "line": 4,
        "column": 17,
        "before": [{"value": 0, "file": "base/objects/order.yaml", "line": 7, "column": 10}],
    }


@given(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.decimals(-(10**9), 10**9, places=2)
    | st.text(max_size=12)
    | st.sampled_from(["a: b", "- a", "#", "a #b", "'", '"', "null", "1", "on", "a,b", "*", "{}"])
)
def test_values_read_back(value: Any) -> None:
    """Every value is printed such that it reads the same."""
    reading = read_text(f"key: [{yaml_text(value)}]\n", "f")
    problems = [problem.code for problem in reading.problems]
    if not problems:
        assert reading.node is not None
        found = reading.node.plain("key")[0]
        assert (found, type(found)) == (value, type(value))
    else:
        assert problems in (["control-character"], ["tab"])
