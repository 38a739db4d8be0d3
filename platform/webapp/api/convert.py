"""Converting a record, and copying one: the calls that make records from a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request

from engine.definition.objects import Object
from engine.problems import Problem, Refusal, Text
from engine.records.changes import CREATE, Change
from engine.records.copying import copy_of
from engine.records.serial import to_json
from engine.records.transaction import Transaction
from webapp import messages as say
from webapp.answers import JSON, answer
from webapp.api.bodies import body_object
from webapp.api.call import Call
from webapp.api.idempotency import IdempotencyKey, Repeated
from webapp.api.queries import read_parameters
from webapp.api.records import carried_out, id_of, one, written
from webapp.api.versions import expected_version
from workflow.conversions.definitions import Conversion
from workflow.conversions.provenance import Origin
from workflow.conversions.service import Conversions, Shown, conversion_of, granted

SPEAKING = ("preview",)
"""The parameter that asks only what would be made."""
_BODY = Text(
    {
        "en": 'an object {"values": {part: {field: value}}}',
        "zh": '形如 {"values": {部分: {字段: 值}}} 的对象',
    }
)


def convert_record(call: Call, object: str, record: str, name: str) -> Response:
    """POST o/<object>/<record>/convert/<name>: makes records from a record, all or nothing."""
    preview = _flag(read_parameters(request, *SPEAKING).get("preview", ""))
    definition = call.object(object)
    conversion = conversion_of(call.application.catalog, definition, name)
    id = id_of(call, object, record)
    values = _values(body_object(request, optional=True))
    if preview:
        return _previewed(call, definition, conversion, id, values)
    service = _service(call)
    key = IdempotencyKey.of(request, call.caller.account.id)

    def enter(tx: Transaction) -> None:
        if key is not None:
            key.enter(tx)

    def note(tx: Transaction, run: int) -> None:
        if key is not None:
            key.note(tx, [run])

    version = expected_version(request)
    try:
        outcome = service.convert(
            call.actor, conversion, id, values, version, before=enter, after=note
        )
    except Repeated as repeated:
        again = _converted(call, object, id, service.of_run(repeated.records[0]))
        if repeated.answer is not None:
            again = Response(repeated.answer, again.status_code, content_type=JSON)
        again.headers["Idempotency-Replayed"] = "true"
        return again
    for changed in {object, *(made.part.object for made in outcome.made.values())}:
        call.changed(changed)
    response = _converted(call, object, id, service.of_run(outcome.run))
    if key is not None:
        key.keep(call.application.gate.databases, response.get_data())
    return response


def copy_record(call: Call, object: str, record: str) -> Response:
    """POST o/<object>/<record>/copy: a new record with the values of another one.

    The body says what is to be different.
    """
    read_parameters(request)
    definition = call.object(object)
    found = one(call, object, record)
    values = body_object(request, optional=True)
    gate = call.application.gate
    given = copy_of(gate, call.actor, definition, found) | values
    key = IdempotencyKey.of(request, call.caller.account.id)

    def respond(ids: list[int]) -> Response:
        return written(call, object, ids[0], 201)

    return carried_out(call, definition, CREATE, [Change(given=given)], key, respond)


def conversions_shown(call: Call, definition: Object) -> list[dict[str, Any]]:
    """The conversions of an object that the actor's roles may carry out, for descriptions."""
    gate, locale = call.application.gate, call.locale
    return [
        {
            "name": conversion.name,
            "label": conversion.label.in_(locale),
            "once": conversion.once,
            "creates": {
                part.name: {"object": part.object, "asks": list(part.asks)}
                for part in conversion.parts.values()
                if gate.lenses.lens(part.object, call.actor.roles).may("read")
            },
        }
        for conversion in call.application.catalog.of("conversion").values()
        if conversion.object == definition.name and granted(gate, call.actor, conversion)
    ]


def _service(call: Call) -> Conversions:
    return Conversions(call.application.gate, call.application.reader)


def _flag(text: str) -> bool:
    return text.lower() in ("1", "true", "yes")


def _values(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of a body, by part and field."""
    unknown = sorted(body.keys() - {"values"})
    if unknown:
        raise Refusal(say.BAD_SHAPE(expected=_BODY).on(unknown[0]))
    values = body.get("values") or {}
    if not isinstance(values, dict):
        raise Refusal(say.BAD_SHAPE(expected=_BODY).on("values"))
    return values


def _converted(call: Call, object: str, id: int, origins: list[Origin]) -> Response:
    """What was made, as the actor reads it; of what they may not see its id only."""
    made = {}
    for origin in origins:
        shown = {"object": origin.target_object, "new": origin.made}
        made[origin.part] = shown | {"record": _read(call, origin.target_object, origin.target)}
    return answer({"made": made, "record": _read(call, object, id)}, 201)


def _read(call: Call, object: str, id: int) -> dict[str, Any]:
    try:
        return to_json(
            call.application.catalog, call.application.reader.one(call.actor, object, id)
        )
    except Refusal:
        return {"id": id}


def _previewed(
    call: Call, definition: Object, conversion: Conversion, id: int, values: Mapping[str, Any]
) -> Response:
    found = _service(call).preview(call.actor, conversion, id, values)
    return answer(
        {
            "preview": True,
            "made": {name: _shown(call, shown) for name, shown in found.parts.items()},
            "problems": [_problem(call, problem) for problem in found.problems],
        }
    )


def _shown(call: Call, shown: Shown) -> dict[str, Any]:
    """A record that does not exist has no id and no number yet, and neither have its lines."""
    record = None
    if shown.record is not None:
        record = to_json(call.application.catalog, shown.record)
        if shown.new:
            for row in (record, *(line for v in record.values() if _are_lines(v) for line in v)):
                row.pop("id", None)
    return {"object": shown.part.object, "new": shown.new, "record": record}


def _are_lines(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and "id" in one for one in value)


def _problem(call: Call, problem: Problem) -> dict[str, Any]:
    return {
        "field": problem.path or None,
        "code": problem.code,
        "message": problem.sentence(call.locale),
        "hint": problem.hint(call.locale) or None,
    }
