"""Approvals on the screens: the panel of a record, and what waits for whoever is signed in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Refusal
from engine.records.query import Query
from engine.records.reading import Linked
from webapp.screens.dates import exact_moment, near_moment
from webapp.screens.here import Here, here
from webapp.screens.problems import refusal_json, wants_json
from webapp.screens.rendering import page
from workflow.approvals.deciding import APPROVE, DECISIONS, REJECT, no_approval
from workflow.approvals.definitions import approvals_of
from workflow.approvals.service import Approvals
from workflow.approvals.states import ApprovalState, InboxItem, InboxQuery, TaskState
from workflow.approvals.tables import APPROVED, CANCELLED, GRANTED, REJECTED, RUNNING, WAITING
from workflow.approvals.texts import STATES

WITHDRAW = "withdraw"
TOLD = {APPROVE: "told_approved", REJECT: "told_rejected", WITHDRAW: "told_withdrawn"}
COLOURS = {
    RUNNING: "amber", WAITING: "amber", GRANTED: "green", APPROVED: "green", REJECTED: "red",
}  # fmt: skip
DECIDED = (APPROVED, REJECTED)
PAGE = 50
LONGEST = 2**63 - 1
"""No id is longer."""


@dataclass(frozen=True, slots=True)
class When:
    """A moment: as people say it, exactly, and for programs."""

    near: str
    exact: str
    moment: str


@dataclass(frozen=True, slots=True)
class Vote:
    """One vote of an approval. `who` is asked, or has decided; `later` before its turn comes."""

    step: str
    who: str
    number: int
    state: str
    colour: str
    later: bool
    when: When | None
    deputy_of: str
    comment: str


@dataclass(frozen=True, slots=True)
class Panel:
    """The latest approval of a record.

    `task` is the one that the actor can decide now, else 0. `any_task` is the one by which the
    approval is addressed.
    """

    label: str
    state: str
    colour: str
    running: bool
    opened: bool
    submitted_by: str
    submitted: When
    ended_by: str
    ended: When | None
    comment: str
    votes: list[Vote]
    task: int
    any_task: int
    step: str
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record that waits for a decision."""

    address: str
    title: str
    object: str
    icon: str
    step: str
    asked: str
    submitted_by: str
    number: int
    submitted: When
    deputy_of: str


def panel_of(at: Here, object: str, id: int) -> Panel | None:
    """The latest approval of a record that the actor may see."""
    if not approvals_of(at.catalog, object):
        return None
    found = Approvals(at.gate).of(at.actor, object, id)
    return _panel(at, found[0]) if found and found[0].tasks else None


def _panel(at: Here, state: ApprovalState) -> Panel:
    running = state.state == RUNNING and state.name in at.catalog.of("approval")
    mine = next((task for task in state.tasks if task.mine), None) if running else None
    return Panel(
        label=at.say(state.label),
        state=at.say(STATES[state.state]),
        colour=COLOURS.get(state.state, "grey"),
        running=running,
        opened=running or state.state == REJECTED,
        submitted_by=_name(at, state.submitted_by),
        submitted=_when(at, state.submitted_on),
        ended_by=_name(at, state.ended_by),
        ended=_when(at, state.ended_on) if state.ended_on else None,
        comment=state.comment or "",
        votes=_votes(at, state.tasks),
        task=mine.id if mine else 0,
        any_task=state.tasks[0].id,
        step=at.say(mine.step) if mine else "",
        may_withdraw=state.may_withdraw,
    )


def _votes(at: Here, tasks: Sequence[TaskState]) -> list[Vote]:
    """A line for each decision, and one for all who may still decide a step.

    Who was asked beside the one that decided is left out.
    """
    over = {at.say(task.step) for task in tasks if task.state in DECIDED}
    found: list[Vote] = []
    for task in tasks:
        vote = _vote(at, task)
        if task.state == CANCELLED and vote.step in over:
            continue
        last = found[-1] if found else None
        if (
            task.state not in DECIDED
            and last
            and (last.step, last.state) == (vote.step, vote.state)
        ):
            found[-1] = replace(last, who=f"{last.who}{at.t('list_or')}{vote.who}")
        else:
            found.append(vote)
    return found


def _vote(at: Here, task: TaskState) -> Vote:
    by = task.decided_by
    return Vote(
        step=at.say(task.step),
        who=_name(at, by) if by else at.say(task.asked),
        number=(by.id or 0) if by else 0,
        state=at.say(STATES[task.state]),
        colour=COLOURS.get(task.state, "grey"),
        later=task.state == WAITING and task.opened is None,
        when=_when(at, task.decided_on) if task.decided_on else None,
        deputy_of=_name(at, task.on_behalf_of) if task.on_behalf_of else "",
        comment=task.comment or "",
    )


def _name(at: Here, person: Linked | None) -> str:
    if person is None:
        return at.t("system")
    return at.t("restricted") if person.restricted else str(person.title)


def _when(at: Here, moment: dt.datetime) -> When:
    near = near_moment(moment, at.now, at.zone, at.locale)
    return When(near, exact_moment(moment, at.zone), moment.isoformat())


def waiting(at: Here, query: InboxQuery) -> tuple[list[Waiting], int | None]:
    """A page of what waits for a decision, and where the next page begins."""
    if not at.catalog.of("approval"):
        return [], None
    found = Approvals(at.gate).inbox(at.actor, query)
    return [_waiting(at, item) for item in found.items], found.next


def _waiting(at: Here, item: InboxItem) -> Waiting:
    definition = at.catalog.objects[item.object]
    return Waiting(
        address=f"/o/{item.object}/{item.record}#approval",
        title=item.title,
        object=at.say(definition.label),
        icon=definition.icon or "square",
        step=f"{at.say(item.label)} · {at.say(item.step)}",
        asked=at.say(item.asked),
        submitted_by=_name(at, item.submitted_by),
        number=(item.submitted_by.id or 0) if item.submitted_by else 0,
        submitted=_when(at, item.submitted_on),
        deputy_of=_name(at, item.on_behalf_of) if item.on_behalf_of else "",
    )


def show_approvals() -> Response:
    """What waits for the actor, or what the actor has submitted."""
    at = here()
    after = request.args.get("after", "")
    query = InboxQuery(
        limit=PAGE,
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0,
        submitted=request.args.get("show") == "submitted",
    )
    rows, following = waiting(at, query)
    return page("approvals.html", at, rows=rows, following=following, submitted=query.submitted)


def decide(object: str, id: int, task: int, decision: str) -> AnyResponse:
    """Approves or rejects a task of the record's approval, or withdraws it from approval.

    Scripts are told what speaks against it; a plain form sees that on a screen.
    """
    at = here()
    definition = at.object(object)
    service = Approvals(at.gate)
    try:
        approval = service.approval_of(at.actor, min(task, LONGEST))
        if (approval.object, approval.record) != (object, id):
            raise Refusal(no_approval(task))
        comment = request.form.get("comment", "")
        if decision == WITHDRAW:
            service.withdraw(at.actor, approval.id, comment)
        elif decision in DECISIONS:
            service.decide(at.actor, task, decision, comment)
        else:
            raise Refusal(no_approval(task))
    except Refusal as refusal:
        if wants_json():
            return refusal_json(at, refusal)
        raise
    at.changed(definition.name)
    seen = Query(filters={"id": id}, fields=("id",), limit=1)
    address = f"/o/{object}/{id}" if at.reader.page(at.actor, object, seen).items else "/"
    if wants_json():
        return jsonify(location=address, told=at.t(TOLD[decision]))
    return redirect(address, 303)
