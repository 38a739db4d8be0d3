"""Computing columns of large tables before a revision is published, beside everybody's work.

1. What may be computed before goes into columns that no revision knows yet (`fresh`). The journal
   (`fw_backfill`) names them in the transaction before they are added.
2. Triggers tell which records others write from now on (`touching`).
3. Pass by pass, in the order of ids, a transaction of some hundred records computes and writes
   them, and keeps its place in the journal. It is sized to take `AIM` seconds, and is followed by
   a pause, so that nobody waits for long.
4. Records that were touched meanwhile are computed again, with what follows from what changes by
   that, until few are left; those are computed while publishing, when nobody writes.
5. After publishing the triggers go, the audit is told of converted values, the journal ends.
6. Whoever computes or erases holds the journal's row meanwhile: what was erased is not computed
   from what was read before (`erasing`).

Killed anywhere, the running revision goes on, for as long as it likes: it knows nothing of the
columns. The next apply of the same plan goes on at the place in the journal, or begins anew when
that was let go of meanwhile (`letting_go`); one of another plan drops the columns first.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import sqlalchemy as sa

from engine.problems import Text
from engine.schema.backfill_tables import BACKFILL, TOLD, TOUCHED, add_backfill_tables
from engine.schema.engines import Databases
from engine.schema.locking import briefly_locking, retried
from engine.schema.structure import Structure, columns_of
from engine.schema.touching import Watched, backlog, take_touched, unwatch, waiting, watch, watching

ONLINE_FROM = 5_000
"""Rows from which a table counts as large. Below, what is computed is computed while publishing:
writers wait for less than a second (measured: docs/performance.md)."""
AIM = {"sqlite": 0.025, "postgresql": 0.1}
"""Seconds that one transaction shall take. PostgreSQL holds only the records that it writes, and
those for a quarter of that time; on SQLite all other writers wait for all of it."""
FEWEST, MOST = 20, 4_000
"""Records in one transaction, at least and at most."""
PAUSE = {"sqlite": 1.0, "postgresql": 0.25}
"""The pause after a transaction, as a share of its time. SQLite has but one writer."""
FEW = 50
"""Touched records that are left to publishing."""
SOME, LARGEST = 200, 1_000
"""Touched records that are looked at again in one transaction: at first, and at most. They become
more until they gain on those who write, and fewer when one of them is held by somebody."""
STUCK = 10
"""Transactions without gaining on them after which the rest is left to publishing."""

_METADATA = sa.MetaData()
add_backfill_tables(_METADATA)
_JOURNAL, _TOUCHED, _TOLD = (_METADATA.tables[name] for name in (BACKFILL, TOUCHED, TOLD))

RUNNING, PUBLISHED, LET_GO = "running", "published", "let go"
"""What a journal says: it goes on, its revision is in force, nothing of it counts any more."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One walk over the records of an object: a fix, derived fields, or what stands beside texts.

    `kind`: "values", "compute" or "beside".
    """

    kind: str
    object: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is: what is being done, and how many records of how many."""

    what: Text
    done: int
    total: int


Tell = Callable[[Progress], None]
"""Is told how far a backfill is, after each transaction. Never raises."""


class Ahead(Protocol):
    """What can be computed before publishing; made for one plan."""

    @property
    def passes(self) -> Sequence[Pass]:
        """The walks, in their order."""

    def tables(self) -> Mapping[str, str]:
        """The tables that are walked over, by object."""

    def read(self) -> Collection[str]:
        """The tables that are walked over or read on the way."""

    def watched(self, structure: Structure) -> Sequence[Watched]:
        """The tables that are read, as they stood before."""

    def batch(
        self, connection: sa.Connection, one: Pass, after: int, until: int, most: int
    ) -> tuple[int, int] | None:
        """Computes at most so many records with ids from `after` (exclusive) to `until`; the last
        id and how many there were, None when there were none."""

    def catch_up(self, connection: sa.Connection, touched: Mapping[str, Collection[int]]) -> None:
        """Computes again what depends on these records, by their tables."""

    def said(self, one: Pass) -> Text:
        """What a walk does, for people."""


@dataclass(frozen=True, slots=True)
class Journal:
    """The backfill that is under way. `fresh` are (table, column); `target` says for which plan.

    `at` is when it last went on. Without `passes` nothing is computed before publishing.
    """

    target: str
    status: str
    fresh: tuple[tuple[str, str], ...]
    passes: tuple[Pass, ...]
    step: int = 0
    last: int = 0
    count: int = 0
    batch: int | None = None
    at: dt.datetime | None = None


