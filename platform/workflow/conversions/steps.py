"""The step that conversions add to the gate: values that they carry over as the system.

What an actor gives, and what a conversion takes over in their name, is input like any other, so
the gate asks whether they may write it. What a definition declares to be carried over `as_system`,
links back to the source and values written back to it pass by that question only: they are
checked, computed with and audited like everything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.definition.objects import Field
from engine.records.changes import Batch, Change, Step
from engine.records.gate import with_steps
from engine.schema.tables import POSITION
from workflow.conversions.values import stored_value

VALUES, LINES = "carried", "carried_lines"


def conversion_steps(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The gate's steps with that of conversions, before anything is computed."""
    return with_steps(steps, ("transition", Step("carried", carry)))


def carrying(
    change: Change,
    values: Mapping[str, Any],
    lines: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Change:
    """The change, which is to carry these values, and of new lines these in their order."""
    change.notes[VALUES] = values
    change.notes[LINES] = lines or {}
    return change


def carry(batch: Batch) -> None:
    """Puts the values that changes carry into their rows."""
    for change in batch.changes:
        _fill(batch, change, batch.name, change.notes.get(VALUES) or {})
        for name, rows in (change.notes.get(LINES) or {}).items():
            child = batch.tx.gate.line_object(batch.definition, name).name
            for line in change.lines.get(name, ()):
                _fill(batch, line, child, rows[line.notes[POSITION]])


def _fill(batch: Batch, change: Change, object: str, values: Mapping[str, Any]) -> None:
    fields = batch.tx.catalog.objects[object].fields
    for name, value in values.items():
        change.row[name] = change.input[name] = _stored(fields[name], value)


def _stored(field: Field, value: Any) -> Any:
    """The value as the field holds it; links back are ids already."""
    return value if isinstance(value, int) else stored_value(field, value)
