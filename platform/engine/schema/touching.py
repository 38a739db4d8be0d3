"""Which records others write while a backfill is under way: told by triggers, missing none.

1. Each table that the backfill reads gets a trigger. Whoever inserts, changes or deletes a row
   leaves its id in `fw_touched`, in the same transaction, by whatever way it writes. Nothing is
   compared with a highest id or a time, so a transaction that commits late is not lost (rule 16).
2. A row that leaves what it belonged to (a line that moves to another order) leaves the id of
   that one as well. Of many links, both ends of the row in the join table are left.
3. The triggers fire for the columns that there were before. What the backfill itself writes is
   not among those.
4. Rows are only ever appended, so writers never wait for one another because of it. Whoever
   reads them deletes exactly those that it has read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from engine.expressions.joined_sql import FROM, TO
from engine.schema.backfill_tables import TOUCHED

PREFIX = "fw_touch_"
MOST = 2_000
"""Rows that are read at a time."""
_EVENTS = ("insert", "update", "delete")


@dataclass(frozen=True, slots=True)
class Watched:
    """A table whose rows are watched.

    `columns` are those whose change counts. `above` are columns that name a record of another
    table, to be told of as well when the row leaves it: each with that table. `keyed` is false
    for join tables, whose rows have no id of their own.
    """

    table: str
    columns: tuple[str, ...]
    above: tuple[tuple[str, str], ...] = ()
    keyed: bool = True


def watched_join(table: sa.Table) -> Watched:
    """What watches a join table: both of its ends."""
    ends = tuple(
        (name, next(iter(table.c[name].foreign_keys)).column.table.name) for name in (FROM, TO)
    )
    return Watched(table.name, (FROM, TO), ends, keyed=False)


def watch(one: Watched, dialect: sa.Dialect) -> list[str]:
    """The statements that begin to watch a table, whether or not it is watched already."""
    made = unwatch(one.table, dialect)
    if dialect.name == "sqlite":
        return [*made, *(_sqlite_trigger(one, event, dialect) for event in _EVENTS)]
    quote = dialect.identifier_preparer.quote
    name = quote(PREFIX + one.table)
    columns = ", ".join(quote(column) for column in one.columns)
    body = "\n".join(
        f"IF TG_OP = '{event.upper()}' THEN {_noted(one, event, dialect)} END IF;"
        for event in _EVENTS
    )
    return [
        *made,
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$BEGIN {body} RETURN NULL; END$$",
        f"CREATE TRIGGER {name} AFTER INSERT OR DELETE OR UPDATE OF {columns}"
        f" ON {quote(one.table)} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]


def unwatch(table: str, dialect: sa.Dialect) -> list[str]:
    """The statements that end watching a table, if it is watched at all."""
    quote = dialect.identifier_preparer.quote
    if dialect.name == "sqlite":
        names = (quote(f"{PREFIX}{table}_{event}") for event in _EVENTS)
        return [f"DROP TRIGGER IF EXISTS {name}" for name in names]
    name = quote(PREFIX + table)
    return [
        f"DROP TRIGGER IF EXISTS {name} ON {quote(table)}",
        f"DROP FUNCTION IF EXISTS {name}()",
    ]


def _sqlite_trigger(one: Watched, event: str, dialect: sa.Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    columns = ", ".join(quote(column) for column in one.columns)
    of = f" OF {columns}" if event == "update" else ""
    return (
        f"CREATE TRIGGER {quote(f'{PREFIX}{one.table}_{event}')} AFTER {event.upper()}{of}"
        f" ON {quote(one.table)} FOR EACH ROW BEGIN {_noted(one, event, dialect)} END"
    )


def _noted(one: Watched, event: str, dialect: sa.Dialect) -> str:
    """The statements that leave ids, of one event."""
    quote = dialect.identifier_preparer.quote
    into = f"INSERT INTO {TOUCHED} (object, record) "
    made = []
    if one.keyed:
        side = "OLD" if event == "delete" else "NEW"
        made.append(f"{into}VALUES ('{_text(one.table)}', {side}.id);")
    for column, table in one.above:
        name, said = quote(column), f"'{_text(table)}'"
        moved = "" if event == "delete" else f" AND OLD.{name} IS NOT NEW.{name}"
        if dialect.name == "postgresql":
            moved = moved.replace("IS NOT NEW", "IS DISTINCT FROM NEW")
        if event != "insert":
            made.append(f"{into}SELECT {said}, OLD.{name} WHERE OLD.{name} IS NOT NULL{moved};")
        if event != "delete" and not one.keyed:
            made.append(f"{into}SELECT {said}, NEW.{name} WHERE NEW.{name} IS NOT NULL;")
    return " ".join(made)


def _text(name: str) -> str:
    return name.replace("'", "''")


def watching(connection: sa.Connection) -> list[str]:
    """The tables that are watched now."""
    if connection.dialect.name == "sqlite":
        sql = "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE ?"
    else:
        sql = (
            "SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE t.tgname LIKE %s AND c.relnamespace = current_schema()::regnamespace"
        )
    return list(connection.exec_driver_sql(sql, (f"{PREFIX}%",)).scalars())


def take_touched(connection: sa.Connection, most: int = MOST) -> dict[str, set[int]]:
    """Records that were written, by their table; they are read, and gone from the list, with the
    transaction's end. Empty when none are left."""
    table = _TOUCHED
    first = sa.select(table.c.id, table.c.object, table.c.record).order_by(table.c.id).limit(most)
    found: dict[str, set[int]] = defaultdict(set)
    ids = []
    for id, object, record in connection.execute(first):
        ids.append(id)
        found[object].add(record)
    if ids:
        connection.execute(sa.delete(table).where(table.c.id.in_(ids)))
    return found


def forget_touched(connection: sa.Connection) -> None:
    """Removes all that was noted."""
    connection.execute(sa.delete(_TOUCHED))


def note_touched(connection: sa.Connection, table: str, record: int) -> None:
    """Notes a record as the triggers do."""
    connection.execute(sa.insert(_TOUCHED).values(object=table, record=record))


def waiting(connection: sa.Connection, most: int) -> int:
    """How many records wait to be looked at again, counted up to `most`."""
    some = sa.select(_TOUCHED.c.id).limit(most).subquery()
    return connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def backlog(connection: sa.Connection) -> int:
    """About how many records wait, known at once however many they are."""
    first, last = sa.func.min(_TOUCHED.c.id), sa.func.max(_TOUCHED.c.id)
    return connection.scalar(sa.select(last - first + 1)) or 0


def watches(
    columns: Mapping[str, Collection[str]],
    above: Iterable[tuple[str, str, str]],
    joins: Iterable[sa.Table],
) -> list[Watched]:
    """What is to be watched: tables with their columns, what they hang on (table, column and
    table above), and join tables."""
    hanging: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for table, column, target in above:
        hanging[table].add((column, target))
    return [
        *(
            Watched(name, tuple(sorted(found)), tuple(sorted(hanging[name])))
            for name, found in sorted(columns.items())
        ),
        *(watched_join(join) for join in sorted(joins, key=lambda join: join.name)),
    ]


_TOUCHED = sa.table(
    TOUCHED, sa.column("id", sa.BigInteger), sa.column("object"), sa.column("record")
)
