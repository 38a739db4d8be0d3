"""Steps: suggestions and stored formulas, of a record, its lines, and the record again.

1. The record's own suggestions and formulas, with the rollups that it had.
2. Its lines' suggestions and formulas (which may read the record).
3. The rollups over its own lines, by the difference that the lines make.
4. The record's formulas once more, for those that read rollups.
"""

from __future__ import annotations

from typing import Any

from engine.definition.objects import Field, Object
from engine.definition.paths import paths
from engine.expressions import evaluate
from engine.fieldtypes.link import Link
from engine.problems import Refusal
from engine.records.changes import CREATE, DELETE, Batch, Change
from engine.records.lines import line_batches
from engine.records.rollups import own_line_rollups
from engine.records.rows import RowView
from engine.records.values import as_stored


def compute(batch: Batch) -> None:
    """Computes everything that follows from the input."""
    prefetch(batch)
    _derive(batch)
    if not batch.definition.lines:
        return
    for _, lines in line_batches(batch):
        prefetch(lines)
        _derive(lines)
    own_line_rollups(batch)
    _derive(batch, suggestions=False)


def prefetch(batch: Batch) -> None:
    """Fetches, set-wise, the linked records that rules of the object read."""
    needed = batch.tx.gate.statements.once(
        ("link_paths", batch.name), lambda: link_paths(batch.tx.catalog.objects, batch.definition)
    )
    parent = batch.definition.parent
    wanted = [path for path in needed if path[0] != parent]
    batch.tx.prefetch(batch.definition, [change.row for change in batch.changes], wanted)


def link_paths(objects: Any, definition: Object) -> tuple[tuple[str, ...], ...]:
    """The links that the object's rules go along, shortest first."""
    found: set[tuple[str, ...]] = set()
    for source in _sources(definition):
        for path in paths(source):
            owner, steps = definition, list[str]()
            for step in path[:-1]:
                field = owner.fields.get(step)
                if field is None or not isinstance(field.type, Link):
                    break
                steps.append(step)
                owner = objects[field.type.to]
            if steps:
                found.add(tuple(steps))
    return tuple(sorted(found, key=lambda steps: (len(steps), steps)))


def _sources(definition: Object) -> list[str]:
    expressions = [check.that for check in definition.checks]
    for field in definition.fields.values():
        expressions += [field.suggest, field.default_from, field.required_when]
        if not field.virtual:
            expressions.append(field.formula)
    return [expression.source for expression in expressions if expression is not None]


def _derive(batch: Batch, suggestions: bool = True) -> None:
    definition, tx = batch.definition, batch.tx
    fields = [definition.fields[name] for name in definition.order]
    for change in batch.changes:
        if change.action == DELETE:
            continue
        view = tx.gate.view_of(tx, definition, change)
        for field in fields:
            try:
                if field.formula is not None:
                    value = evaluate(field.formula, view, tx.context)
                    change.row[field.name] = as_stored(field, value)
                elif suggestions:
                    _suggest(batch, change, field, view)
            except Refusal as refusal:
                for problem in refusal.problems:
                    change.refuse(problem, field.name)


def _suggest(batch: Batch, change: Change, field: Field, view: RowView) -> None:
    """Follows the suggestion until somebody has overridden it."""
    assert field.suggest is not None
    tx = batch.tx
    given = change.input.get(field.name)
    if given is not None or (field.name in change.given and change.action != CREATE):
        return
    if change.action != CREATE:
        if not _inputs_changed(batch, change, field):
            return
        if change.before_view is None:
            change.before_view = RowView(tx, batch.definition, change.before)
        before = as_stored(field, evaluate(field.suggest, change.before_view, tx.context))
        current = change.row.get(field.name)
        if current is not None and current != before:
            return
    change.row[field.name] = as_stored(field, evaluate(field.suggest, view, tx.context))


def _inputs_changed(batch: Batch, change: Change, field: Field) -> bool:
    assert field.suggest is not None
    suggest = field.suggest
    reads = batch.tx.gate.statements.once(
        ("reads", batch.name, field.name), lambda: frozenset(p[0] for p in paths(suggest.source))
    )
    changed = change.changed()
    parent = batch.definition.parent
    return bool(reads & changed) or (
        parent in reads and change.parent is not None and bool(change.parent.changed())
    )
