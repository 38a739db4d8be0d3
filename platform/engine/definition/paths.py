"""What an expression's text reads, as paths of names, and how an aggregate is taken apart.

Works on the standard library's syntax tree of an expression that has already been compiled, so
it never meets invalid input.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass


def paths(source: str) -> frozenset[tuple[str, ...]]:
    """Every name path in the expression: `a + customer.region` reads (a,) and (customer, region).

    Function names are left out; a generator's variable is replaced by what it runs over.
    """
    found: set[tuple[str, ...]] = set()
    _collect(ast.parse(source.strip(), mode="eval").body, {}, found)
    return frozenset(found)


def has_aggregate(source: str) -> bool:
    """Whether the expression aggregates over lines or related records."""
    return any(
        isinstance(n, ast.GeneratorExp) for n in ast.walk(ast.parse(source.strip(), mode="eval"))
    )


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The parts of `function(value for variable in collection if condition)`, as text."""

    function: str
    value: str
    variable: str
    collection: tuple[str, ...]
    condition: str


def aggregate(source: str) -> Aggregate | None:
    """The parts of an expression that is one aggregate, or None for any other expression."""
    text = source.strip()
    call = ast.parse(text, mode="eval").body
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and len(call.args) == 1):
        return None
    generator = call.args[0]
    if not isinstance(generator, ast.GeneratorExp) or len(generator.generators) != 1:
        return None
    loop = generator.generators[0]
    collection = _path(loop.iter)
    if not isinstance(loop.target, ast.Name) or collection is None:
        return None
    conditions = [f"({ast.get_source_segment(text, part)})" for part in loop.ifs]
    return Aggregate(
        function=call.func.id,
        value=ast.get_source_segment(text, generator.elt) or "",
        variable=loop.target.id,
        collection=collection,
        condition=" and ".join(conditions),
    )


def _collect(node: ast.AST, bound: dict[str, tuple[str, ...]], found: set[tuple[str, ...]]) -> None:
    path = _path(node)
    if path is not None:
        found.add(bound.get(path[0], path[:1]) + path[1:])
        return
    if isinstance(node, ast.GeneratorExp):
        inner = dict(bound)
        for loop in node.generators:
            _collect(loop.iter, inner, found)
            over = _path(loop.iter)
            if isinstance(loop.target, ast.Name) and over:
                inner[loop.target.id] = inner.get(over[0], over[:1]) + over[1:]
            for condition in loop.ifs:
                _collect(condition, inner, found)
        _collect(node.elt, inner, found)
        return
    children = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    for child in children:
        _collect(child, bound, found)


def _path(node: ast.AST) -> tuple[str, ...] | None:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return (node.id, *reversed(names))
