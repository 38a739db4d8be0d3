"""Who is asked: the votes of an approval, worked out when it is submitted.

All steps are worked out at once, so that whoever submits learns at once if nobody could decide
one of them, and so that a running approval goes on as it began, whatever is defined meanwhile.
A role stands for whoever has it on the day of the decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.expressions import evaluate
from engine.permissions.actors import Actor
from engine.permissions.roles import Role
from engine.records.rows import RowView
from engine.records.transaction import Transaction
from engine.schema.tables import DELETED
from workflow.approvals.definitions import Approval, ApprovalStep, Approver
from workflow.approvals.tables import NOBODY, PERSON, RIGHT, ROLE, SKIPPED, WAITING

ADMINISTER = "administer"
"""The right of those who are asked with `if_nobody: administrators`."""


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One candidate for one vote of a step; candidates of one `branch` are alternatives.

    `own` tells whether the submitter may decide it, being one of those with the role.
    """

    branch: int
    kind: str
    person: int | None = None
    name: str | None = None
    within: str | None = None
    own: bool = False
    state: str = WAITING


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A step that will be asked, with its votes."""

    step: ApprovalStep
    votes: tuple[Vote, ...]

    @property
    def waits(self) -> bool:
        """Whether somebody must decide; a vote that is skipped passes the step."""
        return all(vote.state == WAITING for vote in self.votes)


class Asking:
    """Works out who is asked about one record as it will be."""

    def __init__(self, tx: Transaction, approval: Approval, view: RowView) -> None:
        self.tx, self.approval, self.view = tx, approval, view
        self.actor: Actor = tx.actor

    def plan(self) -> tuple[tuple[Planned, ...], list[ApprovalStep]]:
        """The steps that apply, and those of them that nobody could decide."""
        planned: list[Planned] = []
        nobody: list[ApprovalStep] = []
        for step in self.approval.steps.values():
            if step.when is not None and not evaluate(step.when, self.view, self.tx.context):
                continue
            votes = tuple(self._votes(step))
            if votes:
                planned.append(Planned(step=step, votes=votes))
            elif step.if_nobody == "refuse":
                nobody.append(step)
            else:
                planned.append(Planned(step=step, votes=(_instead(step),)))
        return tuple(planned), nobody

    def _votes(self, step: ApprovalStep) -> Iterator[Vote]:
        for branch, approver in enumerate(step.approvers, 1):
            if approver.roles:
                yield from self._role_votes(step, approver, branch)
                continue
            person = self._person(approver)
            if person is not None and person == self.actor.person:
                yield from self._own_votes(step, branch)
            elif person is not None:
                yield Vote(branch=branch, kind=PERSON, person=person)

    def _own_votes(self, step: ApprovalStep, branch: int) -> Iterator[Vote]:
        """The submitter would be asked."""
        if step.if_self == "ask":
            yield Vote(branch=branch, kind=PERSON, person=self.actor.person)
        elif step.if_self == "skip":
            yield Vote(branch=branch, kind=PERSON, person=self.actor.person, state=SKIPPED)
        else:
            yield from self._manager_vote(branch)

    def _role_votes(self, step: ApprovalStep, approver: Approver, branch: int) -> Iterator[Vote]:
        mine = bool(self.actor.roles & set(approver.roles)) and self._within(approver.within)
        if mine and step.if_self == "skip":
            yield Vote(branch=branch, kind=PERSON, person=self.actor.person, state=SKIPPED)
            return
        if mine and step.if_self == "manager":  # beside the others who have the role
            yield from self._manager_vote(branch)
        known: dict[str, Role] = dict(self.tx.catalog.of("role"))
        for name in approver.roles:
            yield Vote(
                branch=branch,
                kind=ROLE,
                name=known[name].key or name,
                within=None if approver.within == "all" else approver.within,
                own=step.if_self == "ask",
            )

    def _manager_vote(self, branch: int) -> Iterator[Vote]:
        person = self._above(self.actor.person, 1)
        if person is not None:
            yield Vote(branch=branch, kind=PERSON, person=person)

    def _within(self, within: str) -> bool:
        """Whether the record is among those that the submitter would be asked about."""
        row = self.view.row or {}
        match within:
            case "team":
                return row.get("owner") in self.actor.team
            case "department":
                return row.get("department") in self.actor.member_of()
            case "department_and_below":
                return row.get("department") in self.actor.departments
        return True

    def _person(self, approver: Approver) -> int | None:
        """The one person that the approver stands for, if there is one who is still there."""
        if approver.person is not None:
            found = evaluate(approver.person, self.view, self.tx.context)
            return self._live(None if found is None else found.id)
        start = (self.view.row or {}).get("owner")
        return self._above(start if approver.of == "owner" else self.actor.person, approver.level)

    def _above(self, person: int | None, levels: int) -> int | None:
        """The manager so many levels up; those who have left are passed over for theirs."""
        site = self.tx.catalog.site
        seen: set[int] = set()
        while person is not None and person not in seen:
            seen.add(person)
            row = self.tx.fetch(site.person, [person]).get(person, {})
            gone = row.get(DELETED) is not None
            if levels == 0 and not gone:
                return person
            person = row.get(site.person_manager)
            levels -= 0 if gone else 1
        return None

    def _live(self, person: int | None) -> int | None:
        if person is None:
            return None
        row = self.tx.fetch(self.tx.catalog.site.person, [person]).get(person)
        return person if row is not None and row.get(DELETED) is None else None


def _instead(step: ApprovalStep) -> Vote:
    """What takes the place of approvers that there are none of."""
    if step.if_nobody == "administrators":
        return Vote(branch=1, kind=RIGHT, name=ADMINISTER, own=step.if_self == "ask")
    return Vote(branch=1, kind=NOBODY, state=SKIPPED)
