"""Carrying long work out: the handler of the effect `work`, and the kinds of work.

A kind is given the work as `jobs.work_ongoing.Ongoing` and does it in chunks. Work whose rights,
kind or asker are gone has failed; what nobody foresaw is tried again where it stands.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from engine.files import Files
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Refusal
from engine.records.gate import Gate
from engine.schema.fence import StaleRevision
from engine.schema.since import Since, since
from jobs import messages as jobs_say
from jobs import work_messages as say
from jobs.claims import stored_problem
from jobs.handlers import Handler, Hopeless, Later, LeaseLost, Running
from jobs.work import EFFECT
from jobs.work_ongoing import Asked, Halted, Ongoing, Told, ongoing_of
from jobs.work_rows import WorkRow, work_row
from jobs.work_tables import CANCEL, CANCELLED, DONE, FAILED, PAUSE, PAUSED, RUNNING, WAITING, WORK

log = logging.getLogger("formwright.jobs")

TRIES = 20
"""Runs that may end by a crash or an unexpected error, without the work having come any further,
before it has failed."""
ATTEMPTS = 10_000
"""Attempts of the effect; it is the work that counts how often it was tried in vain."""
SLICE = 60.0
"""Seconds after which work lets other work have its turn."""
LONGEST = 86_400.0
"""Seconds that one attempt may take. Every chunk renews the lease, so a crash is seen sooner."""


Renaming = Callable[[Mapping[str, Any], Since], Mapping[str, Any]]
"""Gives the parameters of long work present names."""


@dataclass(frozen=True)
class WorkKind:
    """What carries out one kind of long work: `run` returns when it is done.

    It writes in `Ongoing.chunk` only. A Refusal from it is why the work failed. Work that is not
    `resumable` begins anew after an interruption. `renamed` gives the parameters of work that was
    asked for under an earlier revision the names of today.
    """

    name: str
    run: Callable[[Ongoing], None]
    resumable: bool = True
    renamed: Renaming = lambda params, since: params


Acting = Callable[[Gate, WorkRow], Actor | None]
"""As whom work acts, found out anew whenever it runs; None for somebody who cannot sign in."""


@dataclass(frozen=True)
class Workshop:
    """What all long work uses: its kinds, the store for its files, and who knows people."""

    kinds: Mapping[str, WorkKind]
    files: Files
    acting: Acting
    told: Told = lambda tx, row: None


def work_handler(workshop: Workshop) -> Handler:
    """What carries out the effect `work`."""
    return Handler(
        kind=EFFECT,
        run=lambda running: carry_out(running, workshop),
        timeout=LONGEST,
        beats=True,
        attempts=ATTEMPTS,
    )


def carry_out(running: Running, workshop: Workshop) -> None:
    """Runs the work of an effect, from where it stands."""
    running.beat(running.claims.lease)  # instead of the time that the attempt may take at most
    row = _begin(running)
    if row is None:
        return
    actor = workshop.acting(running.gate, row)
    kind = workshop.kinds.get(row.kind)
    if kind is not None:
        row = by_present_names(running.gate, row, kind.renamed)
    ongoing = ongoing_of(running, row, actor or SYSTEM, workshop.files)
    if actor is None:
        ongoing.end(FAILED, say.NOBODY(), workshop.told)
    elif kind is None:
        ongoing.end(FAILED, say.UNKNOWN_KIND(kind=row.kind), workshop.told)
    elif row.tries > TRIES:
        ongoing.end(FAILED, jobs_say.NEVER_ENDED(attempts=TRIES), workshop.told)
    else:
        ongoing.resumable = kind.resumable
        if kind.resumable:
            ongoing.until = time.monotonic() + SLICE
        _run(ongoing, kind, workshop)


def by_present_names(gate: Gate, row: WorkRow, renamed: Renaming) -> WorkRow:
    """The work with the names that things have today (rule 1)."""
    if row.revision is None or row.revision == gate.revision:
        return row
    with gate.databases.reading() as connection:
        changed = since(connection, row.revision, gate.catalog)
    if not changed.renamed:
        return row
    return replace(row, object=changed.object(row.object), params=renamed(row.params, changed))


def _run(ongoing: Ongoing, kind: WorkKind, workshop: Workshop) -> None:
    """Runs the work to its end, its pause or its failure."""
    try:
        kind.run(ongoing)
    except Halted:
        return
    except Asked:
        ongoing.halt()
        return
    except Refusal as refusal:
        ongoing.end(FAILED, refusal.problems[0], workshop.told)
        return
    except (StaleRevision, LeaseLost, Later, Hopeless):
        raise
    except Exception as error:
        if ongoing.tries < TRIES:
            raise  # it waits, and goes on where it stands
        log.exception("work failed", extra={"work": ongoing.row.id, "kind": ongoing.row.kind})
        trace = ongoing.running.effect.trace
        problem = jobs_say.UNEXPECTED(why=type(error).__name__, trace=trace)
        ongoing.end(FAILED, problem, workshop.told)
        return
    ongoing.end(DONE, None, workshop.told)


def _begin(running: Running) -> WorkRow | None:
    """Marks the work as running; None when there is nothing to do any more."""
    id = running.effect.payload["work"]
    with running.gate.transaction(SYSTEM) as tx:
        t = tx.tables.system(WORK)
        found = tx.connection.execute(sa.select(t).where(t.c.id == id).with_for_update())
        row = found.mappings().first()
        mine = row is not None and row["effect"] == running.effect.id
        if row is None or not mine or row["status"] not in (WAITING, RUNNING):
            running.finish(tx)
            return None
        values: dict[str, Any] = {
            "began": tx.now, "beat": tx.now, "begun_at": row["done"], "tries": row["tries"] + 1,
        }  # fmt: skip
        if running.effect.payload.get("here") and not row["wanted"]:
            values |= {"status": PAUSED, "problem": stored_problem(say.LEFT())}
        elif row["wanted"] == PAUSE:
            values |= {"status": PAUSED, "wanted": ""}
        elif row["wanted"] == CANCEL:
            values |= {"status": CANCELLED, "wanted": "", "finished": tx.now}
        else:
            values |= {"status": RUNNING, "started": row["started"] or tx.now}
        tx.connection.execute(sa.update(t).where(t.c.id == id).values(values))
        if values["status"] != RUNNING:
            running.finish(tx)
            return None
        return work_row(dict(row) | values)
