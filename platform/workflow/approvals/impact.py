"""Approval steps that are gone while somebody is still asked there, and what is moved from them.

Decided votes keep the step that they were given at; only what waits is moved (`moving`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

import sqlalchemy as sa

from engine.impact.ground import Ground
from engine.impact.remedies import of_top, within
from engine.problems import Text, did_you_mean
from engine.schema.findings import MOST_EXAMPLES, Count, Example, Finding, Severity
from engine.schema.targets import Fix
from engine.schema.wording import both, named
from workflow.approvals.definitions import Approval, by_key
from workflow.approvals.moving import STEPS, STEPS_BACK, Vote, votes_back
from workflow.approvals.tables import APPROVAL, RUNNING, TASK, WAITING

NO_APPROVAL = (
    "the approval {approval} is gone, but {count:# record waits for it: decide or withdraw it|#"
    " records wait for it: decide or withdraw them} first, or write `was: {name}` where it went on"
    " under another name",
    "审批{approval}已移除，但仍有 {count} 条待审：请先处理或撤回，改名写 `was: {name}`",
)
NO_APPROVAL_THEN = (
    "there was no approval {approval} then, but {count:# record waits for it: decide or withdraw"
    " it|# records wait for it: decide or withdraw them} first",
    "当时没有审批{approval}，但仍有 {count} 条待审：请先处理或撤回",
)
GOES_ON = (
    "{approval}: what waits at {step} about {count:# record|# records} goes on at {new}",
    "{approval}：{count} 条记录在{step}的待办转至 {new}",
)
NO_STEP = (
    "{step} of the approval {approval} is gone, but {count:# record waits|# records wait} there:"
    " whoever is asked goes on being asked, as it was",
    "审批{approval}已无{step}，但仍有 {count} 条记录在此待审：原审批人仍按原样审批",
)
NO_STEP_THEN = (
    "the approval {approval} had no {step} then, but {count:# record waits|# records wait} there:"
    " whoever is asked goes on being asked, as it was",
    "审批{approval}当时没有{step}，但仍有 {count} 条记录在此待审：原审批人仍按原样审批",
)
RETURNED = (
    "{approval}: what waits at {now} about {count:# record|# records} goes back to {then},"
    " where it waited",
    "{approval}：{count} 条记录在{now}的待办将退回原步骤{then}",
)
DECIDED = (
    "{approval}: {count:# record|# records} went on at {now} and {count:was|were} decided"
    " there since; that stays",
    "{approval}：{count} 条记录已转至{now}并在此后完成审批，结果保持不变",
)


def gone_steps(ground: Ground) -> Iterator[Finding]:
    """For each step, and each whole approval, that is gone: what is in flight there."""
    if TASK not in ground.structure.tables:
        return
    after, back = by_key(ground.after), _back(ground)
    for key, before in by_key(ground.before).items():
        approval = after.get(key)
        leaving = {vote.id for vote in back.get(key, ()) if vote.now != vote.then}
        kept = {option.stored for option in approval.options} if approval else set()
        gone = [option for option in before.options if option.stored not in kept]
        if approval is None:
            if found := _waiting(ground, key):
                yield _whole(before, found, ground.back)
            continue
        for option in gone:
            if found := _waiting(ground, key, option.stored, leaving):
                yield _finding(before, approval, option.name, option.label, found, ground.back)


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


def _back(ground: Ground) -> dict[str, list[Vote]]:
    """On a way back: what becomes of votes that were moved since, by approval's key."""
    if not ground.batches or TASK not in ground.structure.tables:
        return {}
    return votes_back(ground.connection, ground.tables.platform, ground.batches)


def returned_steps(ground: Ground) -> Iterator[Finding]:
    """Of a way back: what goes back to the step where it waited, and what was decided since."""
    former = by_key(ground.before)
    for key, approval in by_key(ground.after).items():
        groups: dict[tuple[str, str, bool], set[int]] = defaultdict(set)
        for vote in _back(ground).get(key, ()):
            if not vote.waits or vote.now != vote.then:
                groups[vote.now, vote.then, vote.waits].add(vote.record)
        for (now, then, waits), records in sorted(groups.items()):
            words = {
                "approval": named(approval.label, approval.name),
                "now": former.get(key, approval).step_label(now),
                "then": approval.step_label(then),
                "count": Count(len(records)),
            }
            en, zh = RETURNED if waits else DECIDED
            yield Finding(
                family="step-returned" if waits else "step-decided",
                severity=Severity.TELLS,
                object=approval.object,
                text=both(en, zh, **words),
                count=Count(len(records)),
                examples=_examples(sorted(records)),
            )


def returning_steps(ground: Ground) -> Iterator[Fix]:
    """Of a way back: the approvals of which something goes back to its step of then."""
    former = _back(ground)
    for key, approval in by_key(ground.after).items():
        if any(vote.now != vote.then for vote in former.get(key, ())):
            settings = {"batches": ground.batches}
            yield Fix(kind=STEPS_BACK, object=approval.object, field=key, settings=settings)


def _waiting(
    ground: Ground, approval: str, step: str | None = None, but: Collection[int] = ()
) -> list[int]:
    """The records about which somebody is still asked (at the step), these votes left out."""
    tables = ground.tables.platform
    running, task = tables[APPROVAL], tables[TASK]
    query = (
        sa.select(task.c.id, running.c.record)
        .join_from(running, task, task.c.approval == running.c.id)
        .where(running.c.definition == approval, running.c.state == RUNNING)
        .where(task.c.state == WAITING)
    )
    if step is not None:
        query = query.where(task.c.step == step)
    return sorted({record for id, record in ground.connection.execute(query) if id not in but})


def _whole(before: Approval, records: list[int], back: bool) -> Finding:
    """A whole approval that is gone: nobody could decide what is in flight."""
    sentences = NO_APPROVAL_THEN if back else NO_APPROVAL
    return Finding(
        family="approval-in-use",
        severity=Severity.STOPS,
        object=before.object,
        count=Count(len(records)),
        examples=_examples(records),
        place=before.place(),
        text=both(
            *sentences,
            approval=named(before.label, before.name),
            name=before.name,
            count=Count(len(records)),
        ),
    )


def _finding(
    before: Approval, approval: Approval, step: str, label: Text, records: list[int], back: bool
) -> Finding:
    words = {
        "step": named(label, step),
        "approval": named(before.label, before.name),
        "count": Count(len(records)),
    }
    moved = step in approval.replaced and not back
    en, zh = GOES_ON if moved else NO_STEP_THEN if back else NO_STEP
    text = both(en, zh, **words, new=approval.replaced.get(step, ""))
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
