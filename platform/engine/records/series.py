"""Step: numbers of further series (`type: series`), taken when their condition first holds.

They come from the same counters as record numbers (`numbers.py`, rule 12), each series from its
own. What has a number keeps it, whatever becomes of the condition; imported history brings its
numbers along and moves the counter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from engine.definition.numbering import NumberPattern
from engine.definition.objects import Field, Object
from engine.expressions import evaluate
from engine.fieldtypes.series import Series
from engine.problems import Refusal
from engine.records.changes import Batch, Change
from engine.records.lines import line_batches
from engine.records.numbers import day_of


def is_series(definition: Object, name: str) -> bool:
    """Whether the field is a number of a series."""
    field = definition.fields.get(name)
    return field is not None and isinstance(field.type, Series)


def take_series(batch: Batch) -> None:
    """Gives records and their lines the numbers that are due."""
    due = [
        (one, field, change)
        for one in (batch, *(lines for _, lines in line_batches(batch)))
        for field in one.definition.fields.values()
        if isinstance(field.type, Series)
        for change in one.changes
        if change.row.get(field.name) is not None or _due(one, field, change)
    ]
    if due:
        batch.settle()
        together: dict[tuple[str, str], tuple[Batch, Field, list[Change]]] = {}
        for one, field, change in due:
            if (change.parent or change) in batch.changes:  # the others were parted with
                key = (one.name, field.name)
                together.setdefault(key, (one, field, []))[2].append(change)
        for one, field, changes in together.values():
            _take(one, field, changes)


def _take(batch: Batch, field: Field, changes: Sequence[Change]) -> None:
    assert isinstance(field.type, Series)
    pattern = NumberPattern(field.type.numbers, field.type.gapless)
    numbering, tx = batch.tx.gate.numbering, batch.tx
    waiting: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        given = change.row.get(field.name)
        if given is None:
            waiting[_counter(field, pattern.period(day_of(tx, change)))].append(change)
        elif field.name in change.input:
            found = pattern.sequence_of(given)
            if found:
                numbering.raise_to(batch, pattern, _counter(field, found[0]), found[1])
    for counter, due in waiting.items():
        values = numbering.take(batch, pattern, counter, len(due))
        for change, value in zip(due, values, strict=True):
            change.row[field.name] = pattern.format(value, day_of(tx, change))


def _counter(field: Field, period: str) -> str:
    """The counter of a period, apart from that of the record's number and of other series."""
    return f"{field.column}:{period}"


def _due(batch: Batch, field: Field, change: Change) -> bool:
    if field.when is None:
        return True
    tx = batch.tx
    try:
        return bool(evaluate(field.when, tx.gate.view_of(tx, batch.definition, change), tx.context))
    except Refusal as refusal:
        change.refuse_all(refusal, field.name)
        return False
