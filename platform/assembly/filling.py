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

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby

import sqlalchemy as sa

from assembly.application import Clock
from assembly.filling_ahead import FillingAhead, tell_converted
from assembly.filling_choice import BESIDE, COMPUTE, DEFAULT, REPLACE, VALUES
from assembly.filling_order import is_phone, is_tree, passes, wanted, with_mended
from assembly.mending import mend_all, of_values
from engine.definition.dependencies import Key
from engine.definition.objects import Object
from engine.impact.returning import RETURN
from engine.matching.rebuilding import rebuild_keys
from engine.permissions.actors import SYSTEM
from engine.records.anew import right_values
from engine.records.dependents import Changed, reading
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
        written, batch = mend_all(tx, fixes, fixed)
        partly = [fix for fix in of_values(fixes) if fix not in fixed and _in_place(fix, gate)]
        entirely = [fix for fix in of_values(fixes) if fix not in partly]
        computed, beside = wanted(with_mended(fills, _keys(entirely)), gate)
        also, _ = wanted(with_mended((), _keys(partly)), gate)
        self._follow(tx, computed, also, Changed(written), known)
        for name, texts in beside.items():
            if rest := {text for text in texts if (BESIDE, name, text) not in known}:
                _write_beside(tx, name, rest)
        rebuild_keys(tx)
        return batch

    def _follow(
        self,
        tx: Transaction,
        computed: Collection[Key],
        also: Collection[Key],
        changed: Changed,
        known: Collection[tuple[str, str, str]],
    ) -> None:
        """Computes these fields and all that follow: of every record, but what follows from `also`
        alone only of those that read what has `changed`."""
        dependencies = tx.gate.dependencies
        whole = frozenset(dependencies.following(computed))
        left = dependencies.following([*computed, *also])
        left = tuple(key for key in left if (COMPUTE, *key) not in known)
        for every, group in groupby(left, key=lambda key: key in whole):
            for name, fields in passes(list(group), tx.gate):
                if every:
                    _compute(tx, name, fields, _chunks(tx, tx.tables.table(name)))
                    continue
                reads = {read for field in fields for read in dependencies.kept[name, field].reads}
                ids = reading(tx, name, fields, reads, changed)
                for field in fields:
                    changed.values[name, field] |= ids
                _compute(tx, name, fields, _slices(sorted(ids)))

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


def _keys(fixes: Collection[Fix]) -> list[Key]:
    return [(fix.object, fix.field) for fix in fixes]


def _in_place(fix: Fix, gate: Gate) -> bool:
    """Whether all values stay as they are but those that it writes."""
    if fix.kind in (DEFAULT, REPLACE):
        return True
    column = gate.catalog.objects[fix.object].fields[fix.field].column
    return fix.kind == RETURN and fix.former is not None and fix.former.column == column


def _compute(
    tx: Transaction, name: str, fields: Sequence[str], chunks: Iterable[Sequence[int]]
) -> None:
    definition = tx.catalog.objects[name]
    kept = [tx.gate.dependencies.kept[name, field] for field in fields]
    for ids in chunks:
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


def _slices(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def _chunks(tx: Transaction, table: sa.Table) -> Iterator[list[int]]:
    last = 0
    query = sa.select(table.c.id).order_by(table.c.id).limit(CHUNK)
    while ids := list(tx.connection.scalars(query.where(table.c.id > last))):
        yield ids
        last = ids[-1]
