"""Laws of merging, for trees of any size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.definition.tree import Node
from engine.loading.merging import merge
from engine.problems import Place

SCHEMA: dict[str, Any] = {"properties": {}}
KEYS = st.sampled_from("abcde")
LEAVES = st.one_of(
    st.integers(0, 9), st.text("xyz", max_size=3), st.booleans(), st.lists(st.integers(0, 3))
)


def trees(depth: int = 3) -> st.SearchStrategy[Any]:
    """Nested maps in which a key is a map on even depths for "a", "b" and a leaf for others.

    Maps meet maps only, since a change of shape is a problem.
    """
    if depth == 0:
        return st.dictionaries(st.sampled_from("cde"), LEAVES, max_size=3)
    inner = st.dictionaries(st.sampled_from("ab"), trees(depth - 1), max_size=2)
    return st.builds(
        lambda maps, leaves: {**leaves, **maps},
        inner,
        st.dictionaries(st.sampled_from("cde"), LEAVES, max_size=3),
    )


def node(value: Any, layer: str, path: tuple[str, ...] = ()) -> Node:
    """The tree of a plain value, every place naming the layer and the path."""
    place = Place(f"{layer}/{'/'.join(path)}")
    if isinstance(value, dict):
        made: Any = {key: node(child, layer, (*path, key)) for key, child in value.items()}
    elif isinstance(value, list):
        made = tuple(node(child, layer, (*path, str(i))) for i, child in enumerate(value))
    else:
        made = value
    return Node(made, place, None, (place,))


def merged(*layers: Node) -> Node:
    problems: list[Any] = []
    result: Node | None = None
    for layer in layers:
        result = merge(result, layer, SCHEMA, problems)
    assert problems == []
    assert result is not None
    return result


def leaves(tree: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
    if isinstance(tree.value, Mapping):
        for key, child in tree.items():
            yield from leaves(child, (*path, key))
    else:
        yield path, tree


def found(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return ...
        value = value[key]
    return value


@given(trees())
def test_empty_overlay(plain: Any) -> None:
    """An overlay that says nothing changes nothing, not even a place."""
    below = node(plain, "0")
    assert merged(below, node({}, "1")) == below


@given(trees())
def test_onto_nothing(plain: Any) -> None:
    """A layer over an empty one is itself."""
    assert merged(node({}, "0"), node(plain, "1")).to_plain() == plain


@given(trees())
def test_twice(plain: Any) -> None:
    """The same layer twice says the same."""
    assert merged(node(plain, "0"), node(plain, "1")).to_plain() == plain


@given(trees(), trees(), trees())
def test_associative(first: Any, second: Any, third: Any) -> None:
    """Three layers give the same whichever two are merged first, places included."""
    a, b, c = node(first, "0"), node(second, "1"), node(third, "2")
    left, right = merged(merged(a, b), c), merged(a, merged(b, c))
    assert left == right
    assert [n.layers for _, n in leaves(left)] == [n.layers for _, n in leaves(right)]


@given(st.lists(trees(), min_size=1, max_size=4))
def test_origin(plains: list[Any]) -> None:
    """Every value is that of the highest layer which has it, and says so."""
    result = merged(*(node(plain, str(i)) for i, plain in enumerate(plains)))
    for path, leaf in leaves(result):
        having = [i for i, plain in enumerate(plains) if found(plain, path) is not ...]
        assert leaf.to_plain() == found(plains[having[-1]], path)
        assert leaf.place == Place(f"{having[-1]}/{'/'.join(path)}")
        assert leaf.layers == tuple(Place(f"{i}/{'/'.join(path)}") for i in having)
