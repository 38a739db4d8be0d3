"""The steps that approvals add to the gate, so that every caller meets them (rule 9).

1. A record that waits for an approval is locked for everybody; only its approval moves it on.
2. A transition that starts an approval works out who is asked; one that ends it is reserved.
3. A record that needs approval enters the stages it is needed for by that approval only, and
   stays there as it was approved.
4. With the record its approval is written: what was submitted, the votes, what to announce.
5. Where nobody has to agree, the record goes on in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from engine.expressions import evaluate
from engine.fieldtypes.choice import Stage
from engine.fieldtypes.link import Link
from engine.problems import Problem, Refusal, Text
from engine.records.changes import CREATE, DELETE, UPDATE, Batch, Change, Step
from engine.records.gate import with_steps
from engine.records.rights import joined
from engine.records.transaction import ids_of
from workflow.approvals import messages as say
from workflow.approvals.asking import Asking, Planned
from workflow.approvals.definitions import Approval, approvals_of, by_key
from workflow.approvals.ending import END, grant
from workflow.approvals.starting import begin, open_position
from workflow.approvals.tables import APPROVAL, RUNNING, TASK, WAITING
from workflow.approvals.texts import asked, names_in
from workflow.steps import stage_label

_PLAN = "approval_plan"


def approval_steps(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The gate's steps, stages among them, with those of approvals."""
    added = with_steps(
        steps,
        ("version", Step("approval lock", refuse_locked, frozenset((UPDATE, DELETE)))),
        ("unique", Step("approval", plan_approvals)),
        ("audit", Step("approval start", start_approvals)),
    )
    return (*added, Step("approval end", end_unasked))


def refuse_locked(batch: Batch) -> None:
    """Refuses to touch records whose approval is running."""
    if not approvals_of(batch.tx.catalog, batch.name):
        return
    touched = [c for c in batch.changes if END not in c.notes and not _clears(batch, c)]
    table = batch.tx.tables.system(APPROVAL)
    definitions = by_key(batch.tx.catalog)
    running = sa.select(table).where(
        table.c.object == batch.definition.table,
        table.c.record.in_(ids_of(touched)),
        table.c.state == RUNNING,
        table.c.definition.in_(sorted(definitions)),  # of one that is gone nobody could decide
    )
    for row in batch.tx.connection.execute(running).all():
        problem = _locked(batch, definitions[row.definition], row.id)
        for change in touched:
            if change.id == row.record:
                change.refuse(problem)
    batch.settle()


def _clears(batch: Batch, change: Change) -> bool:
    """Whether the system only clears links whose targets are being deleted."""
    fields = [batch.definition.fields.get(name) for name in change.given]
    return (
        batch.action == UPDATE
        and batch.tx.actor.is_system
        and not change.transition
        and bool(fields)
        and all(value is None for value in change.given.values())
        and all(f and isinstance(f.type, Link) and f.type.on_delete == "clear" for f in fields)
    )


def _locked(batch: Batch, approval: Approval, id: int) -> Problem:
    table = batch.tx.tables.system(TASK)
    statement = sa.select(table).where(
        table.c.approval == id, table.c.state == WAITING, table.c.opened.is_not(None)
    )
    tasks = batch.tx.connection.execute(statement.order_by(table.c.id)).all()
    names = names_in(batch.tx, [task.person for task in tasks])
    return say.LOCKED(
        object=batch.definition.label,
        approval=approval.label,
        step=approval.step_label(tasks[0].step) if tasks else Text.of("–"),
        asked=asked(batch.tx.gate, tasks, names),
    )


def plan_approvals(batch: Batch) -> None:
    """Works out the approvals that changes start, and refuses what goes past one."""
    if batch.tx.historical:
        return
    for approval in approvals_of(batch.tx.catalog, batch.name):
        for change in batch.changes:
            try:
                _plan_one(batch, change, approval)
            except Refusal as refusal:  # a condition whose numbers outgrew their digits
                for problem in refusal.problems:
                    change.refuse(problem)


