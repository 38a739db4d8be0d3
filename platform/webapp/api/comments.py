"""Comments on a record, for whoever may read it."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from engine.fieldtypes.date import MomentType
from engine.problems import Refusal, Text
from engine.records.query import Query
from engine.records.reading import Linked
from engine.records.serial import linked_to_json
from notices.comments import add_comment, comments_of
from webapp import messages as say
from webapp.answers import answer
from webapp.api.bodies import body_object
from webapp.api.call import Call
from webapp.api.queries import read_parameters
from webapp.api.records import one

_TEXT = Text({"en": "an object with one text", "zh": "只含一个 text 文本的对象"})
_HIDDEN = Linked(None, None, True)


def list_comments(call: Call, object: str, record: str) -> Response:
    """GET o/<object>/<record>/comments: the latest ones, the newest first."""
    read_parameters(request)
    return answer({"items": _comments(call, object, one(call, object, record).id)})


def post_comment(call: Call, object: str, record: str) -> Response:
    """POST o/<object>/<record>/comments: `{"text": …}`; answers with the comment."""
    read_parameters(request)
    found = one(call, object, record)
    given = body_object(request)
    text = given.get("text")
    if set(given) != {"text"} or not isinstance(text, str):
        raise Refusal(say.BAD_SHAPE(expected=_TEXT))
    application = call.application
    add_comment(application.gate, application.reader, call.actor, object, found.id, text)
    return answer(_comments(call, object, found.id)[0], 201)


def _comments(call: Call, object: str, id: int) -> list[dict[str, Any]]:
    application = call.application
    found = comments_of(application.gate, application.reader, call.actor, object, id)
    people = _people(call, {c.person for c in found if c.person is not None})
    moment = MomentType()
    return [
        {
            "id": c.id,
            "at": moment.to_json(c.at),
            "by": linked_to_json(people.get(c.person, _HIDDEN) if c.person else None),
            "text": c.text,
        }
        for c in found
    ]


def _people(call: Call, ids: set[int]) -> dict[int, Linked]:
    """The people whom the actor may see, with their titles."""
    catalog = call.application.catalog
    object = catalog.user_object
    if not object or not ids or not call.lens(object).may("read"):
        return {}
    title = catalog.objects[object].title
    if not call.lens(object).may_read(title):
        return {}
    query = Query(filters={"id": sorted(ids)}, fields=(title,), limit=len(ids))
    page = call.application.reader.page(call.actor, object, query)
    return {item.id: Linked(item.id, str(item.values[title])) for item in page.items}
