"""The calls on notices: what I was told, and that I have read it."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from engine.fieldtypes.date import MomentType
from engine.problems import Refusal, Text
from engine.records.messages import BAD_QUERY, NOT_FOUND
from engine.records.query import MOST
from notices import bell
from webapp.answers import answer
from webapp.api.call import Call
from webapp.api.queries import opened, read_limit, read_parameters, sealed

SEAL = "notices"
MOST_DIGITS = 18
_WORD = Text({"en": "notice", "zh": "通知"})


def list_notices(call: Call) -> Response:
    """GET notices: mine, the latest first, with how many are unread (at most 100)."""
    given = read_parameters(request, "limit", "after")
    limit = read_limit(given.get("limit"))
    if not 1 <= limit <= MOST:
        raise Refusal(BAD_QUERY(key="limit", found=limit, expected=Text.of(f"1…{MOST}")))
    after = opened(given.get("after", ""), SEAL, call.shell.keys)
    gate, person = call.application.gate, call.actor.person
    if person is None:
        return answer({"items": [], "next": None, "unread": 0})
    items, following = bell.latest(gate, person, limit, int(after) if after else None)
    cursor = None if following is None else str(following)
    return answer(
        {
            "items": [notice_to_json(item) for item in items],
            "next": sealed(cursor, SEAL, call.shell.keys),
            "unread": bell.unread(gate, person),
        }
    )


def read_notice(call: Call, id: str) -> Response:
    """POST notices/<id>/read: marks one of mine as read; answers with it."""
    read_parameters(request)
    gate, person = call.application.gate, call.actor.person
    if person is None or not (id.isascii() and id.isdigit() and len(id) <= MOST_DIGITS):
        raise Refusal(NOT_FOUND(object=_WORD, record=id[:40]))
    if bell.one(gate, person, int(id)) is None:
        raise Refusal(NOT_FOUND(object=_WORD, record=id))
    bell.mark_read(gate, person, [int(id)])
    found = bell.one(gate, person, int(id))
    assert found is not None
    return answer(notice_to_json(found))


def read_notices(call: Call) -> Response:
    """POST notices/read: marks all of mine as read."""
    read_parameters(request)
    if call.actor.person is not None:
        bell.mark_read(call.application.gate, call.actor.person)
    return answer({"unread": 0})


def notice_to_json(found: bell.Rung) -> dict[str, Any]:
    """A notice. `record` is the id of what it is about, `of` says what told it."""
    moment = MomentType()
    return {
        "id": found.id,
        "at": moment.to_json(found.at),
        "title": found.title,
        "text": found.text or None,
        "object": found.object or None,
        "record": found.record,
        "of": found.of or None,
        "read_on": moment.to_json(found.read_on) if found.read_on else None,
    }
