"""Taking effects from the outbox, keeping them, and writing what became of them.

A process holds an effect by a lease. Whoever lets it run out (a crash, a handler that hangs) has
lost it: the reaper puts it back, and every later word of the old holder is refused, since rows
are only ended by the holder and attempt that they are claimed for. Leases go by the real clock,
whatever the application's clock says; hosts must agree on the time to within some seconds.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from engine.problems import Problem
from engine.records.prepared import Prepared
from engine.schema.engines import Databases
from jobs import messages as say
from jobs.backoff import backoff
from jobs.handlers import Claimed, LeaseLost
from jobs.tables import DONE, FAILED, RUNNING, WAITING, is_

LEASE = 120.0
"""Seconds for which a claim holds before it has to be renewed."""


def real_now() -> dt.datetime:
    """The real time, for leases."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Claims:
    """What one process, `holder`, has taken from the outbox `table`.

    A claim holds for `lease` seconds. Nothing is written before a read, which waits for nobody,
    has found something to write.
    """

    databases: Databases
    table: sa.Table
    holder: str
    lease: float = LEASE

    def take(self, queue: str, now: dt.datetime, most: int) -> list[Claimed]:
        """Claims up to `most` effects of a queue that are due at `now`, the oldest first."""
        return self._claimed(self._of_queue, {"its_queue": queue, "by_now": now, "most": most})

    def take_these(self, ids: Sequence[int], now: dt.datetime) -> list[Claimed]:
        """Claims those of the effects that wait and are due."""
        return self._claimed(self._by_ids, {"ids": list(ids), "by_now": now})

    def _claimed(self, statements: _Taking, parameters: dict[str, Any]) -> list[Claimed]:
        with self.databases.reading() as connection:
            if connection.execute(statements.look, parameters).first() is None:
                return []
        lease = real_now() + dt.timedelta(seconds=self.lease)
        with self.databases.writing() as connection:
            rows = connection.execute(statements.claim, parameters | {"until": lease}).all()
        return [_claimed_row(row) for row in sorted(rows, key=lambda row: (row.due, row.id))]

    @cached_property
    def _of_queue(self) -> _Taking:
        t = self.table
        due = (
            sa.select(t.c.id)
            .where(
                is_(t, WAITING),
                t.c.queue == sa.bindparam("its_queue"),
                t.c.due <= sa.bindparam("by_now"),
            )
            .order_by(t.c.due, t.c.id)
        )
        return self._taking(due, due.limit(sa.bindparam("most")))

    @cached_property
    def _by_ids(self) -> _Taking:
        t = self.table
        due = sa.select(t.c.id).where(
            t.c.id.in_(sa.bindparam("ids", expanding=True)),
            is_(t, WAITING),
            t.c.due <= sa.bindparam("by_now"),
        )
        return self._taking(due, due)

    def _taking(self, look: sa.Select[Any], due: sa.Select[Any]) -> _Taking:
        t = self.table
        # by a common table expression, or PostgreSQL may lock more rows than the limit says
        these = sa.select(due.with_for_update(skip_locked=True).cte("due").c.id)
        claim = (
            sa.update(t)
            .where(t.c.id.in_(these))
            .values(
                status=RUNNING,
                attempts=t.c.attempts + 1,
                holder=self.holder,
                lease=sa.bindparam("until"),
            )
            .returning(t)
        )
        return _Taking(look.limit(1), claim)

    def renew(self, effect: Claimed, seconds: float) -> None:
        """Keeps the effect for `seconds` from now. Raises LeaseLost when it is gone."""
        lease = real_now() + dt.timedelta(seconds=seconds)
        statement = sa.update(self.table).where(self._held).values(lease=lease)
        with self.databases.writing() as connection:
            if connection.execute(statement, _held_by(effect)).rowcount != 1:
                raise LeaseLost

    def finish_in(self, connection: sa.Connection, effect: Claimed, now: dt.datetime) -> None:
        """Ends the effect within a transaction. Raises LeaseLost when it is gone."""
        if not self._finishing.rows(connection, _held_by(effect) | {"ended": now}):
            raise LeaseLost

    @cached_property
    def _finishing(self) -> Prepared:
        """The statement behind most writes of handlers, so it goes to the driver directly."""
        t = self.table
        ended = sa.bindparam("ended", type_=t.c.finished.type)
        statement = sa.update(t).where(self._held).values(_ended(DONE, ended)).returning(t.c.id)
        return Prepared(statement, self.databases.writes.dialect)

    def finish(self, effects: Sequence[Claimed], now: dt.datetime) -> None:
        """Ends effects that have been carried out; those that are gone are somebody else's."""
        self._change_all(effects, _ended(DONE, now))

    def give_back(self, effects: Sequence[Claimed]) -> None:
        """Lets others have effects that were not begun."""
        attempts = self.table.c.attempts - 1
        self._change_all(effects, {"status": WAITING, "lease": None, "attempts": attempts})

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
            "lease": None,
            "problem": stored_problem(problem),
        }
        if not counted:
            values["attempts"] = effect.attempt - 1
        self._change_all([effect], values)

    def fail(self, effect: Claimed, now: dt.datetime, problem: Problem) -> None:
        """Ends the effect as one that a person has to look at."""
        self._change_all([effect], _ended(FAILED, now, problem))

    def reap(self, now: dt.datetime, most: int = 1_000) -> int:
        """Puts back effects whose holder let the lease run out; returns how many."""
        t = self.table
        lost = (
            sa.select(t.c.id)
            .where(is_(t, RUNNING), t.c.lease < real_now())
            .order_by(t.c.lease)
            .limit(most)
        )
        with self.databases.reading() as connection:
            if connection.execute(lost.limit(1)).first() is None:
                return 0
        these = sa.select(lost.with_for_update(skip_locked=True).cte("lost").c.id)
        statement = (
            sa.update(t)
            .where(t.c.id.in_(these))
            .values(status=WAITING, due=now, lease=None, problem=stored_problem(say.HOLDER_GONE()))
            .returning(t.c.id)
        )
        with self.databases.writing() as connection:
            return len(connection.execute(statement).all())

    def _change_all(self, effects: Sequence[Claimed], values: Mapping[str, Any]) -> None:
        """Changes all that are still held; nearly always one statement."""
        by_attempt = defaultdict(list)
        for effect in effects:
            by_attempt[effect.attempt].append(effect.id)
        if not by_attempt:
            return
        t = self.table
        with self.databases.writing() as connection:
            for attempt, ids in by_attempt.items():
                held = (t.c.holder == self.holder, t.c.attempts == attempt, t.c.lease.is_not(None))
                connection.execute(sa.update(t).where(t.c.id.in_(ids), *held).values(values))

    @cached_property
    def _held(self) -> sa.ColumnElement[bool]:
        """A claim that is still its holder's.

        It is told by the lease and not by the status: PostgreSQL would look for it in the index
        of all that run, instead of by its id.
        """
        t = self.table
        return sa.and_(
            t.c.id == sa.bindparam("held_id"),
            t.c.holder == sa.bindparam("held_by"),
            t.c.attempts == sa.bindparam("held_attempt"),
            t.c.lease.is_not(None),
        )


@dataclass(frozen=True)
class _Taking:
    """Whether there is anything, and the claim."""

    look: sa.Select[Any]
    claim: sa.Executable


def _held_by(effect: Claimed) -> dict[str, Any]:
    return {"held_id": effect.id, "held_by": effect.holder, "held_attempt": effect.attempt}


def _ended(
    status: str, now: dt.datetime | sa.BindParameter[Any], problem: Problem | None = None
) -> dict[str, Any]:
    return {
        "status": status, "finished": now, "lease": None, "problem": stored_problem(problem),
    }  # fmt: skip


def stored_problem(problem: Problem | None) -> str | None:
    """A problem as the outbox keeps it, in both languages, with what to do about it."""
    if problem is None:
        return None
    said = {"code": problem.code, "en": problem.advice("en"), "zh": problem.advice("zh")}
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
