"""Shares of a record: who has been given it, giving it, taking it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request

from engine.fieldtypes.date import Date, MomentType
from engine.permissions.sharing import KINDS
from engine.problems import Refusal, Text
from engine.records.query import Query
from engine.records.reading import Linked
from engine.records.serial import linked_to_json
from engine.records.sharing import (
    MAY_NOT_SHARE,
    Share,
    holder_objects,
    may_share,
    share,
    shareable,
    shares_of,
    unshare,
)
from webapp import messages as say
from webapp.answers import answer
from webapp.api.bodies import body_object
from webapp.api.call import Call
from webapp.api.queries import read_parameters
from webapp.api.records import one

KEYS = (*KINDS, "level", "from", "until", "reason")
_BODY = Text(
    {
        "en": "an object with one of person, team, department, role; level, from, until, reason",
        "zh": "含 person、team、department、role 之一及 level、from、until、reason 的对象",
    }
)
_HIDDEN = Linked(None, None, True)


def list_shares(call: Call, object: str, record: str) -> Response:
    """GET o/<object>/<record>/shares: to whom it is given, for those who may share it."""
    read_parameters(request)
    id = one(call, object, record).id
    gate = call.application.gate
    shareable(gate, object)
    if not may_share(gate, call.actor, object, id):
        raise Refusal(MAY_NOT_SHARE())
    return answer({"items": shares_json(call, shares_of(gate, object, id))})


def add_share(call: Call, object: str, record: str) -> Response:
    """POST o/<object>/<record>/shares: gives it to somebody; answers with the share."""
    read_parameters(request)
    id = one(call, object, record).id
    given = body_object(request)
    unknown = sorted(given.keys() - set(KEYS))
    if unknown:
        raise Refusal(say.BAD_SHAPE(expected=_BODY).on(unknown[0]))
    made = share(call.application.gate, call.actor, object, id, given)
    return answer(shares_json(call, [made])[0], 201)


def end_share(call: Call, object: str, record: str, share_id: int) -> Response:
    """DELETE o/<object>/<record>/shares/<id>: takes it back."""
    read_parameters(request)
    id = one(call, object, record).id
    unshare(call.application.gate, call.actor, object, id, share_id)
    return Response(status=204)


def shares_json(call: Call, shares: Sequence[Share]) -> list[dict[str, Any]]:
    """Shares in JSON form; people and groups that the actor may not see are restricted."""
    names = holders_of(call, shares)
    day, moment = Date(), MomentType()
    return [
        {
            "id": found.id,
            "kind": found.kind,
            "with": linked_to_json(names[found.kind, found.holder]),
            "level": found.level,
            "from": day.to_json(found.from_on),
            "until": day.to_json(found.until_on),
            "reason": found.reason,
            "by": linked_to_json(names["person", found.by]) if found.by is not None else None,
            "at": moment.to_json(found.at),
        }
        for found in shares
    ]


def holders_of(call: Call, shares: Sequence[Share]) -> Mapping[tuple[str, Any], Linked]:
    """With whom records are shared, and by whom, by kind and id, as far as the actor may see."""
    wanted: dict[str, set[int]] = {kind: set() for kind in KINDS}
    found: dict[tuple[str, Any], Linked] = {}
    roles = call.application.catalog.of("role")
    for one_share in shares:
        if one_share.kind == "role":
            role = roles.get(str(one_share.holder))
            label = role.label.in_(call.locale) if role else str(one_share.holder)
            found["role", one_share.holder] = Linked(None, label)
        else:
            wanted[one_share.kind].add(int(one_share.holder))
        if one_share.by is not None:
            wanted["person"].add(one_share.by)
    objects = holder_objects(call.application.gate)
    for kind, ids in wanted.items():
        titles = _titles(call, objects.get(kind, ""), ids)
        found |= {(kind, id): titles.get(id, _HIDDEN) for id in ids}
    return found


def _titles(call: Call, object: str, ids: set[int]) -> dict[int, Linked]:
    if not object or not ids or not call.lens(object).may("read"):
        return {}
    title = call.application.catalog.objects[object].title
    fields = (title,) if call.lens(object).may_read(title) else ("id",)
    query = Query(filters={"id": sorted(ids)}, fields=fields, limit=len(ids))
    page = call.application.reader.page(call.actor, object, query)
    return {r.id: Linked(r.id, str(r.values.get(title) or f"#{r.id}")) for r in page.items}
