"""Schedules: something named that shall happen again and again, at the times of a cron line.

A schedule keeps its next time in the database, so that times missed while nothing ran are known:
they are made up for once, each, or not at all, as the schedule says. Firing puts an effect of kind
`schedule` in the transaction that moves the schedule on.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.expressions.sqltypes import Moment, String
from engine.permissions.actors import SYSTEM
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from jobs.cron import latest_until, next_after
from jobs.outbox import Effect, put

log = logging.getLogger("formwright.jobs")

SCHEDULES = "fw_schedule"
SCHEDULE = "schedule"
"""The kind of the effects that schedules cause; payload: name, at (ISO 8601, UTC), missed."""

ONCE, ALL, SKIP = "once", "all", "skip"
MISSED = (ONCE, ALL, SKIP)
"""What becomes of times that were missed: one run for all of them, one each, none."""
MOST_RUNS = 100
"""Missed times that get a run of their own at most: the latest ones."""
COUNTED = 1_000
"""Missed times that are counted at most."""
GRACE = dt.timedelta(minutes=5)
"""So late a time still counts as kept."""


@dataclass(frozen=True, slots=True)
class ScheduleSetting:
    """Effects of the name `name` at the times of the line `cron` in the time zone `zone`.

    The line must be one that `jobs.cron.is_cron` accepts.
    """

    name: str
    cron: str
    zone: ZoneInfo
    missed: str = ONCE


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the schedules to the platform's own tables; `next` and `last` are times of the line."""
    sa.Table(
        SCHEDULES,
        metadata,
        sa.Column("name", String(), primary_key=True),
        sa.Column("cron", String(), nullable=False),
        sa.Column("zone", String(), nullable=False),
        sa.Column("missed", String(), nullable=False),
        sa.Column("next", Moment(), nullable=False),
        sa.Column("last", Moment()),
        sqlite_strict=True,
    )


def sync_schedules(tx: Transaction, settings: Sequence[ScheduleSetting]) -> None:
    """Makes the schedules what `settings` say: adds, changes and removes.

    What stays as it is keeps its next time, even a missed one; a new line counts from now.
    """
    t = tx.tables.system(SCHEDULES)
    known = {row.name: row for row in tx.connection.execute(sa.select(t).with_for_update())}
    wanted = {s.name: s for s in settings}
    if gone := sorted(known.keys() - wanted.keys()):
        tx.connection.execute(sa.delete(t).where(t.c.name.in_(gone)))
    new = []
    for name, setting in sorted(wanted.items()):
        values = {"cron": setting.cron, "zone": setting.zone.key, "missed": setting.missed}
        row = known.get(name)
        if row is not None and all(getattr(row, key) == value for key, value in values.items()):
            continue
        if row is None or (row.cron, row.zone) != (values["cron"], values["zone"]):
            values["next"] = next_after(setting.cron, setting.zone, tx.now)  # type: ignore[assignment]
        if row is None:
            new.append({"name": name, **values})
        else:
            tx.connection.execute(sa.update(t).where(t.c.name == name).values(values))
    tx.insert(t, new)


def fire_schedules(gate: Gate) -> int:
    """Fires the schedules that are due by the gate's clock; returns how many effects it put.

    Any number of processes may do this at once. Raises StaleRevision when another revision is in
    force.
    """
    t = gate.tables.system(SCHEDULES)
    effects: list[Effect] = []
    with gate.transaction(SYSTEM, cause="schedules") as tx:
        due = (
            sa.select(t)
            .where(t.c.next <= tx.now)
            .order_by(t.c.next, t.c.name)
            .with_for_update(skip_locked=True)
        )
        for row in tx.connection.execute(due).all():
            zone = ZoneInfo(row.zone)
            runs, last = _runs(row, zone, tx.now)
            effects += runs
            following = next_after(row.cron, zone, tx.now)
            tx.connection.execute(
                sa.update(t).where(t.c.name == row.name).values(next=following, last=last)
            )
        put(tx, effects)
    return len(effects)


def _runs(row: Any, zone: ZoneInfo, now: dt.datetime) -> tuple[list[Effect], dt.datetime]:
    """The effects for the times of a schedule that have come, and the last of these times."""
    times = latest_until(row.cron, zone, row.next, now, COUNTED)
    if row.missed == ALL:
        kept = times[-MOST_RUNS:]
    else:
        kept = times[-1:] if row.missed == ONCE or now - times[-1] <= GRACE else []
    missed = len(times) - len(kept)
    if missed:
        log.warning("missed", extra={"schedule": row.name, "times": missed, "runs": len(kept)})
    effects = [
        Effect(
            kind=SCHEDULE,
            payload={"name": row.name, "at": at.isoformat(), "missed": missed if not index else 0},
        )
        for index, at in enumerate(kept)
    ]
    return effects, times[-1]
