"""What follows when rollups of stored records moved: formulas, and rollups further up."""

from __future__ import annotations

from collections.abc import Mapping

from engine.definition.objects import Object
from engine.expressions import evaluate
from engine.records.rollups import carry
from engine.records.rows import RowView
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.records.values import as_stored
from engine.records.writing import update_rows


def write_derived(
    tx: Transaction, definition: Object, before: Mapping[int, Row], after: Mapping[int, Row]
) -> None:
    """Writes locked rows whose rollups moved. Their versions stay: nobody edited them (rule 14)."""
    formulas = [
        field
        for name in definition.order
        if (field := definition.fields[name]).formula is not None and not field.virtual
    ]
    pairs = []
    for id, row in sorted(after.items()):
        view = RowView(tx, definition, row)
        for field in formulas:
            assert field.formula is not None
            row[field.name] = as_stored(field, evaluate(field.formula, view, tx.context))
        if row != before[id]:
            pairs.append((before[id], row))
    update_rows(tx, tx.shape(definition.name), pairs)
    for _, row in pairs:
        tx.remember(definition.name, row)
    carry(tx, definition, pairs)
