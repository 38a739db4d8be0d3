"""What the scheduler has to do next, in one query: each part of it reads one entry of an index."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.records.gate import Gate
from engine.records.prepared import Prepared
from engine.schema.fence import REVISION
from jobs.schedules import SCHEDULES
from jobs.tables import OUTBOX, RUNNING, is_
from jobs.timers import TIMERS, WAITING


@dataclass(frozen=True)
class Upcoming:
    """The revision in force and the next moments, None where there is none.

    `timer` and `schedule` go by the application's clock, `lease` (when the first one runs out) by
    the real one.
    """

    revision: int
    timer: dt.datetime | None
    schedule: dt.datetime | None
    lease: dt.datetime | None


def upcoming(gate: Gate) -> Upcoming:
    """What the database of `gate` says now."""
    statement: Prepared = gate.statements.once("upcoming", lambda: _query(gate))
    with gate.databases.reading() as connection:
        ((revision, timer, schedule, lease),) = statement.rows(connection, {})
    return Upcoming(int(revision), timer, schedule, lease)


def _query(gate: Gate) -> Prepared:
    def first(name: str, column: str, *status: str) -> sa.ScalarSelect[Any]:
        t = gate.tables.system(name)
        where = [is_(t, one) for one in status]
        return sa.select(sa.func.min(t.c[column])).where(*where).scalar_subquery()

    state = gate.tables.system("fw_state")
    revision = sa.select(state.c.value).where(state.c.name == REVISION).scalar_subquery()
    return gate.statements.prepared(
        sa.select(
            revision,
            first(TIMERS, "due", WAITING),
            first(SCHEDULES, "next"),
            first(OUTBOX, "lease", RUNNING),
        )
    )
