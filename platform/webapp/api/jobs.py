"""The calls on background jobs, for those who administer: listing, retrying, cancelling."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, request

from engine.permissions.actors import Actor
from engine.problems import Refusal
from engine.records.gate import Gate
from jobs import acting
from jobs import state_messages as say
from jobs.labels import label_of
from jobs.states import Job, JobQuery, Jobs
from jobs.tables import FAILED
from webapp import messages
from webapp.answers import answer
from webapp.api.call import Call
from webapp.api.queries import read_limit, read_parameters

ACTS: Mapping[str, Callable[[Gate, Actor, int], None]] = {
    "retry": acting.retry,
    "cancel": acting.cancel,
}


def list_jobs(call: Call) -> Response:
    """GET jobs: those of one `status` ("failed" unless given), with how many there are of each."""
    given = read_parameters(request, "status", "kind", "limit", "after")
    jobs = Jobs(call.application.gate)
    query = JobQuery(
        status=given.get("status", FAILED),
        kind=given.get("kind", ""),
        limit=read_limit(given.get("limit")),
        after=given.get("after", ""),
    )
    page = jobs.page(call.actor, query)
    counts = jobs.counts(call.actor)
    return answer(
        {
            "items": [job_to_json(job, call.locale) for job in page.items],
            "next": page.next,
            "counts": {s: {"value": c.value, "exact": c.exact} for s, c in counts.items()},
        }
    )


def get_job(call: Call, id: str) -> Response:
    """GET jobs/<id>."""
    read_parameters(request)
    job = Jobs(call.application.gate).one(call.actor, _number(id))
    return answer(job_to_json(job, call.locale))


def act_on_job(call: Call, id: str, what: str) -> Response:
    """POST jobs/<id>/retry or cancel; answers the job as it is then."""
    read_parameters(request)
    act = ACTS.get(what)
    if act is None:
        raise Refusal(messages.NO_SUCH_PAGE())
    gate = call.application.gate
    act(gate, call.actor, _number(id))
    return answer(job_to_json(Jobs(gate).one(call.actor, _number(id)), call.locale))


def job_to_json(job: Job, locale: str) -> dict[str, Any]:
    """A job, its payload redacted, its reason in the caller's language."""
    reason = {"code": job.code, "message": job.problem.in_(locale)} if job.problem else None
    return {
        "id": job.id,
        "kind": job.kind,
        "label": label_of(job.kind).in_(locale),
        "status": job.status,
        "queue": job.queue,
        "object": job.object or None,
        "record": job.record,
        "attempts": job.attempts,
        "asked_on": _moment(job.at),
        "due": _moment(job.due),
        "finished": _moment(job.finished),
        "holder": job.holder or None,
        "lease": _moment(job.lease),
        "trace": job.trace or None,
        "key": job.key or None,
        "payload": job.payload,
        "problem": reason,
    }


def _number(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    raise Refusal(say.NO_JOB(id=repr(text[:40])))


def _moment(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
