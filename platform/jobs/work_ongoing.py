"""Long work on its way: what a kind of it works with.

1. The effect `work` is the lease. Every transaction of the work begins by renewing it, within the
   transaction: whoever has lost it writes nothing any more, and nobody can take it meanwhile. It
   ends by renewing it, too: however long it took, what it commits is a lease that holds.
2. A chunk's rows, the cursor, the counts and what is to be said about single rows are written in
   the same transaction, so that a crash resumes exactly after the last chunk that was committed.
3. In that transaction, too, it is seen what is wanted: work that shall pause or end does so
   between two chunks, and its effect is finished with it.
4. Work that had its turn goes back to the end of its queue, so that other long work gets its own,
   and a process that shall end need not wait for it.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.files import Files, Stored
from engine.permissions.actors import Actor
from engine.problems import Problem, Text
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from jobs import tables as outbox
from jobs.claims import real_now, stored_problem
from jobs.handlers import LeaseLost, Running
from jobs.tables import OUTBOX, SLOW
from jobs.work_rows import WorkFile, WorkRow, work_row
from jobs.work_tables import CANCELLED, DONE, FAILED, PAUSE, PAUSED, WAITING, WORK, WORK_ROW

_TURN = "turn"
REST = 0.05
"""The part of a chunk's time for which SQLite is left to others after it: whoever waits to write
there looks again only now and then, and would find it busy until the work is over."""
LONGEST_REST = 0.05
"""Seconds of it at most."""

Told = Callable[[Transaction, WorkRow], None]
"""Is told, in the transaction that ends the work, of work that is done or has failed."""


class Halted(Exception):
    """The work was asked to pause or to end, and did."""


class Asked(Exception):
    """The work shall pause or end, and its present transaction is taken back."""


@dataclass(eq=False)
class Ongoing:
    """Work on its way: what its kind works with.

    `cursor`, `counts`, `done` and `total` are as the last committed chunk left them; `tries` is
    how many runs have begun since then. Work that is not `resumable` comes no further by a chunk.
    `until`, by the monotonic clock, it goes on without letting others have their turn. A command
    that does the work itself sets `watch`, which is told after every chunk.
    """

    gate: Gate
    actor: Actor
    row: WorkRow
    files: Files
    running: Running
    watch: Callable[[Ongoing], None] = lambda ongoing: None
    until: float = math.inf
    resumable: bool = True
    cursor: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    done: int = 0
    total: int | None = None
    seen: int = 0
    tries: int = 1
    batch: int | None = None
    made: list[WorkFile] = field(default_factory=list)
    _halted: str = ""
    _held: bool = True
    _renewed: float = -math.inf

    @contextmanager
    def chunk(self, **mode: Any) -> Iterator[Transaction]:
        """A transaction of the gate, as whoever asked; `save` is the last call in it.

        Raises LeaseLost when somebody else has the work, and Halted after the commit when it was
        asked to pause or to end.
        """
        with self.gate.transaction(self.actor, **mode) as tx:
            self._hold(tx.connection)
            self._held = True
            yield tx
            if self._held:
                self._hold(tx.connection)
        self._settle()

    def save(
        self,
        tx: Transaction,
        *,
        cursor: Mapping[str, Any] | None = None,
        counts: Mapping[str, int] | None = None,
        done: int | None = None,
        total: int | None = None,
        batch: int | None = None,
        rows: Sequence[tuple[str, Mapping[str, Any]]] = (),
    ) -> None:
        """Writes how far the work is, as part of the chunk; what is None stays as it is.

        `rows` are what is to be said about single rows: a sort ("rejected") and plain JSON each.
        """
        state: dict[str, Any] = {
            "cursor": self.cursor if cursor is None else dict(cursor),
            "counts": self.counts if counts is None else dict(counts),
            "done": self.done if done is None else done,
            "total": self.total if total is None else total,
            "batch": self.batch if batch is None else batch,
            "seen": self.seen + len(rows),
            "tries": 0 if self.resumable else self.tries,
        }
        tx.insert(
            tx.tables.system(WORK_ROW),
            [
                {"work": self.row.id, "number": number, "sort": sort, "data": _packed(data)}
                for number, (sort, data) in enumerate(rows, self.seen + 1)
            ],
        )
        values = state | {
            "cursor": _packed(state["cursor"]),
            "counts": _packed(state["counts"]),
            "beat": tx.now,
        }
        wanted = self._written(tx.connection, values)
        if wanted:
            self._halt(tx, wanted)
        elif time.monotonic() > self.until:
            wanted = _TURN
            self._queue_again(tx)
        tx.after_commit.append(lambda: self._learn(state, wanted))

    def keep(self) -> None:
        """Outside of transactions: renews the lease, if some of it has passed.

        Raises LeaseLost when somebody else has the work.
        """
        lease = self.running.claims.lease
        if time.monotonic() > self._renewed + lease / 8:
            self.running.beat(lease)
            self._renewed = time.monotonic()

    def heed(self) -> None:
        """For work that writes no chunks: shows how far it is, renews the lease, and ends the
        work with Halted where that is wanted."""
        with self.chunk() as tx:
            self.save(tx, done=self.done, total=self.total)

    def glance(self, done: int, total: int | None) -> None:
        """Between two parts of one long transaction: shows how far it is.

        Raises Asked, which rolls it back, when the work shall pause or end. On SQLite nobody
        else can write meanwhile, so there is nothing to show and nobody to ask.
        """
        self.done, self.total = done, total
        if self.gate.dialect != "sqlite":
            values = {"done": done, "total": total, "beat": self.gate.clock()}
            with self.gate.databases.writing() as connection:
                if wanted := self._written(connection, values):
                    raise Asked(wanted)
        self.watch(self)

    def rows(self, sort: str) -> Iterator[dict[str, Any]]:
        """What was said about single rows so far, in order."""
        t = self.gate.tables.system(WORK_ROW)
        after = 0
        while True:
            statement = (
                sa.select(t.c.number, t.c.data)
                .where(t.c.work == self.row.id, t.c.sort == sort, t.c.number > after)
                .order_by(t.c.number)
                .limit(1_000)
            )
            with self.gate.databases.reading() as connection:
                found = connection.execute(statement).all()
            if not found:
                return
            for number, data in found:
                after = number
                yield json.loads(data)

    def attach(self, name: str, label: Mapping[str, str], stored: Stored) -> None:
        """Adds a file of the store to the results; the end of the work writes them down."""
        self.made.append(WorkFile(name, Text(label), stored.digest, stored.size))

    def _hold(self, connection: sa.Connection) -> None:
        """Renews the lease within a transaction. Raises LeaseLost when it is gone."""
        t, effect = self.gate.tables.system(OUTBOX), self.running.effect
        statement = (
            sa.update(t)
            .where(
                t.c.id == effect.id,
                t.c.holder == effect.holder,
                t.c.attempts == effect.attempt,
                t.c.lease.is_not(None),
            )
            .values(lease=real_now() + dt.timedelta(seconds=self.running.claims.lease))
        )
        if connection.execute(statement).rowcount != 1:
            raise LeaseLost

    def _written(self, connection: sa.Connection, values: Mapping[str, Any]) -> str:
        """Writes the work's row; what is wanted of it."""
        t = self.gate.tables.system(WORK)
        statement = sa.update(t).where(t.c.id == self.row.id).values(values).returning(t.c.wanted)
        return str(connection.execute(statement).scalar_one())

    def halt(self) -> None:
        """Pauses or ends the work as is wanted of it; what it did in this run was taken back.

        Raises LeaseLost when somebody else has the work.
        """
        self.done = self.row.progress.done
        try:
            with self.chunk() as tx:
                self.save(tx)
        except Halted:
            pass

    def _halt(self, tx: Transaction, wanted: str) -> None:
        self._held = False
        if wanted == PAUSE:
            self._written(tx.connection, {"status": PAUSED, "wanted": ""})
        else:
            values = {"status": CANCELLED, "wanted": "", "finished": tx.now}
            self._written(tx.connection, values)
        self.running.finish(tx)

    def _queue_again(self, tx: Transaction) -> None:
        """Gives the effect back, as one that was never tried: it came further."""
        self._held = False
        t, id = tx.tables.system(OUTBOX), self.running.effect.id
        values = {"status": outbox.WAITING, "attempts": 0, "due": tx.now, "lease": None}
        tx.connection.execute(sa.update(t).where(t.c.id == id).values(values))
        self._written(tx.connection, {"status": WAITING})

        def given_back() -> None:
            self.running.finished = True
            tx.gate.wake({SLOW: [id]})

        tx.after_commit.append(given_back)

    def _learn(self, state: Mapping[str, Any], wanted: str) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._halted = wanted

    def _settle(self) -> None:
        self.watch(self)
        if self._halted:
            raise Halted(self._halted)

    def end(self, status: str, problem: Problem | None, told: Told) -> None:
        """Ends the work and its effect in one transaction, which tells whoever is to be told."""
        with self.gate.transaction(self.actor) as tx:
            self.running.finish(tx)
            self._written(tx.connection, self._last_words(status, problem))
            if status in (DONE, FAILED):
                t = self.gate.tables.system(WORK)
                row = tx.connection.execute(sa.select(t).where(t.c.id == self.row.id)).mappings()
                told(tx, work_row(row.one()))

    def let_go(self, status: str, problem: Problem | None) -> None:
        """Ends the work and its effect without telling anybody, whatever revision is in force.

        Raises LeaseLost when somebody else has the work.
        """
        now = self.gate.clock()
        with self.gate.databases.writing() as connection:
            self.running.claims.finish_in(connection, self.running.effect, now)
            self._written(connection, self._last_words(status, problem))

    def _last_words(self, status: str, problem: Problem | None) -> dict[str, Any]:
        return {
            "status": status,
            "wanted": "",
            "finished": self.gate.clock(),
            "problem": stored_problem(problem),
            "files": _packed([file.to_json() for file in self.made]),
        }


def ongoing_of(running: Running, row: WorkRow, actor: Actor, files: Files) -> Ongoing:
    """The work from where its row says that it stands."""
    return Ongoing(
        gate=running.gate,
        actor=actor,
        row=row,
        files=files,
        running=running,
        cursor=dict(row.cursor),
        counts=dict(row.counts),
        done=row.progress.done,
        total=row.progress.total,
        seen=row.seen,
        tries=row.tries,
        batch=row.batch,
    )


def _packed(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
