"""`/studio/publishing/<id>`: how far publishing is, and how it ended."""

from __future__ import annotations

from flask import Response

from assembly.drafting import read_draft
from assembly.publish_work import PUBLISH, SCENARIOS_FAIL, published
from assembly.revision_changes import revision_changes
from engine.problems import Refusal
from engine.records import messages as say
from engine.schema.state import revisions as read_revisions
from jobs import work
from jobs.work_rows import WorkRow
from webapp.screens.here import Here, here
from webapp.screens.jobs_parts import MOST_DIGITS
from webapp.screens.works_parts import shown
from webapp.studio.parts import studio_page

MOST_CHANGES = 50
WAITS_LONG = 8.0
"""Seconds after which it is told that nobody has begun yet."""


def show_publishing(id: int) -> Response:
    """How far it is; then which revision is in force, or why nothing was changed."""
    at = here()
    row = work.one(at.gate, at.actor, id if len(str(id)) <= MOST_DIGITS else 0)
    if row.kind != PUBLISH:
        raise Refusal(say.NOT_FOUND(object=str(id), record=""))
    seen = shown(at, row)
    revision = _revision(at, row)
    done = revision is not None and at.application.revision >= revision
    with at.gate.databases.reading() as connection:
        changes = len(read_draft(connection).changes())
        told = revision_changes(connection, revision) if revision is not None and done else None
    texts = [at.say(text) for text in told.texts] if told else []
    waited = (at.now - row.at).total_seconds() > WAITS_LONG and row.started is None
    return studio_page(
        "studio_publishing.html",
        at,
        "",
        changes,
        work=seen,
        row=row,
        revision=revision,
        done=done,
        failed=row.over and revision is None,
        waited=waited,
        message=row.params.get("message", ""),
        back_to=row.params.get("plan", {}).get("back_to"),
        texts=texts[:MOST_CHANGES],
        more=max(0, len(texts) - MOST_CHANGES),
        reason=seen.reason,
        despite=row.code in SCENARIOS_FAIL,
    )


def _revision(at: Here, row: WorkRow) -> int | None:
    """The revision that the work has made; None as long as it has made none."""
    if not published(row.cursor):
        return None
    with at.gate.databases.reading() as connection:
        later = [one.id for one in read_revisions(connection) if one.id > row.cursor["after"]]
    return min(later, default=None)