def _plan_one(batch: Batch, change: Change, approval: Approval) -> None:
    if change.sound and END not in change.notes:
        _refuse_reserved(batch, change, approval)
        _refuse_unapproved(batch, change, approval)
    if change.sound and _performed(batch, change, approval) in approval.starts_on:
        _plan(batch, change, approval)


def _performed(batch: Batch, change: Change, approval: Approval) -> str:
    """The transition that the change performs in the approval's own workflow; "" for none."""
    way = change.notes.get("ways", {}).get(approval.flow(batch.tx.catalog).field)
    return "" if way is None else str(way.name)


def _plan(batch: Batch, change: Change, approval: Approval) -> None:
    steps: tuple[Planned, ...] = ()
    if _needed(batch, change, approval):
        view = batch.tx.gate.view_of(batch.tx, batch.definition, change)
        steps, nobody = Asking(batch.tx, approval, view).plan()
        for step in nobody:
            change.refuse(say.NOBODY(approval=approval.label, step=step.label))
    change.notes[_PLAN] = (approval, steps)


def _needed(batch: Batch, change: Change, approval: Approval) -> bool:
    view = batch.tx.gate.view_of(batch.tx, batch.definition, change)
    return approval.when is None or bool(evaluate(approval.when, view, batch.tx.context))


def _refuse_reserved(batch: Batch, change: Change, approval: Approval) -> None:
    """The way on is the approval's; ways back are free where nothing is running (import)."""
    name = _performed(batch, change, approval)
    if name == approval.granted:
        flow = approval.flow(batch.tx.catalog)
        change.refuse(
            say.RESERVED(
                transition=flow.transitions[name].label,
                approval=approval.label,
                start=_starts(batch, approval),
            )
        )


def _refuse_unapproved(batch: Batch, change: Change, approval: Approval) -> None:
    flow = approval.flow(batch.tx.catalog)
    stage = change.row.get(flow.field)
    if stage not in approval.needed_in or not change.sound:
        return
    inside = change.before is not None and change.before.get(flow.field) in approval.needed_in
    fields = _content(batch, change) if inside else []
    if (inside and not fields) or not _needed(batch, change, approval):
        return
    words: dict[str, Any] = {
        "object": batch.definition.label,
        "stage": stage_label(flow, stage),
        "approval": approval.label,
    }
    if not inside:
        change.refuse(say.NEEDED(start=_starts(batch, approval), **words), flow.field)
        return
    before = stage_label(flow, flow.transitions[approval.rejected].target)
    labels = joined([batch.definition.fields[name].label for name in fields])
    change.refuse(say.FROZEN(fields=labels, before=before, **words), fields[0])


def _content(batch: Batch, change: Change) -> list[str]:
    """The fields that somebody gave another value, besides what the transition asks for."""
    ways = change.notes.get("ways", {}).values()
    free = {name for way in ways for name in (*way.asks, *way.sets)}
    changed = change.changed()
    given = [name for name in change.input if name in changed and name not in free]
    fields = batch.definition.fields
    found = [n for n in given if not fields[n].system and not isinstance(fields[n].type, Stage)]
    for name, lines in change.lines.items():
        if name in change.given and any(x.action != UPDATE or x.changed() for x in lines):
            found.append(name)
    return found


def _starts(batch: Batch, approval: Approval) -> Text:
    transitions = approval.flow(batch.tx.catalog).transitions
    return joined([transitions[name].label for name in approval.starts_on])


def start_approvals(batch: Batch) -> None:
    """Writes the approvals that these changes start, and opens their first steps."""
    for change in batch.changes:
        approval, steps = change.notes.get(_PLAN, (None, ()))
        if approval is None or not steps:
            continue
        id = begin(batch, change, approval, steps)
        first = next((n for n, planned in enumerate(steps, 1) if planned.waits), None)
        if first is not None:
            del change.notes[_PLAN]
            open_position(batch.tx, approval, id, change.id or 0, first)


def end_unasked(batch: Batch) -> None:
    """Moves records on for whose approval nobody is asked."""
    if batch.action == CREATE:
        return
    for change in batch.changes:
        approval, _ = change.notes.pop(_PLAN, (None, ()))
        if approval is not None:
            assert change.id is not None
            change.row = grant(batch.tx, approval, change.id)
