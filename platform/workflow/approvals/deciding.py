"""Deciding and withdrawing: one transaction each, together with what becomes of the record.

1. The approval's row is locked first, so that decisions on it come one after the other, and
   whoever is second finds the task decided.
2. The actor must be able to read the record, and be asked by this very task, now.
3. A vote that approves passes its step; when every vote of the step rejects, so does the step.
4. A passed step opens the next one, the last one grants the approval; a rejected step ends it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine.fieldtypes.text import TextType
from engine.permissions.actors import Actor
from engine.permissions.roles import Role
from engine.problems import Problem, Refusal, Text
from engine.records.auditing import FOR, digests
from engine.records.messages import NOT_FOUND
from engine.records.rights import role_names
from engine.records.transaction import Transaction
from workflow.approvals import messages as say
from workflow.approvals.candidates import Candidates
from workflow.approvals.definitions import Approval, by_key
from workflow.approvals.ending import give_back, grant
from workflow.approvals.starting import announce, open_position
from workflow.approvals.tables import (
    APPROVAL,
    APPROVED,
    CANCELLED,
    GRANTED,
    REJECTED,
    RUNNING,
    SKIPPED,
    TASK,
    WAITING,
    WITHDRAWN,
)
from workflow.approvals.texts import SOMEBODY, STATES, asked, names_in

APPROVE, REJECT = "approve", "reject"
DECISIONS = {APPROVE: APPROVED, REJECT: REJECTED}
"""What can be decided on a task, and the state that it then has."""
_WORD = Text({"en": "approval", "zh": "审批"})
_COMMENT = TextType(multiline=True, max_length=2_000)


class Deciding:
    """One decision, or one withdrawal, within a transaction of the gate."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.tasks = tx.tables.system(TASK)
        self.approvals = tx.tables.system(APPROVAL)

    def decide(self, task: int, decision: str, comment: str | None) -> int:
        """Decides a task; returns the approval's id. Raises Refusal."""
        if decision not in DECISIONS:
            possible = ", ".join(DECISIONS)
            raise Refusal(say.NO_DECISION(found=decision[:40], possible=possible))
        said = read_comment(comment)
        id = self._approval_of(task)
        row, approval = self._locked(id, task)
        found, principal = self._checked(task, row, approval)
        if decision == REJECT and said is None:
            raise Refusal(say.COMMENT_NEEDED().on("comment"))
        self._set(
            self.tasks.c.id == task,
            state=DECISIONS[decision],
            decided_by=self.tx.actor.person,
            decided_on=self.tx.now,
            on_behalf_of=principal,
            comment=said,
        )
        same_vote = sa.and_(
            self.tasks.c.approval == id,
            self.tasks.c.position == found.position,
            self.tasks.c.branch == found.branch,
        )
        self._cancel(same_vote)
        self._go_on(row, approval, found, decision, said, principal)
        return id

    def withdraw(self, id: int, comment: str | None) -> None:
        """Ends a running approval for its submitter, or an administrator. Raises Refusal."""
        said = read_comment(comment)
        row, approval = self._locked(id, id)
        self._require_submitter(row, approval)
        self._cancel(self.tasks.c.approval == id)
        self._end(row, approval, WITHDRAWN, said)
        announce(self.tx, approval, "approval.withdrawn", row.record, {"approval": id})
        after = give_back(self.tx, approval, row.record, approval.withdrawn)
        self._audit(approval, row.record, "withdraw", after, {"approval": id, "comment": said})

    def _approval_of(self, task: int) -> int:
        statement = sa.select(self.tasks.c.approval).where(self.tasks.c.id == task)
        id = self.tx.connection.execute(statement).scalar()
        if id is None:
            raise Refusal(no_approval(task))
        return int(id)

    def _locked(self, id: int, shown: int) -> tuple[Any, Approval]:
        """The approval's row under lock, if the actor may read its record."""
        statement = sa.select(self.approvals).where(self.approvals.c.id == id).with_for_update()
        row = self.tx.connection.execute(statement).first()
        approval = by_key(self.tx.catalog).get(row.definition) if row is not None else None
        if row is None or approval is None or not self._readable(id, approval):
            raise Refusal(no_approval(shown))
        return row, approval

    def _readable(self, id: int, approval: Approval) -> bool:
        candidates = self._candidates(approval)
        return bool(self._first(candidates, candidates.readable(candidates.task.c.id), approval=id))

    def _checked(self, task: int, row: Any, approval: Approval) -> tuple[Any, int | None]:
        """The task, if it is the actor's to decide now, and the person for whom they would."""
        found = self.tx.connection.execute(
            sa.select(self.tasks).where(self.tasks.c.id == task)
        ).one()
        step = approval.step_label(found.step)
        if found.state != WAITING:
            names = names_in(self.tx, [found.decided_by])
            person = names.get(found.decided_by or 0)
            raise Refusal(
                say.DECIDED(
                    step=step,
                    state=STATES[found.state],
                    person=Text.of(person) if person else SOMEBODY,
                )
            )
        if row.state != RUNNING:
            raise Refusal(say.ENDED(approval=approval.label, state=STATES[row.state]))
        if self.tx.actor.person is None or self.tx.actor.is_system:
            raise Refusal(say.NO_PERSON())
        candidates = self._candidates(approval)
        if found.opened is None:
            raise Refusal(say.NOT_OPEN(step=step))
        mine = self._first(candidates, candidates.open(candidates.principal()), task=task)
        if mine is None:
            raise Refusal(self._not_asked(row, approval, found))
        return found, mine[0]

    def _not_asked(self, row: Any, approval: Approval, task: Any) -> Problem:
        step, actor = approval.step_label(task.step), self.tx.actor
        if row.submitted_by == actor.person and not task.own:
            return say.OWN(step=step)
        return say.NOT_YOURS(
            step=step,
            asked=asked(self.tx.gate, [task], names_in(self.tx, [task.person])),
            roles=role_names(self.tx.lens(approval.object), actor.roles),
        )

    def _candidates(self, approval: Approval) -> Candidates:
        definition = self.tx.catalog.objects[approval.object]
        return Candidates(self.tx.gate, definition, self.tx.actor)

    def _first(
        self, candidates: Candidates, statement: sa.Select[Any], *, task: int = 0, approval: int = 0
    ) -> Any:
        table = candidates.task.c
        limit = table.id == task if task else table.approval == approval
        parameters = candidates.binds.values(self.tx.actor, self.tx.context)
        return self.tx.connection.execute(statement.where(limit).limit(1), parameters).first()

    def _go_on(
        self,
        row: Any,
        approval: Approval,
        task: Any,
        decision: str,
        said: str | None,
        principal: int | None,
    ) -> None:
        """What follows from the vote, for the step, the approval and the record."""
        tx, after = self.tx, None
        outcome = self._outcome(row.id, task.position)
        state = RUNNING
        if outcome != WAITING:
            of_step = sa.and_(
                self.tasks.c.approval == row.id, self.tasks.c.position == task.position
            )
            self._cancel(of_step)
        following = self._following(row.id) if outcome == APPROVED else None
        if outcome == REJECTED:
            state = REJECTED
            self._cancel(self.tasks.c.approval == row.id)
        elif outcome == APPROVED and following is None:
            state = GRANTED
        if state != RUNNING:
            self._end(row, approval, state, said)
        about = {"approval": row.id, "task": task.id, "step": task.step, "decision": decision}
        announce(tx, approval, "approval.decided", row.record, about | {"state": state})
        if state == GRANTED:
            after = grant(tx, approval, row.record)
        elif state == REJECTED:
            after = give_back(tx, approval, row.record, approval.rejected)
        elif following is not None:
            open_position(tx, approval, row.id, row.record, following)
        noted = {FOR: [principal]} if principal is not None else {}
        self._audit(approval, row.record, decision, after, about | {"comment": said} | noted)

    def _outcome(self, id: int, position: int) -> str:
        """Whether the step is passed, rejected, or waits for more votes."""
        table = self.tasks.c
        statement = sa.select(table.branch, table.state).where(
            table.approval == id, table.position == position
        )
        votes: dict[int, set[str]] = {}
        for branch, state in self.tx.connection.execute(statement):
            votes.setdefault(branch, set()).add(state)
        if any(states & {APPROVED, SKIPPED} for states in votes.values()):
            return APPROVED
        if all(WAITING not in states for states in votes.values()):
            return REJECTED
        return WAITING

    def _following(self, id: int) -> int | None:
        """The next step that somebody must decide."""
        table = self.tasks.c
        statement = sa.select(sa.func.min(table.position)).where(
            table.approval == id, table.state == WAITING
        )
        found = self.tx.connection.execute(statement).scalar()
        return None if found is None else int(found)

    def _end(self, row: Any, approval: Approval, state: str, said: str | None) -> None:
        self.tx.connection.execute(
            sa.update(self.approvals)
            .where(self.approvals.c.id == row.id)
            .values(state=state, ended_by=self.tx.actor.person, ended_on=self.tx.now, comment=said)
        )

    def _cancel(self, which: sa.ColumnElement[bool]) -> None:
        self._set(sa.and_(which, self.tasks.c.state == WAITING), state=CANCELLED)

    def _set(self, which: sa.ColumnElement[bool], **values: Any) -> None:
        self.tx.connection.execute(sa.update(self.tasks).where(which).values(**values))

    def _require_submitter(self, row: Any, approval: Approval) -> None:
        if row.state != RUNNING:
            raise Refusal(say.ENDED(approval=approval.label, state=STATES[row.state]))
        if may_withdraw(self.tx.catalog.of("role"), self.tx.actor, row.submitted_by):
            return
        names = names_in(self.tx, [row.submitted_by])
        person = names.get(row.submitted_by or 0)
        raise Refusal(
            say.NOT_YOURS_TO_WITHDRAW(
                approval=approval.label, person=Text.of(person) if person else SOMEBODY
            )
        )

    def _audit(
        self, approval: Approval, record: int, action: str, after: Any, data: dict[str, Any]
    ) -> None:
        """Writes the decision into the record's audit, beside the change that it may cause."""
        tx = self.tx
        current = after or tx.fetch(approval.object, [record])[record]
        row = {
            "at": tx.now,
            "actor": tx.actor.person,
            "via": tx.actor.via,
            "cause": tx.cause or None,
            "batch": tx.batch,
            "object": approval.object,
            "record": record,
            "action": action,
            "version": current.get("version"),
            "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")),
        }
        tx.insert(tx.tables.system("fw_audit"), [row | digests(row)])


def no_approval(id: int | str) -> Problem:
    """The answer for what does not exist, and for what the actor may not see."""
    return NOT_FOUND(object=_WORD, record=id)


def may_withdraw(roles: Mapping[str, Role], actor: Actor, submitted_by: int | None) -> bool:
    """Whether the actor submitted it, or may administer."""
    if actor.is_system or (actor.person is not None and actor.person == submitted_by):
        return True
    return any(roles[name].administer for name in actor.roles if name in roles)


def read_comment(raw: str | None) -> str | None:
    """The comment as it is kept. Raises Refusal when it is too long or not storable."""
    try:
        found: str | None = _COMMENT.read(raw)
    except Refusal as refusal:
        raise Refusal(*(problem.on("comment") for problem in refusal.problems)) from None
    return found
