"""Finding the records that depend on changed ones: the way that they read, gone backwards.

The last step of a way starts from the changed rows as they were and as they are, so that a child
that moved finds both of its parents. The steps before it are one statement of nested conditions,
read in chunks in the order of ids, whatever the number of dependents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.definition.dependencies import DELETED, Edge, Key, Path, Read, Step
from engine.expressions.among import among_ids
from engine.expressions.joined_sql import FROM, TO
from engine.records.holding import ids_named
from engine.records.prepared import Prepared
from engine.records.shapes import Row
from engine.records.transaction import CHUNK, Transaction

Pair = tuple[Row | None, Row | None]
"""A row before and after a change; None where it was not there."""


def differs(pair: Pair, fields: Iterable[str]) -> bool:
    """Whether the change touches one of these fields, or the existence of the row."""
    before, after = pair
    if before is None or after is None or before.get(DELETED) != after.get(DELETED):
        return True
    return any(before.get(name) != after.get(name) for name in fields)


def dependents(tx: Transaction, edge: Edge, pairs: Sequence[Pair]) -> Iterator[list[int]]:
    """The ids of the live records that read these rows by the way of the edge, in chunks."""
    seeds: dict[int, set[int]] = {}
    ids = {row["id"] for pair in pairs for row in pair if row is not None}
    if not edge.path:
        seeds[0] = ids
    else:
        last, depth = edge.path[-1], len(edge.path)
        if last.via:
            named = {
                id
                for pair in pairs
                for row in pair
                if row is not None
                for id in ids_named(row.get(last.via))
            }
            seeds[depth - 1] = named
        if not last.via or last.join:
            seeds[depth] = ids
    for level, found in seeds.items():
        if found:
            yield from leading_to(tx, edge.object, edge.path[:level], sorted(found))


def leading_to(tx: Transaction, object: str, path: Path, seeds: list[int]) -> Iterator[list[int]]:
    """The ids of the live records of `object` from which the path leads to `seeds`, in chunks."""
    key = ("dependents", object, path)
    statement = tx.gate.statements.once(key, lambda: _statement(tx, object, path))
    for start in range(0, len(seeds), CHUNK):
        last, known = 0, {"ids": seeds[start : start + CHUNK]}
        while True:
            rows = statement.rows(tx.connection, known | {"last_": last, "most_": CHUNK})
            if rows:
                yield [row[0] for row in rows]
            if len(rows) < CHUNK:
                break
            last = rows[-1][0]


@dataclass(frozen=True)
class Changed:
    """What has changed: by object the records that were touched, which may differ in any field; by
    field (object, field) those that were computed anew."""

    touched: Mapping[str, Collection[int]]
    values: dict[Key, set[int]] = field(default_factory=lambda: defaultdict(set))

    def of(self, object: str, fields: Iterable[str]) -> set[int]:
        """The records of the object that may have changed in one of these fields."""
        found = set(self.touched.get(object, ()))
        for name in fields:
            found |= self.values.get((object, name), set())
        return found


def reading(
    tx: Transaction, object: str, fields: Iterable[str], reads: Iterable[Read], changed: Changed
) -> set[int]:
    """The ids of the records of `object` whose `fields` have changed, or follow by `reads` from
    what has, wherever on the way it stands; of other objects' changes only live records follow."""
    found = changed.of(object, fields)
    seeds: dict[Path, set[int]] = defaultdict(set)
    for read in reads:
        path = read.path
        found |= changed.of(object, [path[0].member if path else read.field])
        for level, step in enumerate(path, 1):
            named = path[level].member if level < len(path) else read.field
            seeds[path[:level]] |= changed.of(step.target, [named, step.via])
    for path, ids in seeds.items():
        for some in leading_to(tx, object, path, sorted(ids)):
            found.update(some)
    return found


def _statement(tx: Transaction, object: str, path: Sequence[Step]) -> Prepared:
    table = tx.tables.table(object).alias()
    condition = _leads(tx, table, path)
    statement = (
        sa.select(table.c.id)
        .where(condition, table.c[DELETED].is_(None))
        .where(table.c.id > sa.bindparam("last_", type_=table.c.id.type))
        .order_by(table.c.id)
        .limit(sa.bindparam("most_", type_=sa.Integer()))
    )
    return tx.gate.statements.prepared(statement)


def _leads(tx: Transaction, source: sa.FromClause, path: Sequence[Step]) -> Any:
    """Whether the path leads from a row of `source` to one of the records `ids`."""
    if not path:
        return among_ids(source.c.id, "ids", tx.dialect)
    step, rest = path[0], path[1:]
    if step.is_link:
        link = source.c[tx.catalog.objects[step.object].fields[step.member].column]
        if not rest:
            return among_ids(link, "ids", tx.dialect)
        target = tx.tables.table(step.target).alias()
        return link.in_(sa.select(target.c.id).where(_leads(tx, target, rest)))
    if step.join:
        return _joined(tx, source, step, rest)
    child = tx.tables.table(step.target).alias()
    back = child.c[tx.catalog.objects[step.target].fields[step.via].column]
    return source.c.id.in_(sa.select(back).where(_leads(tx, child, rest)))


def _joined(tx: Transaction, source: sa.FromClause, step: Step, rest: Sequence[Step]) -> Any:
    join = tx.tables.joins[step.join].alias()
    here, there = (TO, FROM) if step.via else (FROM, TO)
    target = tx.tables.table(step.target).alias()
    inner: Any = sa.select(join.c[here])
    if not rest:
        inner = inner.where(among_ids(join.c[there], "ids", tx.dialect))
    else:
        reached = sa.select(target.c.id).where(_leads(tx, target, rest))
        inner = inner.where(join.c[there].in_(reached))
    return source.c.id.in_(inner)
