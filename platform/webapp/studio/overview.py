"""`/studio/`: the revision in force, the draft, and all revisions; `/studio/revisions/<number>`."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request

from assembly.drafting import read_draft
from assembly.revision_changes import revision_changes
from engine.schema.state import Applied
from engine.schema.state import revisions as read_revisions
from webapp.screens.approving import When
from webapp.screens.here import Here, here
from webapp.screens.jobs_parts import when
from webapp.studio.parts import bench, drafted, studio_page, told

PAGE = 25
MOST_CHANGES = 200
"""So many changes of a revision are listed."""


@dataclass(frozen=True, slots=True)
class Line:
    """One revision in the list."""

    id: int
    by: str
    message: str
    at: When
    digest: str
    current: bool


def show_overview() -> Response:
    """What is in force, what is drafted, what has been published before."""
    at = here()
    on = bench(at)
    loaded = on.loaded()
    with at.gate.databases.reading() as connection:
        revisions = read_revisions(connection)
    before = request.args.get("before", "")
    first = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    listed = [one for one in revisions if first is None or one.id < first]
    changed = drafted(at, on.draft, loaded)
    return studio_page(
        "studio.html",
        at,
        "/studio/",
        len(changed),
        now=_line(at, revisions[0], on.revision),
        drafted=changed,
        problems=list(told(at, loaded.problems))[:5],
        revisions=[_line(at, one, on.revision) for one in listed[:PAGE]],
        following=listed[PAGE - 1].id if len(listed) > PAGE else None,
    )


def show_revision(number: int) -> Response:
    """One revision: who published it, when and why, and what it changed."""
    at = here()
    with at.gate.databases.reading() as connection:
        found = revision_changes(connection, number)
        changes = len(read_draft(connection).changes())
        latest = read_revisions(connection)[0].id
    texts = [at.say(text) for text in found.texts]
    return studio_page(
        "studio_revision.html",
        at,
        "",
        changes,
        one=_line(at, found.one, latest),
        former=found.former,
        texts=texts[:MOST_CHANGES],
        more=max(0, len(texts) - MOST_CHANGES),
        batch=found.batch,
        back=found.back,
        definitions=found.definitions,
        rehearsed=found.one.rehearsed,
    )


def _line(at: Here, one: Applied, current: int | None) -> Line:
    return Line(
        id=one.id,
        by=one.by,
        message=one.message,
        at=when(at, one.at),
        digest=one.digest[:12],
        current=one.id == current,
    )
