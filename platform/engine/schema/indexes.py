"""Indexes derived from what is declared (rule 25).

1. Each unique rule gives a unique index on live rows, over folded text where there is some.
2. Each declared list gives one: its equality columns, then the sort keys, then owner and id.
3. Each link gives one, for related lists and refusals of deletion, unless an index starts so.
Indexes whose columns start another one are left out; a table gets at most `MOST` of them, lists
first come first served; what remains is named as unserved.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from engine.definition.objects import Field, ListView, Object
from engine.schema.naming import derived_name

MOST = 8


@dataclass(frozen=True, slots=True)
class Unserved:
    """A declared list that has no index of its own, and why."""

    object: str
    view: str
    reason: str


class Indexed(NamedTuple):
    """An index over columns; of live rows, unless it is of `all`."""

    prefix: str
    columns: tuple[str, ...]
    all: bool = False


def derived_indexes(definition: Object, unserved: list[Unserved]) -> tuple[Indexed, ...]:
    """The indexes of the object's table; declared lists that get none are added to `unserved`."""
    found = [Indexed("uq", unique) for unique in _unique_columns(definition)]
    chosen: list[tuple[str, ...]] = []
    if definition.parent:
        chosen.append((definition.fields[definition.parent].column, "position"))
    for view in definition.views.values():
        columns = _view_columns(definition, view)
        if columns is None:
            unserved.append(Unserved(definition.name, view.name, "computed"))
        elif len(chosen) >= MOST:
            unserved.append(Unserved(definition.name, view.name, "limit"))
        else:
            chosen.append(columns)
    for field in definition.links:
        # who created or changed a record is asked of the audit, not of the table
        if field.name in ("created_by", "changed_by", "deleted_by") or len(chosen) >= MOST:
            continue
        if not any(columns[0] == field.column for columns in chosen):
            chosen.append((field.column, "id"))
    found += [Indexed("ix", columns) for columns in _without_prefixes(chosen)]
    if path := definition.path_column:  # not only of live rows: what is deleted moves along
        found.append(Indexed("ix", (path,), all=True))
    return tuple(found)


def add_indexes(table: sa.Table, indexes: Collection[Indexed]) -> None:
    """Adds indexes to their table, and that of the search grams where it has some."""
    live = table.c.deleted_on.is_(None)
    for one in indexes:
        name = derived_name(one.prefix, table.name, *one.columns)
        columns = [table.c[column] for column in one.columns]
        where: dict[str, Any] = {} if one.all else {"postgresql_where": live, "sqlite_where": live}
        sa.Index(name, *columns, unique=one.prefix == "uq", **where)
    if "grams" in table.c:
        sa.Index(
            derived_name("gin", table.name, "grams"), table.c.grams, postgresql_using="gin"
        ).ddl_if(dialect="postgresql")


def _unique_columns(definition: Object) -> list[tuple[str, ...]]:
    groups: list[tuple[str, ...]] = [
        (f.name,) for f in definition.fields.values() if f.unique and f.stored
    ]
    groups += [names for names in definition.unique if all(n in definition.fields for n in names)]
    return [tuple(_key_column(definition.fields[n]) for n in names) for names in groups]


def _key_column(field: Field) -> str:
    return field.folded or field.column


def _view_columns(definition: Object, view: ListView) -> tuple[str, ...] | None:
    names = [*view.equal, *(name.lstrip("-") for name in view.sort)]
    fields = [definition.fields.get(name) for name in names]
    if not fields or any(field is None or not field.stored for field in fields):
        return None
    columns = [f.column for f in fields[: len(view.equal)] if f]
    for field in fields[len(view.equal) :]:
        assert field is not None
        sorted_text = has_sort_column(definition, field)
        columns.append(f"{field.column}__s" if sorted_text else field.folded or field.column)
    if "owner" in definition.fields and "owner" not in names:
        columns.append(definition.fields["owner"].column)
    return tuple(dict.fromkeys([*columns, "id"]))


def _without_prefixes(chosen: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    distinct = list(dict.fromkeys(chosen))
    return [
        columns
        for columns in distinct
        if not any(
            other != columns and other[: len(columns) - 1] == columns[:-1] and columns[-1] == "id"
            for other in distinct
        )
    ]


def has_sort_column(definition: Object, field: Field) -> bool:
    """Whether a sort key stands beside the field: beside a title that is a text."""
    return field.name == definition.title and field.type.textual and field.name != "number"
