"""Step: what every record must fulfil: required fields, checks, conditions on links."""

from __future__ import annotations

from typing import Any

from engine.definition.objects import Field
from engine.expressions import compile_expression, evaluate
from engine.expressions.types import Kind, Type
from engine.fieldtypes.link import Lines, Link
from engine.problems import Refusal
from engine.records import messages as say
from engine.records.changes import DELETE, Batch, Change
from engine.records.lines import line_batches
from engine.records.rows import RowView


def check_rules(batch: Batch) -> None:
    """Checks the record and its lines; gathers every problem before anything is refused."""
    _check(batch)
    for _, lines in line_batches(batch):
        _check(lines)
    for lines_field in batch.definition.lines:
        if lines_field.required:
            _require_lines(batch, lines_field)


def _check(batch: Batch) -> None:
    tx, definition = batch.tx, batch.definition
    always = [
        f
        for f in definition.fields.values()
        if f.required and f.stored and not f.derived and f.name != definition.parent
    ]
    sometimes = [f for f in definition.fields.values() if f.required_when is not None]
    limited = [f for f in definition.links if isinstance(f.type, Link) and f.type.where]
    for change in batch.changes:
        view = tx.gate.view_of(tx, definition, change)
        wrong = {problem.path.removeprefix(change.path) for problem in change.problems}
        for field in always:
            if change.row.get(field.name) is None and field.name not in wrong:
                _refuse_missing(batch, change, field)
        for field in sometimes:
            if change.row.get(field.name) is None and field.name not in wrong:
                if field.required_when and evaluate(field.required_when, view, tx.context):
                    _refuse_missing(batch, change, field)
        if wrong:
            continue  # checks over values that could not be read would only confuse
        for check in definition.checks:
            if check.that is not None and not _holds(check.that, view, batch, change):
                change.refuse(say.CHECK_FAILED(say=check.say), check.about)
        for field in limited:
            _check_target(batch, change, field, view)
        _check_hierarchy(batch, change)


def _refuse_missing(batch: Batch, change: Change, field: Field) -> None:
    """A historical import may leave open what was never known; everyone else must fill it in."""
    if not batch.tx.historical:
        change.refuse(say.REQUIRED(field=field.label), field.name)


def _holds(that: Any, view: RowView, batch: Batch, change: Change) -> bool:
    try:
        return bool(evaluate(that, view, batch.tx.context))
    except Refusal as refusal:
        for problem in refusal.problems:
            change.refuse(problem)
        return True


def _check_target(batch: Batch, change: Change, field: Field, view: RowView) -> None:
    before = (change.before or {}).get(field.name)
    if change.row.get(field.name) in (None, before):
        return
    link = field.type
    assert isinstance(link, Link)
    catalog = batch.tx.catalog
    condition = batch.tx.gate.statements.once(
        ("where", batch.name, field.name),
        lambda: compile_expression(link.where, link.to, catalog, expected=Type(Kind.BOOLEAN)),
    )
    if not evaluate(condition, view.value(field.name), batch.tx.context):
        target = catalog.objects[link.to].label
        change.refuse(
            say.LINK_UNSUITABLE(field=field.label, target=target, condition=link.where), field.name
        )


def _check_hierarchy(batch: Batch, change: Change) -> None:
    """No record may stand below itself along the link that makes its object a tree."""
    name = batch.tx.gate.statements.once(
        ("tree", batch.name), lambda: batch.tx.gate.hierarchy.link(batch.name)
    )
    above = change.row.get(name) if name else None
    if above is None or change.id is None or above == (change.before or {}).get(name):
        return
    if above in batch.tx.gate.hierarchy.below(batch.tx.connection, batch.name, change.id):
        label = batch.definition.fields[name].label
        change.refuse(say.HIERARCHY_CYCLE(field=label, found=f"#{above}"), name)


def _require_lines(batch: Batch, field: Field) -> None:
    assert isinstance(field.type, Lines)
    for change in batch.changes:
        path = f"{change.path}{field.name}"
        if any(problem.path.startswith(path) for problem in change.problems):
            continue  # what was given could not be read
        lines = change.lines.get(field.name)
        missing = lines is None and change.before is None
        if missing or (lines is not None and all(line.action == DELETE for line in lines)):
            _refuse_missing(batch, change, field)
