"""What follows when rollups of stored records moved: formulas, lines, and rollups further up."""

from __future__ import annotations

from collections.abc import Mapping

from engine.definition.objects import Object
from engine.problems import Refusal
from engine.records.changes import UPDATE, Batch, Change
from engine.records.computing import recompute
from engine.records.rollups import carry_rollups
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.records.writing import update_rows, write_lines


def write_derived(
    tx: Transaction, definition: Object, before: Mapping[int, Row], after: Mapping[int, Row]
) -> None:
    """Writes locked rows whose rollups moved. Their versions stay: nobody edited them (rule 14).

    Raises Refusal where a result has too many digits.
    """
    changes = [
        Change(given={}, id=id, action=UPDATE, before=before[id], row=row)
        for id, row in sorted(after.items())
    ]
    batch = Batch(tx, definition, UPDATE, changes, tx.lens(definition.name))
    recompute(batch, suggestions=False)
    problems = [problem for change in changes for problem in change.all_problems()]
    if problems:  # of another record than the one at hand, so no field of it is to blame
        raise Refusal(*(problem.on("") for problem in problems))
    update_rows(tx, tx.shape(definition.name), [(before[c.id or 0], c.row) for c in changes])
    for change in changes:
        tx.remember(definition.name, change.row)
    write_lines(batch)
    carry_rollups(batch)
