"""Computing new columns of records that are there already, while a revision is published.

1. The paths of trees are written, and telephone numbers in their one form.
2. Values are converted and replaced, and what is empty is filled, as the definitions say.
3. What is derived is computed anew, with everything that follows from it on any object, each field
   after those that it reads: a field (or several of one object) in one pass over its records.
4. Folded texts, sort keys and search grams are written from the texts that they belong to.

Nothing propagates meanwhile: whatever may follow is among the fields that are computed. What can be
computed before publishing, of large tables, is `filling_ahead`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import sqlalchemy as sa

from assembly.application import Clock
from assembly.filling_ahead import FillingAhead, tell_converted
from assembly.filling_choice import BESIDE, COMPUTE, VALUES
from assembly.filling_order import is_phone, is_tree, passes, wanted, with_mended
from assembly.mending import mend_all
from engine.definition.objects import Object
from engine.matching.rebuilding import rebuild_keys
from engine.permissions.actors import SYSTEM
from engine.records.anew import right_values
from engine.records.gate import Gate
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.records.trees import fill_paths
from engine.records.writing import update_rows
from engine.schema.backfilling import Ahead, Journal, Pass
from engine.schema.engines import Databases
from engine.schema.respelling import new_forms
from engine.schema.tables import Tables
from engine.schema.targets import Fill, Filling, Fix

CHUNK = 1_000
"""Records held in memory at a time."""
_OTHER = object()


def filler(databases: Databases, clock: Clock) -> Filling:
    """What computes columns of existing records (`engine.schema.applying`)."""
    return _Filler(databases, clock)


class _Filler:
    """Computes columns, before and while publishing."""

    def __init__(self, databases: Databases, clock: Clock) -> None:
        self.databases, self.clock = databases, clock
        self._gate: Gate | None = None

    def gate(self, tables: Tables) -> Gate:
        """A gate for the coming catalog; it is made once."""
        if self._gate is None or self._gate.tables is not tables:
            # it writes for the revision that is only about to be current, so it passes no fence
            self._gate = Gate(tables.catalog, tables, self.databases, 0, self.clock)
        return self._gate

    def __call__(
        self,
        connection: sa.Connection,
        tables: Tables,
        fills: Sequence[Fill],
        fixes: Sequence[Fix],
        done: Collection[Pass] = (),
    ) -> int | None:
        """Everything that is not done (`Filling`)."""
        gate = self.gate(tables)
        tx = Transaction(gate, connection, SYSTEM, cause="apply")
        for name in sorted({f.object for f in fills if is_tree(f, gate)}):
            fill_paths(tx, name)
        for phone in [f for f in fills if is_phone(f, gate)]:
            _respell(tx, gate.catalog.objects[phone.object], phone.field)
        known = {(one.kind, one.object, name) for one in done for name in one.fields}
        fixed = [fix for fix in fixes if (VALUES, fix.object, fix.field) in known]
        mended, batch = mend_all(tx, fixes, fixed)
        computed, beside = wanted(with_mended(fills, mended), gate)
        left = [
            key for key in gate.dependencies.following(computed) if (COMPUTE, *key) not in known
        ]
        for name, fields in passes(left, gate):
            _compute(tx, name, fields)
        for name, texts in beside.items():
            if rest := {text for text in texts if (BESIDE, name, text) not in known}:
                _write_beside(tx, name, rest)
        rebuild_keys(tx)
        return batch

    def ahead(
        self,
        tables: Tables,
        fills: Sequence[Fill],
        fixes: Sequence[Fix],
        fresh: Collection[tuple[str, str]],
    ) -> Ahead | None:
        """What can be computed before (`Filling`)."""
        gate = self.gate(tables)  # in any case, since it takes longer than nobody may write
        if not fresh or not (fills or fixes):
            return None
        return FillingAhead(gate, fills, fixes, frozenset(fresh))

    def tell(self, connection: sa.Connection, journal: Journal) -> int:
        """Writes to the audit what was converted before (`Filling`)."""
        return tell_converted(connection, journal)


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
