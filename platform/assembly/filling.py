"""Computing new columns of records that are there already, while a revision is published.

1. The paths of trees are written, and telephone numbers in their one form.
2. Values are converted and replaced, and what is empty is filled, as the definitions say.
3. What is derived is computed anew, with everything that follows from it on any object, each field
   after those that it reads: a field (or several of one object) in one pass over its records.
4. Folded texts, sort keys and search grams are written from the texts that they belong to.

Nothing propagates meanwhile: whatever may follow is among the fields that are computed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

import sqlalchemy as sa

from assembly.application import Clock
from assembly.mending import mend_all
from engine.definition.dependencies import Key
from engine.definition.objects import Object
from engine.matching.rebuilding import rebuild_keys
from engine.permissions.actors import SYSTEM
from engine.records.anew import right_values
from engine.records.gate import Gate
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.records.trees import fill_paths
from engine.records.writing import update_rows
from engine.schema.engines import Databases
from engine.schema.respelling import new_forms, phone_fields
from engine.schema.tables import Tables
from engine.schema.targets import Fill, Filling, Fix

CHUNK = 1_000
"""Records held in memory at a time."""
_OTHER = object()


def filler(databases: Databases, clock: Clock) -> Filling:
    """What computes columns in the publishing transaction (`engine.schema.applying`)."""

    def fill(
        connection: sa.Connection, tables: Tables, fills: Sequence[Fill], fixes: Sequence[Fix] = ()
    ) -> int | None:
        # it writes for the revision that is only about to be current, so it passes no fence
        gate = Gate(tables.catalog, tables, databases, 0, clock)
        tx = Transaction(gate, connection, SYSTEM, cause="apply")
        for name in sorted({f.object for f in fills if _is_tree(f, gate)}):
            fill_paths(tx, name)
        for phone in [f for f in fills if _is_phone(f, gate)]:
            _respell(tx, gate.catalog.objects[phone.object], phone.field)
        mended, batch = mend_all(tx, fixes)
        fills = [*fills, *(Fill(object, field, "") for object, field in mended)]
        rest = [f for f in fills if not (_is_tree(f, gate) or _is_phone(f, gate))]
        computed, beside = _wanted(rest, gate)
        for name, fields in _passes(gate.dependencies.following(computed), gate):
            _compute(tx, name, fields)
        for name, texts in beside.items():
            _write_beside(tx, name, texts)
        rebuild_keys(tx)
        return batch

    return fill


def _is_tree(fill: Fill, gate: Gate) -> bool:
    """Whether it is about the link that makes an object a tree, beside which a path stands."""
    return bool(fill.field) and fill.field == gate.catalog.objects[fill.object].tree


def _is_phone(fill: Fill, gate: Gate) -> bool:
    """Whether it is about telephone numbers that people have filled in."""
    phones = {f.name: f.column for f in phone_fields(gate.catalog.objects[fill.object])}
    return phones.get(fill.field) == fill.column


def _wanted(fills: Sequence[Fill], gate: Gate) -> tuple[list[Key], dict[str, set[str]]]:
    """The derived fields to compute, and by object the texts with columns beside them."""
    computed: list[Key] = []
    beside: dict[str, set[str]] = defaultdict(set)
    for fill in fills:
        definition = gate.catalog.objects[fill.object]
        key = (fill.object, fill.field)
        if not fill.column:
            kept = gate.dependencies.kept.items()
            computed += [other for other, one in kept if key in one.expression.reads]
        elif not fill.field:
            beside[fill.object] |= definition.fields.keys() & set(definition.search)
        elif key in gate.dependencies.kept:
            computed.append(key)
        else:
            beside[fill.object].add(fill.field)
    return computed, beside


def _passes(keys: Sequence[Key], gate: Gate) -> Iterator[tuple[str, list[str]]]:
    """The fields of one object that are computed together, as none reads another's records."""
    for object, group in groupby(keys, key=lambda key: key[0]):
        together: list[str] = []
        for _, name in group:
            one = gate.dependencies.kept[object, name]
            read = {r.field for r in one.reads if r.object == object and r.path}
            if not read.union(one.own if one.aggregated else ()).isdisjoint(together):
                yield object, together
                together = []
            together.append(name)
        yield object, together


def _respell(tx: Transaction, definition: Object, name: str) -> None:
    table, field = tx.tables.table(definition.name), definition.fields[name]
    for found in new_forms(tx.connection, table, definition, field):
        rows = tx.fetch(definition.name, found)
        pairs = [(rows[id], rows[id] | {name: form}) for id, form in found.items()]
        update_rows(tx, tx.shape(definition.name), pairs)
        tx.forget_all()


def _compute(tx: Transaction, name: str, fields: Sequence[str]) -> None:
    definition = tx.catalog.objects[name]
    kept = [tx.gate.dependencies.kept[name, field] for field in fields]
    for ids in _chunks(tx, tx.tables.table(name)):
        rows = tx.fetch(name, ids)
        before: dict[int, Row] = {id: dict(rows[id]) for id in ids}
        values = right_values(tx, definition, kept, before)
        pairs = [(before[id], before[id] | values[id]) for id in ids]
        update_rows(tx, tx.shape(name), pairs)
        tx.forget_all()


def _write_beside(tx: Transaction, name: str, fields: set[str]) -> None:
    for ids in _chunks(tx, tx.tables.table(name)):
        rows = tx.fetch(name, ids)
        # an image that differs makes the columns beside a text be written, whatever the text is
        other = dict.fromkeys(fields, _OTHER)
        update_rows(tx, tx.shape(name), [({**rows[id], **other}, rows[id]) for id in ids])
        tx.forget_all()


def _chunks(tx: Transaction, table: sa.Table) -> Iterator[list[int]]:
    last = 0
    query = sa.select(table.c.id).order_by(table.c.id).limit(CHUNK)
    while ids := list(tx.connection.scalars(query.where(table.c.id > last))):
        yield ids
        last = ids[-1]
