"""Writing values that moved because of other records, and what follows: lines, rollups, others."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engine.definition.objects import Object
from engine.problems import Refusal
from engine.records.changes import UPDATE, Batch, Change
from engine.records.computing import recompute
from engine.records.propagating import settle
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.records.writing import update_rows, write_lines


def write_derived(
    tx: Transaction,
    definition: Object,
    before: Mapping[int, Row],
    after: Mapping[int, Row],
    moved: Collection[str] = (),
) -> None:
    """Writes locked rows of which something moved. Their versions stay: nobody edited them
    (rule 14).

    `moved` are formulas that read something elsewhere that has changed; they are computed here.
    Raises Refusal where a result has too many digits.
    """
    changes = [
        Change(given={}, id=id, action=UPDATE, before=before[id], row=row)
        for id, row in sorted(after.items())
    ]
    batch = Batch(tx, definition, UPDATE, changes, tx.lens(definition.name))
    recompute(batch, suggestions=False, names=_following(tx, definition, changes, moved))
    problems = [problem for change in changes for problem in change.all_problems()]
    if problems:  # of another record than the one at hand, so no field of it is to blame
        raise Refusal(*(problem.on("") for problem in problems))
    batch.changes = [change for change in changes if change.lines or change.before != change.row]
    update_rows(tx, tx.shape(definition.name), [(before[c.id or 0], c.row) for c in batch.changes])
    for change in batch.changes:
        tx.remember(definition.name, change.row)
        tx.note_moved(definition.name, change.id or 0, change.changed())
    write_lines(batch)
    settle(batch, derived=True)


def _following(
    tx: Transaction, definition: Object, changes: Collection[Change], moved: Collection[str]
) -> list[str]:
    """The formulas to compute, in order: those that moved, and those that read them."""
    moving = {*moved, *(name for change in changes for name in change.changed())}
    kept = tx.gate.dependencies.kept
    found = []
    for name in definition.order:
        one = kept.get((definition.name, name))
        if one is not None and (name in moved or one.own & moving):
            found.append(name)
            moving.add(name)
    return found
