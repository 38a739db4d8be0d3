"""Computing new columns of records that are there already, while a revision is published.

1. Objects whose records others sum up come before those others.
2. Rollups are taken over all children anew, formulas computed from the row, and what follows
   further up moves by difference, as in the gate.
3. Folded texts, sort keys and search grams are written from the texts that they belong to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

from assembly.application import Clock
from engine.permissions.actors import SYSTEM
from engine.records.gate import Gate
from engine.records.rollups import Keeper, computed_anew
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.records.values import as_stored
from engine.records.writing import update_rows
from engine.schema.engines import Databases
from engine.schema.planning import Fill, Filling
from engine.schema.tables import Tables

CHUNK = 1_000
"""Records held in memory at a time."""
_OTHER = object()


def filler(databases: Databases, clock: Clock) -> Filling:
    """What computes columns in the publishing transaction (`engine.schema.applying`)."""

    def fill(connection: sa.Connection, tables: Tables, fills: Sequence[Fill]) -> None:
        if not fills:
            return
        # it writes for the revision that is only about to be current, so it passes no fence
        gate = Gate(tables.catalog, tables, databases, 0, clock)
        tx = Transaction(gate, connection, SYSTEM, cause="apply")
        for name in _children_first({f.object for f in fills}, gate):
            _fill_object(tx, name, [f for f in fills if f.object == name])

    return fill


def _children_first(objects: Iterable[str], gate: Gate) -> Iterator[str]:
    """The objects, each after those of them whose records it aggregates."""
    wanted, done = sorted(objects), set[str]()

    def visit(name: str) -> Iterator[str]:
        if name in done:
            return
        done.add(name)
        for child, keepers in gate.keepers.items():
            if any(keeper.object == name for keeper in keepers):
                yield from visit(child)
        if name in wanted:
            yield name

    for name in wanted:
        yield from visit(name)


def _fill_object(tx: Transaction, name: str, fills: list[Fill]) -> None:
    definition, table = tx.catalog.objects[name], tx.tables.table(name)
    names = {f.field for f in fills if f.field}
    if any(not f.field for f in fills):
        names |= {n for n in definition.search if n in definition.fields}
    keepers = [
        keeper
        for kept in tx.gate.keepers.values()
        for keeper in kept
        if keeper.object == name and keeper.field.name in names
    ]
    last = 0
    while ids := _next(tx, table, last):
        last = ids[-1]
        _fill_rows(tx, name, ids, names, keepers)
        tx.forget(name)


def _next(tx: Transaction, table: sa.Table, last: int) -> list[int]:
    query = sa.select(table.c.id).where(table.c.id > last).order_by(table.c.id).limit(CHUNK)
    return list(tx.connection.scalars(query))


def _fill_rows(
    tx: Transaction, name: str, ids: list[int], names: set[str], keepers: list[Keeper]
) -> None:
    rows = tx.fetch(name, ids)
    before: dict[int, Row] = {id: dict(rows[id]) for id in ids}
    after: dict[int, Row] = {id: dict(rows[id]) for id in ids}
    for keeper in keepers:
        for id, value in computed_anew(tx, keeper, ids).items():
            after[id][keeper.field.name] = as_stored(keeper.field, value)
    tx.gate.write_derived(tx, tx.catalog.objects[name], before, after)
    # an image that differs makes the columns beside a text be written, whatever the text is
    beside = dict.fromkeys(names, _OTHER)
    update_rows(tx, tx.shape(name), [({**after[id], **beside}, after[id]) for id in ids])
