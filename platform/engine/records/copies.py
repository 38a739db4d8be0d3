"""Copies that are taken once (`copy:` with `keep: once`): when their link is set or changed."""

from __future__ import annotations

from engine.definition.objects import Field
from engine.definition.paths import paths
from engine.expressions import evaluate
from engine.records.changes import CREATE, Batch, Change
from engine.records.rows import RowView
from engine.records.values import as_stored


def take_copy(batch: Batch, change: Change, field: Field, view: RowView) -> None:
    """Takes the copy anew where the link leads elsewhere, unless the field itself is given.

    On creation an empty input is no input, as with suggestions. A link that is cleared leaves the
    copy as it is.
    """
    assert field.copy is not None
    given = change.input.get(field.name)
    if field.name in change.input and (given is not None or change.action != CREATE):
        return
    (link,) = {path[0] for path in paths(field.copy.source)}
    target = change.row.get(link)
    if change.action == CREATE:
        taken = target is not None or link == batch.definition.parent
    else:
        taken = target is not None and (change.before or {}).get(link) != target
    if taken:
        change.row[field.name] = as_stored(field, evaluate(field.copy, view, batch.tx.context))
