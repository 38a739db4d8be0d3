"""Forgetting what the outbox no longer needs: effects that have been over for long."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from engine.records.gate import Gate
from jobs.tables import CANCELLED, DONE, FAILED, OUTBOX, is_

KEPT = (
    (DONE, dt.timedelta(days=7)),
    (FAILED, dt.timedelta(days=90)),
    (CANCELLED, dt.timedelta(days=90)),
)
"""How long effects are kept after they are over; people look at those that failed."""
BATCH = 1_000
"""Rows that go in one transaction."""


def prune_outbox(gate: Gate) -> int:
    """Removes up to `BATCH` old effects; returns how many.

    The row with the highest id always stays: on SQLite the next id is counted from it.
    """
    t = gate.tables.system(OUTBOX)
    now = gate.clock()
    for status, kept in KEPT:
        old = (
            sa.select(t.c.id)
            .where(is_(t, status), t.c.finished < now - kept)
            .where(t.c.id < sa.select(sa.func.max(t.c.id)).scalar_subquery())
            .order_by(t.c.finished)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        these = sa.select(old.cte("old").c.id)
        statement = sa.delete(t).where(t.c.id.in_(these)).returning(t.c.id)
        with gate.databases.writing() as connection:
            # counted by hand: SQLite's driver knows no row count where a statement begins by WITH
            if count := len(connection.execute(statement).all()):
                return count
    return 0