def read_journal(connection: sa.Connection) -> Journal | None:
    """The backfill that is under way; None where there is none."""
    if not columns_of(connection, BACKFILL):
        return None
    return _read(connection)


def hold_journal(connection: sa.Connection) -> Journal | None:
    """The same, held until the transaction ends: no other computes or erases meanwhile."""
    return _read(connection, held=True)


def _read(connection: sa.Connection, *, held: bool = False) -> Journal | None:
    query = sa.select(_JOURNAL).order_by(_JOURNAL.c.id)
    found = connection.execute(query.with_for_update() if held else query).first()
    if found is None:
        return None
    row: Any = found._mapping
    return Journal(
        target=row["target"],
        status=row["status"],
        fresh=tuple((table, column) for table, column in json.loads(row["fresh"])),
        passes=tuple(Pass(k, o, tuple(f)) for k, o, f in json.loads(row["passes"])),
        step=row["step"],
        last=row["last"],
        count=row["count"],
        batch=row["batch"],
        at=row["at"],
    )


def begin_journal(connection: sa.Connection, begun: Journal, now: dt.datetime) -> None:
    """Writes the journal of a backfill, unless it is the one that is under way already."""
    found = _read(connection)
    if found is not None and found.target == begun.target:
        if found.passes == begun.passes and found.status == RUNNING:
            connection.execute(sa.update(_JOURNAL).values(at=now))
            return
        begun = replace(begun, fresh=tuple(dict.fromkeys((*found.fresh, *begun.fresh))))
    end_journal(connection)
    connection.execute(
        sa.insert(_JOURNAL).values(
            target=begun.target, status=begun.status, fresh=json.dumps(begun.fresh),
            passes=json.dumps([[p.kind, p.object, p.fields] for p in begun.passes]),
            step=0, last=0, count=0, at=now,
        )
    )  # fmt: skip


def end_journal(connection: sa.Connection) -> None:
    """Ends the journal, and what belongs to it."""
    for table in (_JOURNAL, _TOUCHED, _TOLD):
        connection.execute(sa.delete(table))


def publish_journal(connection: sa.Connection, batch: int | None, now: dt.datetime) -> None:
    """Notes that the columns belong to a revision now; only tidying is left to do."""
    values = {"status": PUBLISHED, "fresh": "[]", "batch": batch, "at": now}
    connection.execute(sa.update(_JOURNAL).values(values))


def is_large(connection: sa.Connection, table: str, rows: int) -> bool:
    """Whether a table has so many rows; no more than that are counted."""
    some = sa.select(sa.literal(1)).select_from(sa.table(table)).limit(rows).subquery()
    return (connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0) >= rows


