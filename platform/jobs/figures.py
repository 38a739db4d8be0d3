"""Figures about the outbox for monitoring: depth, age, failures, rate.

Each is one look into an index that ends after `CAP` rows, however many there are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from engine.records.gate import Gate
from jobs import timers as timing
from jobs.states import being
from jobs.tables import DONE, FAILED, OUTBOX, QUEUES, RUNNING, WAITING, is_

CAP = 10_000
"""Figures stop here: an alert has gone off long before."""
MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One look at the outbox. `depth` is by queue and status; `oldest` is for how many seconds
    the effect that waits longest has been due, 0 when none is; `finished` is of the last minute;
    `timers` are those that are due and have not fired yet.
    """

    depth: Mapping[tuple[str, str], int]
    oldest: float
    failed: int
    finished: int
    timers: int


def look(gate: Gate) -> Figures:
    """The figures now."""
    t = gate.tables.system(OUTBOX)
    timers = gate.tables.system(timing.TIMERS)
    now = gate.clock()
    with gate.databases.reading() as connection:
        depth = {
            (queue, status): _counted(connection, is_(t, status), t.c.queue == queue)
            for queue in QUEUES
            for status in (WAITING, RUNNING)
        }
        first = [
            sa.select(sa.func.min(t.c.due)).where(is_(t, WAITING), t.c.queue == queue)
            for queue in QUEUES
        ]
        dues = [due for due in (connection.scalar(one) for one in first) if due is not None]
        return Figures(
            depth=depth,
            oldest=max(0.0, (now - min(dues)).total_seconds()) if dues else 0.0,
            failed=_counted(connection, being(t, FAILED)),
            finished=_counted(connection, being(t, DONE), t.c.finished > now - MINUTE),
            timers=_counted(connection, is_(timers, timing.WAITING), timers.c.due <= now),
        )


def _counted(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> int:
    some = sa.select(sa.literal(1)).where(*conditions).limit(CAP).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())
