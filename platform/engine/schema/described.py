"""What the tables of objects follow from, as plain values: equal ones make the same table.

So the next revision can take the tables that are described alike from the one before.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.link import Link
from engine.schema.indexes import Indexed, Unserved, derived_indexes, has_sort_column


class Described(NamedTuple):
    """A column of a field, or several: all that they follow from.

    `target` is the table that a link leads to; `paths` and `sorted` tell whether the path of a
    tree and a sort key stand beside it.
    """

    name: str
    type: FieldType | None
    folded: str
    target: str
    paths: str
    sorted: bool


class Description(NamedTuple):
    """All that an object's table follows from: equal descriptions make the same table."""

    name: str
    columns: tuple[Described, ...]
    line: bool
    searched: bool
    indexes: tuple[Indexed, ...]
    in_database: bool


def descriptions(catalog: Catalog) -> tuple[dict[str, Description], tuple[Unserved, ...]]:
    """What each object's table is made of; declared lists without an index."""
    unserved: list[Unserved] = []
    objects = catalog.objects
    return {name: _described(o, catalog, unserved) for name, o in objects.items()}, tuple(unserved)


def _described(definition: Object, catalog: Catalog, unserved: list[Unserved]) -> Description:
    if definition.is_view:
        columns = tuple(
            Described(f.column, f.type, "", "", "", False) for f in definition.stored_fields
        )
        return Description(definition.table, columns, False, False, (), False)
    columns = tuple(_column(definition, field, catalog) for field in definition.stored_fields)
    indexes = derived_indexes(definition, unserved)
    searched = bool(definition.search) and not definition.parent
    line = bool(definition.parent)
    return Description(definition.table, columns, line, searched, indexes, True)


def _column(definition: Object, field: Field, catalog: Catalog) -> Described:
    type_ = field.type
    if field.name == "id":
        return Described("id", None, "", "", "", False)
    return Described(
        field.column,
        type_,
        field.folded,
        catalog.objects[type_.to].table if isinstance(type_, Link) else "",
        definition.path_column if field.name == definition.tree else "",
        has_sort_column(definition, field),
    )
