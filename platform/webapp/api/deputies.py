"""Deputies: who stands in for me, for whom I stand in, naming one, taking one back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request

from engine.fieldtypes.date import Date, MomentType
from engine.problems import Refusal, Text
from engine.records import messages as records
from engine.records.deputies import (
    MAY_NOT_NAME,
    Deputy,
    deputies_of,
    may_name_any,
    name_deputy,
    revoke_deputy,
)
from engine.records.query import Query
from engine.records.reading import Linked
from engine.records.serial import linked_to_json
from webapp import messages as say
from webapp.answers import answer
from webapp.api.bodies import body_object
from webapp.api.call import Call
from webapp.api.queries import read_parameters

KEYS = ("person", "deputy", "from", "until", "what", "reason")
_BODY = Text(
    {
        "en": "an object with deputy and until, and from, what, reason, person where wanted",
        "zh": "含 deputy 和 until（可选 from、what、reason、person）的对象",
    }
)


def list_deputies(call: Call) -> Response:
    """GET me/deputies: mine, and those for whom I stand in; of others for administrators."""
    given = read_parameters(request, "person")
    gate = call.application.gate
    person = call.actor.person
    if wanted := given.get("person"):
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19):
            raise Refusal(records.BAD_QUERY(key="person", found=wanted[:40], expected=Text.of("7")))
        person = int(wanted)
    if person != call.actor.person and not may_name_any(gate, call.actor):
        raise Refusal(MAY_NOT_NAME().on("person"))
    mine = deputies_of(gate, [person]) if person is not None else []
    others = deputies_of(gate, standing_in=person) if person is not None else []
    return answer(
        {"items": deputies_json(call, mine), "standing_in_for": deputies_json(call, others)}
    )


def add_deputy(call: Call) -> Response:
    """POST me/deputies: names a deputy; answers with what was kept."""
    read_parameters(request)
    given = body_object(request)
    unknown = sorted(given.keys() - set(KEYS))
    if unknown:
        raise Refusal(say.BAD_SHAPE(expected=_BODY).on(unknown[0]))
    made = name_deputy(call.application.gate, call.actor, given)
    call.shell.actors.look_again()
    return answer(deputies_json(call, [made])[0], 201)


def end_deputy(call: Call, deputy_id: int) -> Response:
    """DELETE me/deputies/<id>: takes it back."""
    read_parameters(request)
    revoke_deputy(call.application.gate, call.actor, deputy_id)
    call.shell.actors.look_again()
    return Response(status=204)


def deputies_json(call: Call, found: Sequence[Deputy]) -> list[dict[str, Any]]:
    """Deputies in JSON form; people whom the actor may not see are restricted."""
    names = people_in(call, found)
    day, moment = Date(), MomentType()
    return [
        {
            "id": one.id,
            "person": linked_to_json(names[one.person]),
            "deputy": linked_to_json(names[one.deputy]),
            "from": day.to_json(one.from_on),
            "until": day.to_json(one.until_on),
            "what": one.what,
            "reason": one.reason,
            "by": linked_to_json(names[one.by]) if one.by is not None else None,
            "at": moment.to_json(one.at),
        }
        for one in found
    ]


def people_in(call: Call, found: Sequence[Deputy]) -> Mapping[int, Linked]:
    """The people whom deputies name, by id, as far as the actor may see them."""
    ids = {id for one in found for id in (one.person, one.deputy, one.by) if id is not None}
    hidden = dict.fromkeys(ids, Linked(None, None, True))
    people = call.application.catalog.site.person
    if not ids or not call.lens(people).may("read"):
        return hidden
    title = call.application.catalog.objects[people].title
    fields = (title,) if call.lens(people).may_read(title) else ("id",)
    query = Query(filters={"id": sorted(ids)}, fields=fields, limit=len(ids))
    page = call.application.reader.page(call.actor, people, query)
    seen = {r.id: Linked(r.id, str(r.values.get(title) or f"#{r.id}")) for r in page.items}
    return hidden | seen
