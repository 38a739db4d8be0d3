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


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"format": 2},
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
