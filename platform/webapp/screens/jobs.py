"""What happens later, for administrators: `/jobs` by state, `/jobs/<id>`, and acting on them."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Refusal
from jobs.acting import cancel, retry, retry_failed
from jobs.states import JobQuery, Jobs
from jobs.tables import CANCELLED, DONE, FAILED, RUNNING, WAITING
from webapp.screens.here import Here, here
from webapp.screens.jobs_figure import look_again
from webapp.screens.jobs_parts import MOST_DIGITS, counted, details_of, kind_text, lines_of
from webapp.screens.problems import refusal_json, wants_json
from webapp.screens.rendering import page

TABS = ((RUNNING, "jobs_running"), (WAITING, "jobs_waiting"), (FAILED, "jobs_failed"),
        (DONE, "jobs_done"), (CANCELLED, "jobs_cancelled"))  # fmt: skip
EMPTY = {
    RUNNING: ("moon", "no_running", "no_running_text"),
    WAITING: ("inbox", "no_waiting", "no_waiting_text"),
    FAILED: ("circle-check", "no_failed", "no_failed_text"),
    DONE: ("history", "no_done", "no_done_text"),
    CANCELLED: ("history", "no_cancelled", "no_cancelled_text"),
}


def show_jobs() -> Response:
    """The effects of one state; those that failed first, if there are any."""
    at = here()
    jobs = Jobs(at.gate)
    counts = jobs.counts(at.actor)
    status = request.args.get("show", "") or (FAILED if counts[FAILED].value else WAITING)
    query = JobQuery(
        status=status,
        kind=request.args.get("kind", "")[:80],
        after=request.args.get("after", ""),
    )
    found = jobs.page(at.actor, query)
    kinds = jobs.failed_kinds(at.actor) if status == FAILED else {}
    symbol, title, text = EMPTY[status]
    return page(
        "jobs.html",
        at,
        shown=status,
        kind=query.kind,
        tabs=[(name, at.t(label), counted(counts[name])) for name, label in TABS],
        kinds=[(kind, kind_text(at, kind), number) for kind, number in kinds.items()],
        lines=lines_of(at, found.items),
        following=found.next,
        first=not query.after,
        empty=(symbol, at.t(title), at.t(text)),
    )


def show_job(id: int) -> Response:
    """One effect: what it is about, what became of it, what can be done."""
    at = here()
    job = Jobs(at.gate).one(at.actor, _usable(id))
    (line,) = lines_of(at, [job])
    return page("jobs_one.html", at, line=line, details=details_of(at, job))


def act(id: int, what: str) -> AnyResponse:
    """Retries or cancels one effect."""
    at = here()

    def work() -> str:
        if what == "retry":
            retry(at.gate, at.actor, _usable(id))
            return at.t("told_retried")
        cancel(at.gate, at.actor, _usable(id))
        return at.t("told_cancelled")

    return _told(at, work)


def retry_kind() -> AnyResponse:
    """Retries what failed of one kind."""
    at = here()
    kind = request.form.get("kind", "") or request.args.get("kind", "")
    return _told(
        at, lambda: at.t("told_retried_many", n=retry_failed(at.gate, at.actor, kind[:80]))
    )


def _told(at: Here, work: Any) -> AnyResponse:
    """Scripts are told what was done, or what speaks against it; plain forms are led back."""
    try:
        told = work()
    except Refusal as refusal:
        if wants_json():
            return refusal_json(at, refusal)
        raise
    look_again()
    if wants_json():
        return jsonify(told=told)
    return redirect("/jobs", 303)


def _usable(id: int) -> int:
    """An id that a column can hold: 0, which no effect has, for any other."""
    return id if len(str(id)) <= MOST_DIGITS else 0
