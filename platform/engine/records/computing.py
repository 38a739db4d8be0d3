"""Steps: suggestions and stored formulas, of a record, its lines, and the record again.

1. The record's own suggestions and formulas, with the rollups that it had.
2. Its lines' suggestions and formulas; lines that were not given are fetched where they read
   something of the record that has changed.
3. The rollups over its own lines, and what the record computes from them.
4. Again from 2, where lines read something that changed in 3 (a line's share of the total).
   Formulas cannot go in circles, so this ends; suggestions that do are cut off.

A formula that reads other records is computed here only where something of this record that it
reads has changed; what changes elsewhere comes by way of `propagating`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.dependencies import Kept
from engine.definition.objects import Field, Object
from engine.definition.paths import paths
from engine.expressions import evaluate
from engine.fieldtypes.currency import ExchangeRate
from engine.fieldtypes.link import Link
from engine.problems import Refusal
from engine.records.changes import CREATE, DELETE, Batch, Change
from engine.records.copies import take_copy
from engine.records.currencies import in_currency, settle_rate
from engine.records.holding import hold
from engine.records.lines import follow, line_batches, read_by_lines
from engine.records.rollups import own_line_rollups
from engine.records.rows import RowView
from engine.records.values import as_stored

MOST_ROUNDS = 8
"""How often a record and its lines are computed from each other."""


def compute(batch: Batch) -> None:
    """Computes everything that follows from the input."""
    hold(batch)
    prefetch(batch)
    recompute(batch)
    if hold(batch):  # a suggestion has set a link
        recompute(batch)


def recompute(batch: Batch, suggestions: bool = True, names: Collection[str] | None = None) -> None:
    """Computes records and their lines, which take part where they were given or are affected.

    With `names` the change came from elsewhere, and moves only these formulas of the records.
    """
    tx, definition = batch.tx, batch.definition
    _derive(batch, definition.order if names is None else names, suggestions, names)
    if not definition.lines:
        return
    after_rollups = tx.gate.statements.once(
        ("after_rollups", batch.name), lambda: _after_rollups(tx.catalog, definition)
    )
    read = {name for field in definition.lines for name in read_by_lines(batch, field)}
    for _ in range(MOST_ROUNDS):
        follow(batch)
        seen = [[change.row.get(name) for name in read] for change in batch.changes]
        for _, lines in line_batches(batch):
            hold(lines)
            prefetch(lines)
            _derive(lines, lines.definition.order, suggestions, None)
        own_line_rollups(batch)
        _derive(batch, after_rollups, suggestions, None if names is None else ())
        if seen == [[change.row.get(name) for name in read] for change in batch.changes]:
            return


def _after_rollups(catalog: Catalog, definition: Object) -> tuple[str, ...]:
    """What the object computes from its own lines, directly or through others, in order."""
    lines = {field.name for field in definition.lines}
    moving = lines | {
        field.name
        for field in definition.fields.values()
        if field.rollup is not None and field.rollup.collection in lines
    }
    found: list[str] = []
    for name in definition.order:
        own = definition.fields[name]
        expression = own.formula or own.suggest or own.copy
        if expression is not None:
            if any((definition.name, other) in expression.reads for other in moving):
                found.append(name)
                moving.add(name)
    return tuple(found)


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
        expressions += [field.suggest, field.copy, field.default_from, field.required_when]
        expressions += [field.visible_when, field.read_only_when, field.when]
        expressions += field.offered_when.values()
        if not field.virtual:
            expressions.append(field.formula)
    return [expression.source for expression in expressions if expression is not None]


def _derive(
    batch: Batch, names: Iterable[str], suggestions: bool, moved: Collection[str] | None
) -> None:
    """Computes these fields; `moved` are those that something elsewhere has moved, if it did."""
    definition, tx = batch.definition, batch.tx
    kept = tx.gate.dependencies.kept
    fields = [(definition.fields[n], kept.get((definition.name, n))) for n in names]
    for change in batch.changes:
        if change.action == DELETE:
            continue
        view = tx.gate.view_of(tx, definition, change)
        for field, graph in fields:
            if graph is not None and graph.far and not _is_moved(change, graph, moved):
                continue
            try:
                if isinstance(field.type, ExchangeRate):
                    settle_rate(batch, change, field)
                elif field.formula is not None:
                    value = as_stored(field, evaluate(field.formula, view, tx.context))
                    above = change.parent.row if change.parent is not None else None
                    if graph is None or not graph.aggregated:  # as the database computes it
                        value = in_currency(tx, definition, field, value, change.row, above)
                    change.row[field.name] = value
                elif field.copy is not None:
                    take_copy(batch, change, field, view)
                elif suggestions:
                    _suggest(batch, change, field, view)
            except Refusal as refusal:
                change.refuse_all(refusal, field.name)


def _is_moved(change: Change, graph: Kept, moved: Collection[str] | None) -> bool:
    """Whether a formula that reads other records can have another value now, by this change."""
    if change.action == CREATE or change.parent is not None or graph.lines & change.lines.keys():
        return True
    if moved is not None and (graph.aggregated or graph.field.name in moved):
        return not graph.aggregated  # that is done by the database
    before = change.before or {}
    return any(before.get(name) != change.row.get(name) for name in graph.own)


def _suggest(batch: Batch, change: Change, field: Field, view: RowView) -> None:
    """Follows the suggestion until somebody has overridden it."""
    assert field.suggest is not None
    tx = batch.tx
    settled = field.name in change.input
    if settled and (change.input[field.name] is not None or change.action != CREATE):
        return
    if change.action != CREATE:
        if not _inputs_changed(batch, change, field):
            return
        if change.before_view is None:
            change.before_view = RowView(tx, batch.definition, change.before)
        before = as_stored(field, evaluate(field.suggest, change.before_view, tx.context))
        current = (change.before or {}).get(field.name)
        if current is not None and current != before:
            return
    change.row[field.name] = as_stored(field, evaluate(field.suggest, view, tx.context))


def _inputs_changed(batch: Batch, change: Change, field: Field) -> bool:
    assert field.suggest is not None
    suggest = field.suggest
    reads = batch.tx.gate.statements.once(
        ("reads", batch.name, field.name),
        lambda: frozenset(name for object, name in suggest.reads if object == batch.name),
    )
    changed = change.changed()
    parent = batch.definition.parent
    return bool(reads & changed) or (
        parent in reads and change.parent is not None and bool(change.parent.changed())
    )
