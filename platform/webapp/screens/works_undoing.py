"""Taking back what long work wrote: what would go back and what could not, then doing it."""

from __future__ import annotations

from flask import Response, jsonify, redirect
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Message, Refusal
from exchange.undo_work import try_undo, undo_work
from jobs.work import start_work
from jobs.work_links import undo_of_work
from jobs.work_messages import UNDONE
from jobs.work_rows import WorkRow
from webapp.screens.here import Here, here
from webapp.screens.problems import refusal_json, wants_json
from webapp.screens.rendering import page
from webapp.screens.works import one, undoes
from webapp.screens.works_parts import counts_of, shown
from webapp.screens.works_rows import MOST, line_of

MOST_TRIED = 1_000
"""Records for which it is tried beforehand, since nobody else can write meanwhile."""

NOTHING_TO_UNDO = Message(
    "work-nothing-to-undo",
    en="long work {id} wrote nothing that could be taken back",
    zh="批量任务 {id} 没有可以撤销的内容",
    hint_en="wait until it is over, if it still runs",
    hint_zh="如果仍在执行，请等待其结束",
)


def ask_undo(id: int) -> Response:
    """What would go back, and what could not."""
    at = here()
    row = _undoable(at, id)
    assert row.batch is not None
    work = undo_work(at.gate, at.actor, row.batch, at.locale)
    total = work.total or 0
    tally = try_undo(at.gate, at.actor, row.batch) if total <= MOST_TRIED else None
    said = tally.said[:MOST] if tally else []
    return page(
        "work_undo.html",
        at,
        work=shown(at, row),
        total=total,
        tried=tally is not None,
        counts=counts_of(at, tally.counts) if tally else [],
        lines=[line_of(at, row.object, dict(data)) for _, data in said],
    )


def undo(id: int) -> AnyResponse:
    """Starts taking it back."""
    at = here()
    try:
        row = _undoable(at, id)
        assert row.batch is not None
        work = undo_work(at.gate, at.actor, row.batch, at.locale)
    except Refusal as refusal:
        if wants_json():
            return refusal_json(at, refusal)
        raise
    started = at.gate.write(at.actor, lambda tx: start_work(tx, work))
    if wants_json():
        return jsonify(location=f"/work/{started}", told=at.t("told_undoing"))
    return redirect(f"/work/{started}", 303)


def _undoable(at: Here, id: int) -> WorkRow:
    row = one(at, id)
    if not undoes(row):
        raise Refusal(NOTHING_TO_UNDO(id=row.id))
    if (undo := undo_of_work(at.gate, row)) is not None:
        raise Refusal(UNDONE(id=row.id, undo=undo))
    return row
