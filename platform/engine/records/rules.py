"""Step: what every record must fulfil: required fields, checks, conditions on links."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.definition.objects import Field
from engine.expressions import Context, evaluate
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.link import Lines, Link
from engine.problems import Refusal
from engine.records import messages as say
from engine.records.changes import DELETE, Batch, Change
from engine.records.lines import line_batches
from engine.records.rights import joined
from engine.records.rows import RowView
from engine.records.trees import check_circles
from engine.records.wholes import check_wholes


def check_rules(batch: Batch) -> None:
    """Checks the record and its lines; gathers every problem before anything is refused."""
    _check(batch)
    check_circles(batch)
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
    sometimes = [f for f in definition.fields.values() if f.required_when and f.stored]
    placed = [f for f in definition.fields.values() if f.visible_when is not None]
    limited = [f for f in definition.links if f.where is not None]
    offering = [f for f in definition.fields.values() if f.offered_when]
    for change in batch.changes:
        view = tx.gate.view_of(tx, definition, change)
        wrong = {problem.path.removeprefix(change.path) for problem in change.problems}
        unreadable = bool(wrong)
        wrong |= _without_place(batch, change, placed, view)
        for field in always:
            if change.row.get(field.name) is None and field.name not in wrong:
                _refuse_missing(batch, change, field)
        for field in sometimes:
            if change.row.get(field.name) is None and field.name not in wrong:
                if field.required_when and evaluate(field.required_when, view, tx.context):
                    _refuse_missing(batch, change, field)
        check_wholes(batch, change, view, wrong)
        if unreadable:
            continue  # checks over values that could not be read would only confuse
        for check in definition.checks:
            if check.that is not None and not _holds(check.that, view, batch, change):
                change.refuse(say.CHECK_FAILED(say=check.say), check.about)
        for field in limited:
            _check_target(batch, change, field, view)
        for field in offering:
            _check_option(batch, change, field, view)


def _without_place(batch: Batch, change: Change, placed: list[Field], view: RowView) -> set[str]:
    """The fields that do not belong to this record; input that fills one of them is refused."""
    hidden = set()
    for field in placed:
        assert field.visible_when is not None
        if _holds(field.visible_when, view, batch, change):
            continue
        hidden.add(field.name)
        given = change.input.get(field.name)
        before = (change.before or {}).get(field.name)
        if given is not None and given != before and not batch.tx.historical:
            change.refuse(say.NOT_HERE(field=field.label), field.name)
    return hidden


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
    """The target is looked at when it changes, and when what its condition reads here changes."""
    link, condition = field.type, field.where
    assert isinstance(link, Link) and condition is not None
    if change.row.get(field.name) is None:
        return
    reads = {name for object, name in condition.reads if object == batch.name}
    if not change.changed() & {field.name, *reads}:
        return
    if any(problem.path == f"{change.path}{field.name}" for problem in change.problems):
        return  # a check has said it in better words
    context = replace(batch.tx.context, variables={batch.name: view})
    if not evaluate(condition, view.value(field.name), context):
        target = batch.tx.catalog.objects[link.to].label
        change.refuse(
            say.LINK_UNSUITABLE(field=field.label, target=target, condition=link.where), field.name
        )


def _check_option(batch: Batch, change: Change, field: Field, view: RowView) -> None:
    """An option is looked at when it is chosen, and when what its condition reads changes."""
    value = change.row.get(field.name)
    chosen = value if isinstance(value, tuple) else (value,)
    limited = [field.offered_when[name] for name in chosen if name in field.offered_when]
    reads = {name for c in limited for object, name in c.reads if object == batch.name}
    if not limited or not change.changed() & {field.name, *reads}:
        return
    assert isinstance(field.type, Choice)
    refused = unoffered(field, view, batch.tx.context)
    wrong = [option.label for option in field.type.options if option.name in refused & {*chosen}]
    if wrong:
        offered = [o.label for o in field.type.options if o.name not in refused]
        change.refuse(
            say.NOT_OFFERED(option=joined(wrong), field=field.label, offered=joined(offered)),
            field.name,
        )


def unoffered(field: Field, view: RowView, context: Context) -> frozenset[str]:
    """The options of a choice that the record, as it is seen, does not offer."""
    return frozenset(
        name for name, when in field.offered_when.items() if not evaluate(when, view, context)
    )


def _require_lines(batch: Batch, field: Field) -> None:
    assert isinstance(field.type, Lines)
    for change in batch.changes:
        path = f"{change.path}{field.name}"
        if any(problem.path.startswith(path) for problem in change.problems):
            continue  # what was given could not be read
        if field.visible_when is not None:
            view = batch.tx.gate.view_of(batch.tx, batch.definition, change)
            if not _holds(field.visible_when, view, batch, change):
                continue
        lines = change.lines.get(field.name)
        missing = lines is None and change.before is None
        if missing or (lines is not None and all(line.action == DELETE for line in lines)):
            _refuse_missing(batch, change, field)
