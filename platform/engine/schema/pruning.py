"""What is parked in a database, and really dropping it.

A field or object that is gone keeps its column or table, hidden, so that it can come back and a
rollback finds it; so does the column that a field had before its type changed. Nothing of that
ends by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from engine.definition.joining import join_name
from engine.problems import Message
from engine.schema.converting import PARKED, PENDING
from engine.schema.differences import Plain
from engine.schema.engines import Databases
from engine.schema.state import Key, Keys, Name, read_keys, write_keys
from engine.schema.structure import Structure, read_structure
from engine.schema.tables import Tables

_BESIDE = ("__f", "__s", "__p")
_LOCK_MILLISECONDS = 1_000

NEEDED = Message(
    "parked-needed",
    en="{what} is part of revision {revision}, the one before the present: going back needs it",
    zh="{what} 属于当前版本之前的版本 {revision}，回退时需要它",
    hint_en="prune it after the next revision, or add --force",
    hint_zh="请在下一个版本之后再清除，或加上 --force",
)
NOT_PARKED = Message(
    "not-parked",
    en="nothing parked is called {name!r}",
    zh="没有名为 {name!r} 的停用数据",
    hint_en="`formwright prune` lists what is parked",
    hint_zh="`formwright prune` 可列出停用的数据",
)


@dataclass(frozen=True, kw_only=True)
class Parked:
    """One parked thing: a column with what stands beside it, a join table, or a whole table.

    `name` is what it was called: `object`, `object.field`, or `object.field~column` for the
    column before a change of type, or before its values were written anew. `rows` hold something.
    `since` is when the first revision without it was applied; `last` the latest revision with it,
    unless that computes it anyway (`computed`).
    """

    name: str
    table: str
    columns: tuple[str, ...] = ()
    keys: tuple[Name, ...] = ()
    rows: int = 0
    since: dt.datetime | None = None
    last: int | None = None
    computed: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier revision, the newest first: its number, its time, what it defined, and on which
    keys (None: it does not say)."""

    id: int
    at: dt.datetime
    definitions: Plain
    keys: Keys | None = None


def parked(connection: sa.Connection, tables: Tables, past: Sequence[Past]) -> list[Parked]:
    """Everything that is parked, by name. `past` are the revisions, that in force first."""
    structure, keys = read_structure(connection), read_keys(connection)
    used = {o.table: o.name for o in tables.catalog.objects.values() if not o.is_view}
    found: list[Parked] = []
    for (kind, _, name), key in keys.items():
        if kind == "object" and key.key in structure.tables and key.key not in used:
            mine = tuple(n for n in keys if n[1] == key.key or n[:2] == ("option", key.key))
            found.append(Parked(name=name, table=key.key, keys=(("object", "", name), *mine)))
    for table, object in used.items():
        found += _columns(structure, tables, keys, table, object)
        found += _joins(structure, tables, keys, table, object)
    counted = [_counted(connection, one) for one in found]
    return sorted((_dated(one, past) for one in counted), key=lambda one: one.name)


def _columns(
    structure: Structure, tables: Tables, keys: dict[Name, Key], table: str, object: str
) -> Iterator[Parked]:
    if table not in structure.tables:
        return
    wanted = {column.name for column in tables.by_object[object].c}
    extra = structure.tables[table].columns - wanted
    names = {key.key: n for n, key in keys.items() if n[:2] == ("field", table)}
    for column in sorted(extra):
        if column.endswith(_BESIDE) and column[:-3] in extra | wanted:
            continue
        name = names.get(column)
        called = (name[2] if name else column).partition(PENDING)[0]
        beside = tuple(f"{column}{end}" for end in _BESIDE if f"{column}{end}" in extra)
        yield Parked(
            name=f"{object}.{called}",
            table=table,
            columns=(column, *beside),
            keys=(name,) if name else (),
        )


def _joins(
    structure: Structure, tables: Tables, keys: dict[Name, Key], table: str, object: str
) -> Iterator[Parked]:
    present = {field.column for field in tables.catalog.objects[object].many}
    for name, key in keys.items():
        if name[:2] != ("field", table) or not key.type.startswith("links:"):
            continue
        joined = join_name(table, key.key)
        if key.key not in present and joined in structure.tables:
            yield Parked(name=f"{object}.{name[2]}", table=joined, keys=(name,))


def _counted(connection: sa.Connection, one: Parked) -> Parked:
    query = sa.select(sa.func.count()).select_from(sa.table(one.table))
    if one.columns:
        query = query.where(sa.column(one.columns[0]).is_not(None))
    return replace(one, rows=connection.scalar(query) or 0)


def _dated(one: Parked, past: Sequence[Past]) -> Parked:
    since = None
    for revision in past:
        used = _used(revision, one)
        if used or _defines(revision.definitions, past[0].definitions, one.name):
            computed = "formula" in used or "rollup" in used
            return replace(one, since=since, last=revision.id, computed=computed)
        since = revision.at
    return replace(one, since=since)


def _used(revision: Past, one: Parked) -> Mapping[str, Any]:
    """How a revision defined the field whose column is parked now; empty where it did not."""
    keys, objects = revision.keys or {}, revision.definitions.get("object", {})
    for name, key in keys.items():
        if name[:2] == ("field", one.table) and key.key in one.columns:
            for object, owner in keys.items():
                if object[0] == "object" and owner.key == one.table:
                    fields: Mapping[str, Any] = (objects.get(object[2]) or {}).get("fields") or {}
                    if name[2] in fields:
                        return fields[name[2]] or {"type": ""}
    return {}


def _defines(definitions: Plain, present: Plain, name: str) -> bool:
    """Whether a revision used what is parked; what a type change parked, with its other type."""
    object, _, rest = name.partition(".")
    field, converted, _ = rest.partition(PARKED)
    found = definitions.get("object", {}).get(object)
    if found is None or not field:
        return found is not None
    fields = found.get("fields") or {}
    if not converted:
        return field in fields
    now = (present.get("object", {}).get(object, {}).get("fields") or {}).get(field) or {}
    return field in fields and fields[field].get("type") != now.get("type")


def drop(databases: Databases, chosen: Sequence[Parked]) -> None:
    """Drops what was chosen, fields before objects, in one transaction.

    SQLite cannot drop a column that links to another table; such a column is emptied.
    """
    with databases.writing() as connection:
        if databases.dialect == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}")
        for one in sorted(chosen, key=lambda one: "." not in one.name):
            _drop(connection, one)
        gone = {name for one in chosen for name in one.keys}
        keys = read_keys(connection)
        write_keys(connection, {name: key for name, key in keys.items() if name not in gone})


def _drop(connection: sa.Connection, one: Parked) -> None:
    quote = connection.dialect.identifier_preparer.quote
    table = quote(one.table)
    if not one.columns:
        cascade = " CASCADE" if connection.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TABLE {table}{cascade}")
        return
    linking = _linking(connection, one.table)
    for column in one.columns:
        if column in linking:
            connection.exec_driver_sql(f"UPDATE {table} SET {quote(column)} = NULL")
        else:
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {quote(column)}")


def _linking(connection: sa.Connection, table: str) -> set[str]:
    """The columns that SQLite cannot drop."""
    if connection.dialect.name != "sqlite":
        return set()
    keys = sa.inspect(connection).get_foreign_keys(table)
    return {column for key in keys for column in key["constrained_columns"]}
