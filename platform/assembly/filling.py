"""Computing new columns of records that are there already, while a revision is published.

1. Objects whose records others sum up come before those others.
2. Rollups are taken over all children anew, those over what is computed here too; formulas are
   computed from the row.
3. Folded texts, sort keys and search grams are written from the texts that they belong to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

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
from engine.schema.tables import Tables
from engine.schema.targets import Fill, Filling

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
        fields = _fields(fills, gate)
        for name in _children_first(fields, gate):
            _fill_object(tx, name, fields[name])

    return fill


def _fields(fills: Sequence[Fill], gate: Gate) -> dict[str, set[str]]:
    """The fields to write, by object; with all rollups over what is computed anew."""
    fields: dict[str, set[str]] = defaultdict(set)
    computed: list[str] = []
    for fill in fills:
        definition = gate.catalog.objects[fill.object]
        if not fill.field:
            fields[fill.object] |= definition.fields.keys() & set(definition.search)
        else:
            fields[fill.object].add(fill.field)
            if definition.fields[fill.field].derived:
                computed.append(fill.object)
    followed: set[str] = set()
    while computed:
        child = computed.pop()
        if child not in followed:
            followed.add(child)
            for keeper in gate.keepers.get(child, ()):
                fields[keeper.object].add(keeper.field.name)
                computed.append(keeper.object)
    return fields


def _children_first(objects: Collection[str], gate: Gate) -> Iterator[str]:
    """The objects, each after those of them whose records it aggregates."""
    done: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in done:
            return
        done.add(name)
        for child, keepers in gate.keepers.items():
            if any(keeper.object == name for keeper in keepers):
                yield from visit(child)
        if name in objects:
            yield name

    for name in sorted(objects):
        yield from visit(name)


def _fill_object(tx: Transaction, name: str, names: set[str]) -> None:
    table = tx.tables.table(name)
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
