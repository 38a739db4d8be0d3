"""Taking effects from the outbox, keeping them, and writing what became of them.

A process holds an effect by a lease. Whoever lets it run out (a crash, a handler that hangs) has
lost it: the reaper puts it back, and every later word of the old holder is refused, since rows
are only ended by the holder and attempt that they are claimed for. Leases go by the real clock,
whatever the application's clock says; hosts must agree on the time to within some seconds.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.problems import Problem
from engine.schema.engines import Databases
from jobs import messages as say
from jobs.backoff import backoff
from jobs.handlers import Claimed, LeaseLost
from jobs.tables import DONE, FAILED, RUNNING, WAITING

LEASE = 120.0
"""Seconds for which a claim holds before it has to be renewed."""


def real_now() -> dt.datetime:
    """The real time, for leases."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Claims:
    """What one process, `holder`, has taken from the outbox `table`."""

    databases: Databases
    table: sa.Table
    holder: str

    def take(self, queue: str, now: dt.datetime, most: int) -> list[Claimed]:
        """Claims up to `most` effects of a queue that are due at `now`, the oldest first."""
        t = self.table
        due = (
            sa.select(t.c.id)
            .where(t.c.status == WAITING, t.c.queue == queue, t.c.due <= now)
            .order_by(t.c.due, t.c.id)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        return self._claimed(due)

    def take_these(self, ids: Sequence[int], now: dt.datetime) -> list[Claimed]:
        """Claims those of the effects that wait and are due."""
        t = self.table
        due = (
            sa.select(t.c.id)
            .where(t.c.id.in_(ids), t.c.status == WAITING, t.c.due <= now)
            .with_for_update(skip_locked=True)
        )
        return self._claimed(due)

    def _claimed(self, due: sa.Select[Any]) -> list[Claimed]:
        t = self.table
        # by a common table expression, or PostgreSQL may lock more rows than the limit says
        these = sa.select(due.cte("due").c.id)
        statement = (
            sa.update(t)
            .where(t.c.id.in_(these))
            .values(
                status=RUNNING,
                attempts=t.c.attempts + 1,
                holder=self.holder,
                lease=real_now() + dt.timedelta(seconds=LEASE),
            )
            .returning(t)
        )
        with self.databases.writing() as connection:
            rows = connection.execute(statement).all()
        return [_claimed_row(row) for row in sorted(rows, key=lambda row: (row.due, row.id))]

    def renew(self, effect: Claimed, seconds: float) -> None:
        """Keeps the effect for `seconds` from now. Raises LeaseLost when it is gone."""
        lease = real_now() + dt.timedelta(seconds=seconds)
        with self.databases.writing() as connection:
            self._end(connection, effect, {"lease": lease})

    def finish_in(self, connection: sa.Connection, effect: Claimed, now: dt.datetime) -> None:
        """Ends the effect within a transaction. Raises LeaseLost when it is gone."""
        self._end(connection, effect, {"status": DONE, "finished": now, "problem": None})

    def finish(self, effects: Sequence[Claimed], now: dt.datetime) -> None:
        """Ends effects that have been carried out; those that are gone are somebody else's."""
        if not effects:
            return
        t = self.table
        statement = (
            sa.update(t)
            .where(
                t.c.id == sa.bindparam("e_id"),
                t.c.status == RUNNING,
                t.c.holder == self.holder,
                t.c.attempts == sa.bindparam("e_attempt"),
            )
            .values(status=DONE, finished=now, problem=None)
        )
        with self.databases.writing() as connection:
            connection.execute(statement, [{"e_id": e.id, "e_attempt": e.attempt} for e in effects])

    def put_back(
        self,
        effect: Claimed,
        now: dt.datetime,
        problem: Problem | None = None,
        after: float | None = None,
        counted: bool = True,
    ) -> None:
        """Lets the effect wait for its next attempt, `after` seconds or by the back-off.

        An attempt that is not `counted` was no fault of the effect.
        """
        seconds = backoff(effect.attempt) if after is None else after
        values: dict[str, Any] = {
            "status": WAITING,
            "due": now + dt.timedelta(seconds=seconds),
            "sent": None,
            "problem": stored_problem(problem),
        }
        if not counted:
            values["attempts"] = effect.attempt - 1
        self._end_now(effect, values)

    def fail(self, effect: Claimed, now: dt.datetime, problem: Problem) -> None:
        """Ends the effect as one that a person has to look at."""
        self._end_now(
            effect, {"status": FAILED, "finished": now, "problem": stored_problem(problem)}
        )

    def reap(self, now: dt.datetime, most: int = 1_000) -> int:
        """Puts back effects whose holder let the lease run out; returns how many."""
        t = self.table
        lost = (
            sa.select(t.c.id)
            .where(t.c.status == RUNNING, t.c.lease < real_now())
            .order_by(t.c.lease)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        statement = (
            sa.update(t)
            .where(t.c.id.in_(sa.select(lost.cte("lost").c.id)))
            .values(status=WAITING, due=now, sent=None, problem=stored_problem(say.HOLDER_GONE()))
            .returning(t.c.id)
        )
        with self.databases.writing() as connection:
            return len(connection.execute(statement).all())

    def _end_now(self, effect: Claimed, values: dict[str, Any]) -> None:
        with self.databases.writing() as connection:
            try:
                self._end(connection, effect, values)
            except LeaseLost:
                pass  # whoever has it now writes what becomes of it

    def _end(self, connection: sa.Connection, effect: Claimed, values: dict[str, Any]) -> None:
        t = self.table
        statement = (
            sa.update(t)
            .where(
                t.c.id == effect.id,
                t.c.status == RUNNING,
                t.c.holder == effect.holder,
                t.c.attempts == effect.attempt,
            )
            .values(values)
        )
        if connection.execute(statement).rowcount != 1:
            raise LeaseLost


def stored_problem(problem: Problem | None) -> str | None:
    """A problem as the outbox keeps it, in both languages."""
    if problem is None:
        return None
    said = {"code": problem.code, "en": problem.sentence("en"), "zh": problem.sentence("zh")}
    return json.dumps(said, ensure_ascii=False)


def _claimed_row(row: Any) -> Claimed:
    return Claimed(
        id=row.id,
        at=row.at,
        kind=row.kind,
        queue=row.queue,
        object=row.object or "",
        record=row.record,
        payload=json.loads(row.payload or "{}"),
        token=row.token or "",
        trace=row.trace or "",
        attempt=row.attempts,
        holder=row.holder,
        due=row.due,
    )
