"""Indexes derived from what is declared (rule 25).

1. Each unique rule gives a unique index on live rows, over folded text where there is some.
2. Each declared list gives one: its equality columns, then the sort keys, then owner and id.
3. Each link gives one, for related lists and refusals of deletion, unless an index starts so.
Indexes whose columns start another one are left out; a table gets at most `MOST` of them, lists
first come first served; what remains is named as unserved.
"""

from __future__ import annotations

from dataclasses import dataclass

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


def derived_indexes(definition: Object, table: sa.Table, unserved: list[Unserved]) -> None:
    """Adds the object's indexes to its table."""
    live = table.c.deleted_on.is_(None)
    for unique in _unique_columns(definition):
        _index("uq", table, unique, live, unique=True)
    chosen: list[tuple[str, ...]] = []
    if definition.parent:
        chosen.append((definition.fields[definition.parent].column, "position"))
    for view in definition.views.values():
        columns = _view_columns(definition, view, table)
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
    for columns in _without_prefixes(chosen):
        _index("ix", table, columns, live)
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


def _view_columns(definition: Object, view: ListView, table: sa.Table) -> tuple[str, ...] | None:
    names = [*view.equal, *(name.lstrip("-") for name in view.sort)]
    fields = [definition.fields.get(name) for name in names]
    if not fields or any(field is None or not field.stored for field in fields):
        return None
    columns = [f.column for f in fields[: len(view.equal)] if f]
    for field in fields[len(view.equal) :]:
        assert field is not None
        sorted_text = f"{field.column}__s"
        columns.append(sorted_text if sorted_text in table.c else field.folded or field.column)
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


def _index(
    prefix: str,
    table: sa.Table,
    columns: tuple[str, ...],
    live: sa.ColumnElement[bool],
    unique: bool = False,
) -> None:
    sa.Index(
        derived_name(prefix, table.name, *columns),
        *(table.c[name] for name in columns),
        unique=unique,
        postgresql_where=live,
        sqlite_where=live,
    )
