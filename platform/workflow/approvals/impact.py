"""Approval steps that are gone while somebody is still asked there: findings, and moving them.

Decided votes keep the step that they were given at; only what waits is moved.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from engine.impact.ground import Ground
from engine.impact.remedies import of_top, within
from engine.problems import Text, did_you_mean
from engine.records.transaction import Transaction
from engine.schema.findings import MOST_EXAMPLES, Count, Example, Finding, Severity
from engine.schema.targets import Fix
from engine.schema.wording import both, named
from workflow.approvals.definitions import Approval, by_key
from workflow.approvals.tables import APPROVAL, RUNNING, TASK, WAITING

STEPS = "steps"
"""The kind of fixes that move what waits for approval; `field` is the approval's key."""


def gone_steps(ground: Ground) -> Iterator[Finding]:
    """For each step, and each whole approval, that is gone: what is in flight there."""
    if TASK not in ground.structure.tables:
        return
    after = by_key(ground.after)
    for key, before in by_key(ground.before).items():
        approval = after.get(key)
        kept = {option.stored for option in approval.options} if approval else set()
        gone = [option for option in before.options if option.stored not in kept]
        if approval is None:
            if found := _waiting(ground, key, [option.stored for option in gone]):
                yield _whole(before, found)
            continue
        for option in gone:
            if found := _waiting(ground, key, [option.stored]):
                yield _finding(before, approval, option.name, option.label, found)


def step_fixes(ground: Ground) -> Iterator[Fix]:
    """What waits at steps that are gone and goes on at others."""
    former = by_key(ground.before)
    for key, approval in by_key(ground.after).items():
        old = {o.name: o.stored for o in former[key].options} if key in former else {}
        moved = {
            old[name]: approval.step_key(new)
            for name, new in approval.replaced.items()
            if name in old and name not in approval.steps and new in approval.steps
        }
        if moved:
            yield Fix(kind=STEPS, object=approval.object, field=key, replaced=moved)


def move_steps(tx: Transaction, fix: Fix) -> int:
    """Moves what waits at the steps that are gone; returns how many votes that were."""
    running, task = tx.tables.system(APPROVAL), tx.tables.system(TASK)
    mine = running.c.state == RUNNING, running.c.definition == fix.field
    ids = sa.select(running.c.id).where(*mine)
    moved = 0
    for old, new in fix.replaced.items():
        change = sa.update(task).where(task.c.approval.in_(ids), task.c.step == old)
        change = change.where(task.c.state == WAITING).values(step=new)
        moved += tx.connection.execute(change).rowcount
    return moved


def _waiting(ground: Ground, approval: str, steps: list[str]) -> list[int]:
    """The records about which somebody is still asked at one of the steps."""
    tables = ground.tables.platform
    running, task = tables[APPROVAL], tables[TASK]
    query = (
        sa.select(running.c.record)
        .join(task, task.c.approval == running.c.id)
        .where(running.c.definition == approval, running.c.state == RUNNING)
        .where(task.c.step.in_(steps), task.c.state == WAITING)
        .distinct()
    )
    return list(ground.connection.scalars(query))


def _whole(before: Approval, records: list[int]) -> Finding:
    """A whole approval that is gone: nobody could decide what is in flight."""
    return Finding(
        family="approval-in-use",
        severity=Severity.STOPS,
        object=before.object,
        count=Count(len(records)),
        examples=_examples(records),
        place=before.place(),
        text=both(
            "the approval {approval} is gone, but {count} records wait for it: decide or withdraw"
            " them first, or write `was: {name}` where it went on under another name",
            "审批{approval}已移除，但仍有 {count} 条待审：请先处理或撤回，改名写 `was: {name}`",
            approval=named(before.label, before.name),
            name=before.name,
            count=Count(len(records)).said(),
        ),
    )


def _finding(
    before: Approval, approval: Approval, step: str, label: Text, records: list[int]
) -> Finding:
    words = {
        "step": named(label, step),
        "approval": named(before.label, before.name),
        "count": Count(len(records)).said(),
    }
    moved = step in approval.replaced
    if moved:
        text = both(
            "{approval}: what waits at {step} about {count} records goes on at {new}",
            "{approval}：{count} 条记录在{step}的待办转至 {new}",
            **words,
            new=approval.replaced[step],
        )
    else:
        text = both(
            "{step} of the approval {approval} is gone, but {count} records wait there: whoever"
            " is asked goes on being asked, as it was",
            "审批{approval}已无{step}，但仍有 {count} 条记录在此待审：原审批人仍按原样审批",
            **words,
        )
    return Finding(
        family="step-replaced" if moved else "step-in-use",
        severity=Severity.TELLS,
        object=before.object,
        text=text,
        count=Count(len(records)),
        examples=_examples(records),
        remedy="" if moved else _remedy(before, approval, step),
        place=approval.place("steps"),
    )


def _examples(records: list[int]) -> tuple[Example, ...]:
    return tuple(Example(id, "") for id in sorted(records)[:MOST_EXAMPLES])


def _remedy(before: Approval, approval: Approval, step: str) -> str:
    known = {option.stored for option in before.options}
    new = [option.name for option in approval.options if option.stored not in known]
    likely = did_you_mean(step, new)
    if likely:
        return within("steps", likely, {"was": step})
    return of_top({"replace": {step: next(iter(approval.steps), "…")}})
