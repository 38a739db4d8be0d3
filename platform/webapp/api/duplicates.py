"""The calls about duplicates: searching before creating, and merging two records."""

from __future__ import annotations

from flask import Response, request

from assembly.merging import merge_records
from engine.matching import messages as say
from engine.matching.searching import search_duplicates
from engine.problems import Refusal, Text
from webapp import messages as web
from webapp.answers import answer
from webapp.api.bodies import body_object
from webapp.api.call import Call
from webapp.api.queries import read_parameters
from webapp.api.records import id_of, written
from webapp.api.versions import expected_version
from webapp.duplicates import candidate_json


def find_duplicates(call: Call, object: str) -> Response:
    """GET o/<object>/duplicates?field=value…: the records that one like this may duplicate."""
    definition = call.object(object)
    if not definition.duplicates:
        raise Refusal(say.NO_RULES(object=definition.label))
    lens = call.lens(object)
    names = dict.fromkeys(
        name for rule in definition.duplicates for name in rule.fields if lens.may_read(name)
    )
    values = {n: v for n, v in read_parameters(request, *names).items() if n in names}
    found = search_duplicates(call.application.gate, call.actor, definition, values)
    return answer({"items": [candidate_json(one, call.locale) for one in found]})


_BODY = Text(
    {
        "en": 'an object {"with": id, "take": {field: "own" or "other"}}',
        "zh": '形如 {"with": id, "take": {字段: "own" 或 "other"}} 的对象',
    }
)


def merge_record(call: Call, object: str, record: str) -> Response:
    """POST o/<object>/<record>/merge: another record becomes part of this one."""
    read_parameters(request)
    call.object(object)
    body = body_object(request)
    other, take = body.get("with"), body.get("take", {})
    usable = isinstance(take, dict) and all(isinstance(v, str) for v in take.values())
    if body.keys() - {"with", "take"} or not usable or isinstance(other, bool):
        raise Refusal(web.BAD_SHAPE(expected=_BODY))
    if not isinstance(other, int | str):
        raise Refusal(web.BAD_SHAPE(expected=_BODY))
    id, second = id_of(call, object, record), id_of(call, object, str(other))
    version = expected_version(request)
    merge_records(call.application.gate, call.actor, object, id, second, take, version)
    call.changed(object)
    return written(call, object, id, 200)
