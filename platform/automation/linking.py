"""The links that expressions go along, so that linked records are fetched for many at once."""

from __future__ import annotations

from collections.abc import Iterable

from engine.definition.catalog import Catalog
from engine.definition.objects import Object
from engine.definition.paths import paths
from engine.expressions import Expression
from engine.fieldtypes.link import Link


def link_paths(
    catalog: Catalog, definition: Object, expressions: Iterable[Expression]
) -> tuple[tuple[str, ...], ...]:
    """The links that expressions about records of `definition` go along, shortest first."""
    found = {
        steps
        for expression in expressions
        for path in paths(expression.source)
        if (steps := _links(catalog, definition, path))
    }
    return tuple(sorted(found, key=lambda steps: (len(steps), steps)))


def _links(catalog: Catalog, definition: Object, path: tuple[str, ...]) -> tuple[str, ...]:
    """The links that a path begins with, as far as something of the linked record is read."""
    steps: list[str] = []
    for step in path[:-1]:
        field = definition.fields.get(step)
        if field is None or not isinstance(field.type, Link):
            break
        steps.append(step)
        definition = catalog.objects[field.type.to]
    return tuple(steps)