class Backfill:
    """One backfill on its way, as far as the journal says; `now` is when the apply began."""

    def __init__(self, databases: Databases, ahead: Ahead, tell: Tell, now: dt.datetime) -> None:
        self.databases, self.ahead, self.tell = databases, ahead, tell
        self.now, self.began = now, time.monotonic()
        self.most, self.some = 200, SOME
        self.until: dict[str, int] = {}

    def watch(self, structure: Structure) -> None:
        """Begins to watch the tables that are read."""
        with self.databases.reading() as connection:
            known = set(watching(connection))
            dialect = connection.dialect
        for one in self.ahead.watched(structure):
            if one.table not in known:
                self._brief(watch(one, dialect))

    def run(self) -> None:
        """Walks over all records, then over those that were touched meanwhile."""
        self.until = self._highest()
        total = sum(self.until[one.object] for one in self.ahead.passes)
        while (journal := self._batch()) is not None:
            one = self.ahead.passes[min(journal.step, len(self.ahead.passes) - 1)]
            self.tell(Progress(self.ahead.said(one), journal.count, total))
        self.settle()

    def settle(self) -> None:
        """Looks again at records that were touched meanwhile, until few are left, or no fewer
        come to be."""
        fewest, stuck = 0, 0
        while stuck < STUCK:
            with self.databases.reading() as connection:
                if waiting(connection, FEW) < FEW:
                    return
                left = backlog(connection)
            stuck = stuck + 1 if fewest and left >= fewest else 0
            if fewest and left > fewest * 0.8:
                self.some = min(LARGEST, 2 * self.some)
            fewest = min(fewest or left, left)
            began = time.perf_counter()
            retried(self._round, lost=self._smaller)
            time.sleep((time.perf_counter() - began) * PAUSE[self.databases.dialect])

    def sweep(self) -> None:
        """Leaves no dead rows to be passed over, nor plans that were made for empty tables, to
        what is done while nobody may write (PostgreSQL)."""
        if self.databases.dialect != "postgresql":
            return
        with self.databases.writes.connect() as connection:
            outside = connection.execution_options(isolation_level="AUTOCOMMIT")
            for table in (TOUCHED, TOLD):
                outside.exec_driver_sql(f"VACUUM (ANALYZE, TRUNCATE FALSE) {table}")

    def _highest(self) -> dict[str, int]:
        """The highest id of each object that is walked over: who comes later is watched."""
        found: dict[str, int] = {}
        with self.databases.reading() as connection:
            for name, table in self.ahead.tables().items():
                source = sa.table(table, sa.column("id", sa.BigInteger))
                found[name] = connection.scalar(sa.select(sa.func.max(source.c.id))) or 0
        return found

    def _batch(self) -> Journal | None:
        """One transaction; None when nothing is left to do."""
        began = time.perf_counter()
        journal = retried(self._walk, lost=self._smaller)
        took = time.perf_counter() - began
        if journal is not None:
            share = AIM[self.databases.dialect] / max(took, 0.000_1)
            wanted = self.most * min(2.0, max(0.25, share))
            self.most = max(FEWEST, min(MOST, int(wanted)))
            time.sleep(took * PAUSE[self.databases.dialect])
        return journal

    def _walk(self) -> Journal | None:
        with briefly_locking(self.databases) as connection:
            journal = hold_journal(connection)
            passes = self.ahead.passes
            if journal is None or journal.status != RUNNING or journal.step >= len(passes):
                return None
            one = passes[journal.step]
            until = self.until[one.object]
            done = self.ahead.batch(connection, one, journal.last, until, self.most)
            if done is None:
                journal = replace(journal, step=journal.step + 1, last=0)
            else:
                journal = replace(journal, last=done[0], count=journal.count + done[1])
            at = self.now + dt.timedelta(seconds=time.monotonic() - self.began)
            values = {"step": journal.step, "last": journal.last, "count": journal.count, "at": at}
            connection.execute(sa.update(_JOURNAL).values(values))
            return journal

    def _smaller(self) -> None:
        """A record that was to be written is held by somebody: fewer are tried, so that others of
        them are done with."""
        self.most, self.some = max(FEWEST, self.most // 2), max(FEWEST, self.some // 2)

    def _round(self) -> None:
        with briefly_locking(self.databases) as connection:
            hold_journal(connection)
            self.ahead.catch_up(connection, take_touched(connection, self.some))

    def is_whole(self, connection: sa.Connection) -> bool:
        """Whether all walks have come to their end, and nobody has let go of them since."""
        journal, passes = _read(connection), tuple(self.ahead.passes)
        if journal is None or journal.status != RUNNING:
            return False
        return journal.passes == passes and journal.step >= len(passes)

    def catch_up(self, connection: sa.Connection) -> None:
        """Computes what is left, in the transaction that publishes: nobody writes meanwhile."""
        while touched := take_touched(connection):
            self.ahead.catch_up(connection, touched)

    def _brief(self, statements: Iterable[str]) -> None:
        _brief(self.databases, statements)


def tidy(databases: Databases, tell: Callable[[sa.Connection, Journal], int]) -> None:
    """Ends a backfill whose revision is published: no triggers any more, the audit complete.

    `tell` writes some of what the audit is to say, and returns how much.
    """
    with databases.reading() as connection:
        journal = read_journal(connection)
        if journal is None or journal.status != PUBLISHED:
            return
        tables, dialect = watching(connection), connection.dialect
    for table in tables:
        _brief(databases, unwatch(table, dialect))
    told = journal

    def some() -> int:
        with briefly_locking(databases) as connection:
            return tell(connection, told)

    while retried(some):
        time.sleep(AIM[databases.dialect] * PAUSE[databases.dialect])
    with databases.writing() as connection:
        end_journal(connection)


def forget(connection: sa.Connection) -> None:
    """Nothing that was computed counts any more: whoever goes on begins anew."""
    connection.execute(sa.update(_JOURNAL).values(status=LET_GO))
    connection.execute(sa.delete(_TOLD))


def _brief(databases: Databases, statements: Iterable[str]) -> None:
    made = list(statements)

    def run() -> None:
        with briefly_locking(databases) as connection:
            for sql in made:
                connection.exec_driver_sql(sql)

    retried(run)
