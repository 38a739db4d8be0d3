"""Definitions as JSON and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.definition.kinds import DefinitionKind
from engine.definition.tree import Node
from engine.loading import dump, load, restore
from engine.problems import Place, Refusal

WriteLayer = Callable[[str, Mapping[str, str]], Path]

PLACES = st.builds(Place, st.sampled_from(["a.yaml", "b.yaml"]), st.integers(1, 99))


def nodes(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Node]:
    return st.builds(
        lambda value, place, key, lower: Node(value, place, key, (*lower, place)),
        values,
        PLACES,
        st.none() | PLACES,
        st.lists(PLACES, max_size=2),
    )


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.decimals(allow_nan=False, allow_infinity=False)
)
TREES = st.recursive(
    nodes(LEAVES),
    lambda inner: nodes(
        st.dictionaries(st.text(max_size=4), inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=12,
)


def everything(node: Node) -> list[Any]:
    """The node with all that equality leaves out: order, layers, exact types."""
    value = node.value
    if isinstance(value, dict):
        inner: Any = [(key, everything(child)) for key, child in value.items()]
    elif isinstance(value, tuple):
        inner = [everything(child) for child in value]
    else:
        inner = repr(value)
    return [type(value), inner, node.place, node.key_place, node.layers]


@given(TREES)
def test_there_and_back(tree: Node) -> None:
    """Through real JSON, nothing is lost."""
    stored = json.loads(json.dumps(dump({"object": {"thing": tree}})))
    assert everything(restore(stored)["object"]["thing"]) == everything(tree)


def test_merged_layers(write_layer: WriteLayer, kinds: list[DefinitionKind]) -> None:
    """A merged definition keeps who set what."""
    base = write_layer(
        "base", {"site.yaml": "site: A\n", "objects/o.yaml": "object: o\nfields: {}\nicon: a\n"}
    )
    client = write_layer("client", {"objects/o.yaml": "object: o\nicon: b\n"})
    trees = load([base, client], kinds).trees
    again = restore(json.loads(json.dumps(dump(trees))))
    icon = again["object"]["o"].get("icon")
    assert icon is not None
    assert [str(place) for place in icon.layers] == [
        "base/objects/o.yaml:3:7",
        "client/objects/o.yaml:2:7",
    ]


def test_what_earlier_versions_stored() -> None:
    """One table of files for all definitions: it is read as well."""
    node = ["m", {"a": ["v", 1, [1, 2, 3], [0, 2, 1], [[0, 4, 5], [1, 2, 3]]]}, [0, 1, 1]]
    found = restore({"format": 1, "files": ["f", "g"], "definitions": {"object": {"thing": node}}})[
        "object"
    ]["thing"]
    child = found.get("a")
    assert found.place == Place("f", 1, 1) and child is not None
    assert (child.place, child.key_place) == (Place("g", 2, 3), Place("f", 2, 1))
    assert child.layers == (Place("f", 4, 5), Place("g", 2, 3))


def test_one_definition_does_not_change_the_text_of_another(
    write_layer: WriteLayer, kinds: list[DefinitionKind]
) -> None:
    """So that the next revision can tell what has changed without reading it."""
    files = {"site.yaml": "site: A\n", "objects/o.yaml": "object: o\nfields: {}\n"}
    before = dump(load([write_layer("one", files)], kinds).trees)["definitions"]
    more = files | {"objects/a.yaml": "object: a\nfields: {}\n"}
    after = dump(load([write_layer("one", more)], kinds).trees)["definitions"]
    assert before["object"]["o"] == after["object"]["o"] and "a" in after["object"]


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"format": 2},
        {"format": 3, "definitions": {}},
        {"format": 2, "definitions": {"object": {"a": '[["f"],["x",1,[0,1,1]]]'}}},
        {"format": 2, "definitions": {"object": {"a": "["}}},
        {"format": 2, "definitions": {"object": {"a": ["v", 1, [0, 1, 1]]}}},
        {"format": 1, "files": [], "definitions": {"object": {"a": ["v", 1, [0, 1, 1]]}}},
        {"format": 1, "files": ["f"], "definitions": {"object": {"a": ["x", 1, [0, 1, 1]]}}},
        {"format": 1, "files": ["f"], "definitions": {"object": {"a": ["d", "?", [0, 1, 1]]}}},
        {"format": 1, "files": ["f"], "definitions": {"object": {"a": ["m", 3, [0, 1, 1]]}}},
        {"format": 1, "files": ["f"], "definitions": {"object": {"a": ["v", 1.5, [0, 1, 1]]}}},
        {"format": 1, "files": ["f"], "definitions": {"object": {"a": []}}},
    ],
)
def test_damaged(data: Any) -> None:
    """What was not written by us is refused, never half-read."""
    with pytest.raises(Refusal) as caught:
        restore(data)
    assert caught.value.problems[0].code == "unreadable-revision"
