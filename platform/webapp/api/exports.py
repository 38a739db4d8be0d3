"""Export over REST: a file at once, or long work where there are many records."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import quote

from flask import Response, request

from engine.problems import Refusal, Text
from engine.records.rights import forbidden
from exchange.export_work import ExportRequest, export_work
from exchange.exporting import ExportOrder, chosen, export_records
from exchange.limits import check
from jobs.work import start_work
from webapp import messages as say
from webapp.answers import answer
from webapp.api.bodies import body_object
from webapp.api.call import Call
from webapp.api.queries import read_parameters

KEYS = ("format", "where", "q", "fields", "reason")
TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MOST_REASON = 500
"""Characters of a reason that are kept."""
_BODY = Text(
    {
        "en": "an object with format (csv, xlsx, json), where, q, fields, reason",
        "zh": "含 format（csv、xlsx、json）、where、q、fields、reason 的对象",
    }
)


def export_records_of(call: Call, object: str) -> Response:
    """POST o/<object>/export: the file, or 202 with the long work that makes it."""
    read_parameters(request)
    definition = call.object(object)
    lens = call.lens(object)
    if not lens.may("export"):
        raise Refusal(forbidden(lens, "export", call.actor.roles))
    given = _given(body_object(request, optional=True))
    order = ExportOrder(object=object, **given)
    gate, reader = call.application.gate, call.application.reader
    check(reader, call.actor, order)
    count = reader.page(call.actor, object, chosen(order, limit=1, count="capped")).count
    if count is not None and not count.exact:
        work = export_work(
            call.application.catalog, ExportRequest(object=object, locale=call.locale, **given)
        )
        id = gate.write(call.actor, lambda tx: start_work(tx, work))
        return answer({"work": id, "page": f"/work/{id}"}, 202)
    out = io.BytesIO()
    export_records(reader, call.actor, order, out)
    name = quote(f"{definition.plural.in_(call.locale)}.{order.format}")
    made = Response(out.getvalue(), content_type=TYPES[order.format])
    made.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return made


def _given(body: dict[str, Any]) -> dict[str, Any]:
    """What the body asks for. Raises Refusal for unknown keys and values of another kind."""
    unknown = sorted(body.keys() - set(KEYS))
    if unknown:
        raise Refusal(say.BAD_SHAPE(expected=_BODY).on(unknown[0]))
    fields = body.get("fields") or []
    texts = {key: body.get(key) or "" for key in ("format", "where", "q", "reason")}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise Refusal(say.BAD_SHAPE(expected=_BODY).on(key))
    if not isinstance(fields, list) or not all(isinstance(one, str) for one in fields):
        raise Refusal(say.BAD_SHAPE(expected=_BODY).on("fields"))
    return {
        "format": texts["format"] or "csv",
        "where": texts["where"],
        "words": texts["q"],
        "fields": tuple(fields),
        "reason": texts["reason"][:MOST_REASON],
    }
