"""Effects as the screens show them: a line of the list, and everything about one."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass

from engine.problems import Refusal, Text
from engine.records.query import Query
from jobs.labels import label_of
from jobs.states import Count, Job
from jobs.tables import CANCELLED, DEFAULT, FAILED, RUNNING, SLOW, URGENT, WAITING
from jobs.work import EFFECT
from webapp.screens.approving import When
from webapp.screens.dates import exact_moment, near_moment
from webapp.screens.filters import titled
from webapp.screens.here import Here

COLOURS = {RUNNING: "blue", WAITING: "amber", FAILED: "red", "done": "green"}
STATES = {
    RUNNING: "state_running", WAITING: "state_waiting", FAILED: "state_failed",
    "done": "state_done", CANCELLED: "state_cancelled",
}  # fmt: skip
MOST_DIGITS = 18
"""Longer ids are nobody's."""
QUEUES = {URGENT: "queue_urgent", DEFAULT: "queue_default", SLOW: "queue_slow"}


@dataclass(frozen=True, slots=True)
class Line:
    """One effect in the list. `address` and `record` are of the record that it is about."""

    id: int
    kind: str
    status: str
    state: str
    colour: str
    address: str
    record: str
    object: str
    attempts: int
    reason: str
    when: When
    retries: bool
    cancels: bool


@dataclass(frozen=True, slots=True)
class Details:
    """What the page of an effect says besides its line."""

    facts: list[tuple[str, str, str]]
    """Label, text, and the exact moment where the text is one."""
    payload: str
    code: str


def kind_text(at: Here, kind: str) -> str:
    """What a kind of effect is called."""
    return label_of(kind).in_(at.locale)


def counted(count: Count) -> str:
    """A figure for a tab."""
    return f"{count.value:,}{'' if count.exact else '+'}"


def when(at: Here, moment: dt.datetime) -> When:
    """A moment, past or to come."""
    return When(_near(at, moment), exact_moment(moment, at.zone), moment.isoformat())


def _near(at: Here, moment: dt.datetime) -> str:
    ahead = (moment - at.now).total_seconds()
    if 0 < ahead < 90:
        return at.t("in_seconds", n=max(1, round(ahead)))
    if 0 < ahead < 3600:
        return at.t("in_minutes", n=round(ahead / 60))
    return near_moment(moment, at.now, at.zone, at.locale)


def lines_of(at: Here, jobs: Sequence[Job]) -> list[Line]:
    """The lines of a page."""
    titles = _titles(at, jobs)
    return [_line(at, job, titles) for job in jobs]


def _line(at: Here, job: Job, titles: dict[tuple[str, int], str]) -> Line:
    definition = at.catalog.objects.get(job.object)
    known = job.record is not None and (job.object, job.record) in titles
    address = f"/o/{job.object}/{job.record}" if known else ""
    record = titles[job.object, job.record or 0] if known else _unknown(job)
    if job.kind == EFFECT and isinstance(job.payload.get("work"), int):
        address, record = f"/work/{job.payload['work']}", f"#{job.payload['work']}"
    return Line(
        id=job.id,
        kind=kind_text(at, job.kind),
        status=job.status,
        state=at.t(STATES[job.status]),
        colour=COLOURS.get(job.status, "grey"),
        address=address,
        record=record,
        object="" if job.kind == EFFECT else at.say(definition.label) if definition else job.object,
        attempts=job.attempts,
        reason=sentence(at, job.problem),
        when=when(at, _moment(at, job)),
        retries=job.status in (FAILED, CANCELLED),
        cancels=job.status in (WAITING, FAILED),
    )


def sentence(at: Here, problem: Text | None) -> str:
    """A stored problem in the reader's language."""
    text = problem.in_(at.locale) if problem else ""
    return text[:1].upper() + text[1:]


def _unknown(job: Job) -> str:
    return f"#{job.record}" if job.record is not None else ""


def _moment(at: Here, job: Job) -> dt.datetime:
    """What its state is about: when it may begin, when it was asked for, when it ended."""
    if job.status == WAITING:
        return job.due or job.at
    return job.at if job.status == RUNNING else job.finished or job.at


def _titles(at: Here, jobs: Sequence[Job]) -> dict[tuple[str, int], str]:
    """The titles of the records that the actor may read, one question per object."""
    found: dict[tuple[str, int], str] = {}
    wanted: dict[str, set[int]] = {}
    for job in jobs:
        if job.record is not None and job.object in at.catalog.objects:
            wanted.setdefault(job.object, set()).add(job.record)
    for object, ids in wanted.items():
        definition, lens = at.catalog.objects[object], at.lens(object)
        if definition.parent:
            continue
        names = dict.fromkeys((definition.title, "number"))
        fields = tuple(n for n in names if n in definition.fields and lens.may_read(n))
        query = Query(filters={"id": sorted(ids)}, fields=fields, limit=len(ids))
        try:
            items = at.reader.page(at.actor, object, query).items
        except Refusal:
            continue
        for item in items:
            found[object, item.id] = titled(definition, item.values, item.id)
    return found


def details_of(at: Here, job: Job) -> Details:
    """Everything about one effect."""
    moments = [
        ("job_asked", job.at),
        ("job_due", job.due if job.status == WAITING else None),
        ("job_lease", job.lease if job.status == RUNNING else None),
        ("job_finished", job.finished),
    ]
    texts = [
        ("job_attempts", str(job.attempts)),
        ("job_queue", at.t(QUEUES[job.queue]) if job.queue in QUEUES else job.queue),
        ("job_holder", job.holder if job.status == RUNNING else ""),
        ("job_key", job.key),
        ("job_trace", job.trace),
    ]
    facts = [(at.t(key), _near(at, m), exact_moment(m, at.zone)) for key, m in moments if m]
    facts += [(at.t(key), text, "") for key, text in texts if text]
    payload = json.dumps(job.payload, ensure_ascii=False, indent=2)
    return Details(facts, "" if payload == "{}" else payload, job.code)
