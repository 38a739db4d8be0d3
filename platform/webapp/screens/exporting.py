"""Export of what a list shows: a few records at once, many as long work."""

from __future__ import annotations

import io

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.objects import Object
from engine.problems import Refusal
from engine.records.rights import forbidden
from exchange.export_work import ExportRequest, export_work
from exchange.exporting import ExportOrder, chosen, export_records
from exchange.limits import REASON, check
from jobs.work import start_work
from webapp.screens.addresses import State
from webapp.screens.here import Here, here
from webapp.screens.listing import chosen_view, columns_of, query_of
from webapp.screens.rendering import page
from webapp.screens.works import download


def _ask_reason(at: Here, definition: Object, refusal: Refusal) -> Response:
    """The page that asks what a large export is for, and goes on with it."""
    kept = [(name, value) for name, value in request.form.items() if name in ("format", "columns")]
    return page(
        "export_reason.html",
        at,
        422,
        object=definition,
        address=request.full_path.rstrip("?"),
        back=request.full_path.replace("/export", "", 1).rstrip("?"),
        kept=kept,
        sentence=at.sentence(refusal.problems[0]),
    )


def export(object: str) -> AnyResponse:
    """The records of the list as a file: at once as far as it counts them, else as long work."""
    at = here()
    definition = at.object(object)
    lens = at.lens(object)
    if not lens.may("export"):
        raise Refusal(forbidden(lens, "export", at.actor.roles))
    state = State.read(object, request.args).first()
    view = chosen_view(at, definition, state)
    query = query_of(at, definition, state, view, ())
    columns = columns_of(at, definition, state, view) if "columns" in request.form else ()
    fields = tuple(column.name for column in columns)
    format = request.form.get("format", "")
    order = ExportOrder(
        object=object,
        where=query.where,
        filters=query.filters,
        words=query.words,
        fields=fields,
        format=format,
        labels=at.locale,
        reason=request.form.get("reason", "")[:500],
    )
    try:
        check(at.reader, at.actor, order)
    except Refusal as refusal:
        if refusal.problems[0].code == REASON.code:
            return _ask_reason(at, definition, refusal)
        raise
    count = at.reader.page(at.actor, object, chosen(order, limit=1, count="capped")).count
    if count is not None and not count.exact:
        wanted = ExportRequest(
            object=object,
            where=order.where,
            filters=order.filters,
            words=order.words,
            fields=fields,
            format=format,
            labels=True,
            locale=at.locale,
            reason=order.reason,
        )
        work = export_work(at.catalog, wanted)
        id = at.gate.write(at.actor, lambda tx: start_work(tx, work))
        return redirect(f"/work/{id}", 303)
    out = io.BytesIO()
    export_records(at.reader, at.actor, order, out)
    return download(out.getvalue(), f"{at.say(definition.plural)}.{format}")
