"""Step: fields that are closed, by a condition or because they were filled once.

A condition is about the record as it was: what closes a field takes effect after the change that
brings it about, and a transition may still fill the fields that it asks for. The system (what
follows from a change, approvals, historical imports) is not held up.
"""

from __future__ import annotations

from typing import Any

from engine.definition.objects import Field
from engine.expressions import evaluate
from engine.fieldtypes.link import Lines
from engine.problems import Refusal
from engine.records import messages as say
from engine.records.auditing import QUIET
from engine.records.changes import UPDATE, Batch, Change
from engine.records.lines import line_batches
from engine.records.rows import RowView

_UNSAID = QUIET | {"id"}


def check_locks(batch: Batch) -> None:
    """Refuses input for closed fields of the records and of their lines, each by its name."""
    if batch.tx.historical or batch.tx.actor.is_system:
        return
    _check(batch)
    for _, lines in line_batches(batch):
        _check(lines)


def _check(batch: Batch) -> None:
    closing = [
        field
        for field in batch.definition.fields.values()
        if field.set_once or field.read_only_when is not None
    ]
    if not closing:
        return
    for change in batch.changes:
        if change.before is None:
            continue
        for field in closing:
            if not _touches(change, field):
                continue
            if field.set_once and change.before.get(field.name) is not None:
                change.refuse(say.SET_ONCE(field=field.label), field.name)
            elif _closed(batch, change, field):
                change.refuse(say.CLOSED(field=field.label), field.name)


def _touches(change: Change, field: Field) -> bool:
    """Whether the input would change what the field holds."""
    if isinstance(field.type, Lines):
        return any(
            line.action != UPDATE or line.changed() - _UNSAID
            for line in change.lines.get(field.name, ())
        )
    before: Any = (change.before or {}).get(field.name)
    return field.name in change.input and change.input[field.name] != before


def _closed(batch: Batch, change: Change, field: Field) -> bool:
    if field.read_only_when is None:
        return False
    if change.before_view is None:
        change.before_view = RowView(batch.tx, batch.definition, change.before)
    try:
        return bool(evaluate(field.read_only_when, change.before_view, batch.tx.context))
    except Refusal as refusal:  # a number that outgrew its digits
        change.refuse_all(refusal, field.name)
        return False
