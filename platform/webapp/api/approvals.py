"""The calls on approvals: my inbox, and what I decide. An `<id>` is always that of a task."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Response, request

from engine.problems import Refusal, Text
from engine.records import messages as records
from engine.records.reading import Linked
from engine.records.serial import linked_to_json
from webapp import messages as say
from webapp.answers import answer
from webapp.api.bodies import body_object
from webapp.api.call import Call
from webapp.api.queries import opened, read_limit, read_parameters, sealed
from workflow.approvals import messages as approvals
from workflow.approvals.deciding import DECISIONS, no_approval
from workflow.approvals.service import Approvals
from workflow.approvals.states import ApprovalState, InboxItem, InboxQuery, TaskState

WITHDRAW = "withdraw"
SHOWN = ("asked", "submitted")
"""What the inbox shows: what I am asked, or what I have submitted and is still running."""
_TEXT = Text({"en": "an object whose comment is a text", "zh": "一个对象，其中 comment 为文本"})


def list_approvals(call: Call) -> Response:
    """GET approvals: what waits for me, the oldest first; `show=submitted`: what I wait for."""
    given = read_parameters(request, "limit", "after", "object", "show")
    show = given.get("show", SHOWN[0])
    if show not in SHOWN:
        expected = Text.of(" | ".join(SHOWN))
        raise Refusal(records.BAD_QUERY(key="show", found=show[:40], expected=expected))
    if "object" in given:
        call.object(given["object"])
    seal = f"approvals {show}"
    query = InboxQuery(
        limit=read_limit(given.get("limit")),
        after=int(opened(given.get("after", ""), seal, call.shell.keys) or 0),
        object=given.get("object", ""),
        submitted=show == "submitted",
    )
    page = Approvals(call.application.gate).inbox(call.actor, query)
    following = None if page.next is None else str(page.next)
    return answer(
        {
            "items": [_item(item, call.locale) for item in page.items],
            "next": sealed(following, seal, call.shell.keys),
        }
    )


def decide_approval(call: Call, id: str, decision: str) -> Response:
    """POST approvals/<id>/<decision>: approve, reject or withdraw, with a `comment`."""
    read_parameters(request)
    if decision not in (*DECISIONS, WITHDRAW):
        possible = ", ".join((*DECISIONS, WITHDRAW))
        raise Refusal(approvals.NO_DECISION(found=decision[:40], possible=possible))
    if not (id.isascii() and id.isdigit() and len(id) <= 18):
        raise Refusal(no_approval(repr(id[:40])))
    comment = _comment(body_object(request, optional=True))
    service = Approvals(call.application.gate)
    if decision == WITHDRAW:
        approval = service.approval_of(call.actor, int(id)).id
        service.withdraw(call.actor, approval, comment)
    else:
        approval = service.decide(call.actor, int(id), decision, comment)
    try:
        return answer(approval_to_json(service.one(call.actor, approval), call.locale))
    except Refusal:  # the record has moved to where the actor no longer sees it
        return answer({"id": approval})


def approval_to_json(state: ApprovalState, locale: str) -> dict[str, Any]:
    """An approval with its votes."""
    return {
        "id": state.id,
        "name": state.name,
        "label": state.label.in_(locale),
        "object": state.object,
        "record": state.record,
        "state": state.state,
        "submitted_by": linked_to_json(state.submitted_by),
        "submitted_on": _moment(state.submitted_on),
        "ended_by": linked_to_json(state.ended_by),
        "ended_on": _moment(state.ended_on),
        "comment": state.comment,
        "may_withdraw": state.may_withdraw,
        "tasks": [_task(task, locale) for task in state.tasks],
    }


def _task(task: TaskState, locale: str) -> dict[str, Any]:
    return {
        "id": task.id,
        "step": task.step.in_(locale),
        "state": task.state,
        "asked": task.asked.in_(locale),
        "opened": _moment(task.opened),
        "due": _moment(task.due),
        "decided_by": linked_to_json(task.decided_by),
        "decided_on": _moment(task.decided_on),
        "on_behalf_of": linked_to_json(task.on_behalf_of),
        "comment": task.comment,
        "mine": task.mine,
    }


def _item(item: InboxItem, locale: str) -> dict[str, Any]:
    return {
        "id": item.task,
        "approval": item.approval,
        "name": item.name,
        "label": item.label.in_(locale),
        "step": item.step.in_(locale),
        "asked": item.asked.in_(locale),
        "object": item.object,
        "record": linked_to_json(Linked(item.record, item.title)),
        "submitted_by": linked_to_json(item.submitted_by),
        "submitted_on": _moment(item.submitted_on),
        "on_behalf_of": linked_to_json(item.on_behalf_of),
        "opened": _moment(item.opened),
        "due": _moment(item.due),
    }


def _comment(body: dict[str, Any]) -> str | None:
    """The comment, which is all that the body may hold."""
    for key in body:
        if key != "comment":
            raise Refusal(say.UNKNOWN_PARAMETER(name=key[:60], best="comment"))
    comment = body.get("comment")
    if comment is not None and not isinstance(comment, str):
        raise Refusal(say.BAD_SHAPE(expected=_TEXT).on("comment"))
    return comment


def _moment(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
