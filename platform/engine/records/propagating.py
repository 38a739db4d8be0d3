"""Step: what is stored of changed records elsewhere is brought up to date, set-wise.

1. Rollups over the changed records move by the difference (`rollups`).
2. Every other way by which stored values read the changed fields is gone backwards, to the
   records that depend on them (`dependents`), in chunks.
3. Those are locked, computed from what is stored now, and written where anything changed, which
   is a change in turn. The graph of fields has no circle, so this ends.

Whoever changes a record holds it before its dependents are looked for, and a dependent is locked
before it is computed: of two transactions the later one sees what the earlier one has done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from engine.definition.dependencies import DELETED, LATE, Edge
from engine.definition.objects import Object
from engine.problems import Refusal
from engine.records.anew import by_database, link_runs
from engine.records.changes import RESTORE, Batch
from engine.records.dependents import Pair, dependents, differs
from engine.records.holding import refresh
from engine.records.rollups import carry
from engine.records.shapes import Row
from engine.records.transaction import CHUNK, Transaction

KEPT = 1_000
"""Dependents written at once that stay in memory for what comes next."""


def carry_on(batch: Batch) -> None:
    """Everything that follows from a batch that is written."""
    settle(batch)


def settle(batch: Batch, *, derived: bool = False) -> None:
    """Brings up to date what depends on the batch and its lines.

    `derived` says that nobody edited these records: they were moved themselves.
    """
    tx, definition = batch.tx, batch.definition
    pairs: list[Pair] = [(change.before, change.row) for change in batch.changes]
    carry(tx, definition, pairs, own_parent=derived)
    every = [(definition, pairs)]
    for field in definition.lines:
        lines = [line for change in batch.changes for line in change.lines.get(field.name, ())]
        if lines:
            child = tx.gate.line_object(definition, field.name)
            moved: list[Pair] = [(line.before, line.row) for line in lines]
            carry(tx, child, moved)
            every.append((child, moved))
    for object, found in every:
        propagate(tx, object, found, computed=not derived)
    if batch.action == RESTORE:
        recall(tx, definition, [change.id for change in batch.changes if change.id is not None])


def propagate(
    tx: Transaction, definition: Object, pairs: Sequence[Pair], *, computed: bool = False
) -> None:
    """Brings up to date what reads these rows in another way than by the difference.

    `computed` says that the records' own formulas have seen their own fields already.
    """
    waiting: dict[str, tuple[set[int], set[str]]] = defaultdict(lambda: (set(), set()))
    for edge in tx.gate.dependencies.edges.get(definition.name, ()):
        fields = edge.fields & LATE if computed and not edge.path else edge.fields
        touching = [pair for pair in pairs if differs(pair, fields)] if fields else []
        if edge.path and edge.path[-1].is_link:  # nobody links to what has only just been made
            touching = [pair for pair in touching if pair[0] is not None]
        if not touching:
            continue
        for ids in dependents(tx, edge, touching):
            _wait(tx, edge, ids, waiting)
    for object in sorted(waiting):
        _bring(tx, object, waiting)


def _wait(
    tx: Transaction, edge: Edge, ids: Iterable[int], waiting: dict[str, tuple[set[int], set[str]]]
) -> None:
    known, fields = waiting[edge.object]
    known.update(ids)
    fields.add(edge.moves)
    if len(known) >= CHUNK:
        _bring(tx, edge.object, waiting)


def _bring(tx: Transaction, object: str, waiting: dict[str, tuple[set[int], set[str]]]) -> None:
    ids, fields = waiting.pop(object)
    every = sorted(ids)
    for start in range(0, len(every), CHUNK):
        bring_up_to_date(tx, tx.catalog.objects[object], every[start : start + CHUNK], fields)


def recall(tx: Transaction, definition: Object, ids: Sequence[int]) -> None:
    """Computes records that come back from the recycle bin: what they read may have changed."""
    for object in (
        definition,
        *(tx.gate.line_object(definition, f.name) for f in definition.lines),
    ):
        kept = tx.gate.dependencies.of(object.name)
        if not kept:
            continue
        found = ids if object is definition else tx.lines_below(object, ids)
        bring_up_to_date(tx, object, found, {one.field.name for one in kept})


def bring_up_to_date(
    tx: Transaction, definition: Object, ids: Sequence[int], names: Collection[str]
) -> None:
    """Locks these records, computes the fields `names` of them anew and writes what moved."""
    if not ids:
        return
    rows = held_rows(tx, definition, ids)
    live = {id: row for id, row in rows.items() if row.get(DELETED) is None}
    kept = [one for one in tx.gate.dependencies.of(definition.name) if one.field.name in names]
    queried = [one for one in kept if one.aggregated]
    read = [one for one in kept if not one.aggregated]
    try:
        values = by_database(tx, definition.name, queried, live)
    except Refusal as refusal:  # of another record than the one at hand
        raise Refusal(*(problem.on("") for problem in refusal.problems)) from None
    refresh(tx, definition, list(live.values()), link_runs(read))
    after: dict[int, Row] = {id: {**row, **values.get(id, {})} for id, row in live.items()}
    before = {id: dict(row) for id, row in live.items()}
    tx.gate.write_derived(tx, definition, before, after, {one.field.name for one in read})
    if len(rows) > KEPT:
        tx.release(definition.name, rows)


def held_rows(tx: Transaction, definition: Object, ids: Sequence[int]) -> dict[int, Row]:
    """The rows as they are, locked; of lines, the records that they are part of are."""
    if definition.parent:
        tx.release(definition.name, ids)
        rows = tx.fetch(definition.name, ids)
        above = {rows[id][definition.parent] for id in ids if id in rows}
        if tx.hold(definition.parent_object, above, alone=True):
            tx.release(definition.name, ids)
    else:
        tx.hold(definition.name, ids, alone=True)
    known = tx.fetch(definition.name, ids)
    return {id: known[id] for id in ids if id in known}
