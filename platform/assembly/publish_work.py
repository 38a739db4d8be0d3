"""Publishing as long work: what was shown in the browser is carried out in the background.

1. Whoever publishes agreed to a plan. It is kept with the work, and made anew when the work runs:
   if it is another one by then, nothing is done, and the work says what differs.
2. In the transaction of the publication the work notes that it has published. A process that
   dies afterwards, or that is on the old revision by then, finds the note and only ends the work.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from assembly.application import Application
from assembly.drafting import back_proposal, discard_draft, draft_proposal
from assembly.kept_plans import KeptPlan, kept, kept_plan, refuse_drift
from assembly.publishing import Order, Proposal, publish
from engine.problems import Message, Problem, Refusal, Text
from engine.schema.backfilling import Progress
from engine.schema.planning import Plan
from engine.schema.publishing import Hook
from engine.schema.state import Rehearsed
from jobs.handlers import LeaseLost
from jobs.work import ADMINISTER, Work
from jobs.work_ongoing import Asked, Ongoing
from jobs.work_running import WorkKind
from jobs.work_tables import WORK

PUBLISH = "publish"
PATIENCE = 600.0
"""Seconds for which nobody else takes the work over; only then a process that died is noticed."""
TITLES: Mapping[bool, Mapping[str, str]] = {
    False: {"en": "Publish the draft", "zh": "发布草稿"},
    True: {"en": "Go back to revision {number}", "zh": "回退到版本 {number}"},
}
SCENARIOS_FAIL = ("scenarios-fail", "scenarios-unplayed")
"""The codes of a refusal that somebody can take upon themselves, by a reason."""
REFUSED = Message("not-published", en="{what}", zh="{what}")
"""All that stands in the way, as the one problem that work has; its code is that of the first."""


Rehearse = Callable[[Proposal, str, Callable[[int, int], object]], Rehearsed | None]
"""Plays the scenarios of a proposal: given the reason for which failures do not stand in the way
(empty: they do), and what is told how many have been played of how many. Gives what the revision
keeps of it; raises Refusal when some fail."""


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """What publishing needs of the rooms above.

    `extra` gives the tables of libraries (accounts), `hooks` is what happens in the transaction
    (roles are mirrored), `tell` says to other processes that there is a revision, `rehearse`
    plays the scenarios of `folders` before anything is touched, and `running` is the application
    that runs.
    """

    extra: Callable[[], Sequence[sa.MetaData]] = tuple
    hooks: Sequence[Hook] = ()
    tell: Callable[[int], object] = field(default=lambda revision: None)
    rehearse: Rehearse = field(default=lambda proposed, despite, telling: None)
    folders: Sequence[Path] = ()
    running: Callable[[], Application | None] = field(default=lambda: None)


def publish_work(
    made: Plan,
    *,
    message: str,
    allow_loss: bool,
    answered: bool,
    back_to: int | None = None,
    with_files: bool = False,
    despite: str = "",
) -> Work:
    """The long work that carries out the plan that was shown.

    `with_files`: the files of the browser layer go back with a way back, what is drafted too.
    `despite` is the reason for which scenarios that fail do not stand in the way.
    """
    title = {
        locale: text.format(number=back_to) for locale, text in TITLES[back_to is not None].items()
    }
    params = {
        "plan": kept(made, back_to),
        "message": message,
        "allow_loss": allow_loss,
        "answered": answered,
        "with_files": with_files,
        "despite": despite,
    }
    return Work(kind=PUBLISH, title=title, params=params)


def published(cursor: Mapping[str, Any]) -> bool:
    """Whether the work has published, by its cursor."""
    return bool(cursor.get("published"))


def publish_kind(publisher: Publisher) -> WorkKind:
    """What carries it out."""
    return WorkKind(PUBLISH, partial(_run, publisher), resumable=False)


def _run(publisher: Publisher, ongoing: Ongoing) -> None:
    if published(ongoing.cursor):
        return
    ongoing.gate.require_right(ongoing.actor, ADMINISTER)
    ongoing.running.beat(PATIENCE)
    params = ongoing.row.params
    plan = kept_plan(params["plan"])
    try:
        _publish(publisher, ongoing, plan)
    except Refusal as refusal:
        if len(refusal.problems) == 1:
            raise
        first = refusal.problems[0].code
        raise Refusal(replace(REFUSED, code=first)(what=_joined(refusal))) from None


def _publish(publisher: Publisher, ongoing: Ongoing, plan: KeptPlan) -> None:
    databases, row = ongoing.gate.databases, ongoing.row
    if plan.back_to is None:
        proposed = draft_proposal(databases, publisher.extra(), publisher.folders)
    else:
        proposed = back_proposal(databases, publisher.extra(), plan.back_to)
    refuse_drift(plan, proposed.plan)
    despite = str(row.params.get("despite") or "")
    played = publisher.rehearse(proposed, despite, partial(_shown, ongoing))
    order = Order(
        by=row.name,
        person=row.person,
        via=row.via,
        message=row.params["message"],
        allow_loss=row.params["allow_loss"],
        answered=row.params["answered"],
        rehearsed=played,
    )
    hooks: list[Hook] = [*publisher.hooks, partial(_note, ongoing.gate.tables.system(WORK), row.id)]
    if plan.back_to is not None and row.params.get("with_files"):
        hooks.append(_files_back(row.name, ongoing.gate.clock(), plan.back_to))
    former, clock = publisher.running(), ongoing.gate.clock
    shown = partial(_show, ongoing)
    publish(proposed, order, hooks, publisher.tell, clock, former, shown)


def _shown(ongoing: Ongoing, done: int, total: int) -> None:
    """Shows how many scenarios have been played; ends the work where that is wanted."""
    ongoing.done, ongoing.total = done, total
    ongoing.heed()


def _show(ongoing: Ongoing, progress: Progress) -> None:
    """Shows how far it is with a large table, and keeps the work; it never stops publishing.

    On SQLite all is one transaction, which nobody could write beside.
    """
    if ongoing.gate.dialect == "sqlite":
        return
    with suppress(Asked, LeaseLost, DBAPIError):
        ongoing.glance(progress.done, progress.total)
    with suppress(LeaseLost, DBAPIError):
        ongoing.running.beat(PATIENCE)


def _files_back(by: str, now: dt.datetime, revision: int) -> Hook:
    """A hook: the browser layer has the files of the revision that is gone back to."""

    def hook(connection: sa.Connection, made: Plan) -> None:
        discard_draft(connection, by, now, revision=revision)

    return hook


def _note(work: sa.Table, id: int, connection: sa.Connection, made: Plan) -> None:
    """A hook: the work has published, after the revision that was in force."""
    cursor = {"published": True, "after": made.applied.id if made.applied else 0}
    values = {"cursor": json.dumps(cursor)}
    connection.execute(sa.update(work).where(work.c.id == id).values(values))


def _joined(refusal: Refusal) -> Text:
    """All sentences of a refusal as one text, each on a line of its own with its place.

    What to do about scenarios that fail is up to the page: its hint speaks of the command line.
    """
    return Text(
        {
            locale: "\n".join(
                f"{problem.place or ''} {_said(problem, locale)}".strip()
                for problem in refusal.problems
            )
            for locale in ("en", "zh")
        }
    )


def _said(problem: Problem, locale: str) -> str:
    own = problem.code in SCENARIOS_FAIL
    return problem.sentence(locale) if own else problem.advice(locale)
