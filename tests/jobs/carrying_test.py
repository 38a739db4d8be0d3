"""The outbox and those who carry its effects out, on both databases."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.problems import Message, Refusal
from engine.schema.fence import StaleRevision
from engine.tracing import current_trace, traced
from jobs import threads as threads_module
from jobs.backoff import LONGEST, backoff
from jobs.carrying import Carrier, TooLong
from jobs.claims import Claims
from jobs.handlers import Handler, Hopeless, Later, Running
from jobs.outbox import Effect, put
from jobs.tables import DEFAULT, SLOW, URGENT
from jobs.threads import Threads
from support.patience import LONG, soon
from support.small import KINDS_OF_DATABASE, SmallSite, small_site

SITE = """
object: thing
fields:
  name: {type: text, unique: true}
"""
BUSY = Message("test-busy", en="busy", zh="忙")


class Handlers(dict[str, Handler]):
    """Handlers that note what they were called with."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []
        self.traces: list[str] = []
        for kind, run in (
            ("note", self.note), ("busy", self.busy), ("broken", self.broken),
            ("refused", self.refused), ("hopeless", self.hopeless), ("make", self.make),
        ):  # fmt: skip
            self[kind] = Handler(kind=kind, run=run, attempts=3)

    def note(self, running: Running) -> None:
        self.seen.append((running.effect.payload.get("word", ""), running.effect.attempt))
        self.traces.append(current_trace())

    def busy(self, running: Running) -> None:
        self.note(running)
        raise Later(BUSY(), after=running.effect.payload.get("after"))

    def broken(self, running: Running) -> None:
        self.note(running)
        raise ValueError("a mistake in the handler")

    def refused(self, running: Running) -> None:
        raise Refusal(BUSY())

    def hopeless(self, running: Running) -> None:
        raise Hopeless(BUSY())

    def make(self, running: Running) -> None:
        """Creates a record and ends the effect, both or neither."""

        def work(tx: Any) -> None:
            from engine.records.changes import CREATE, Change

            given = {"name": running.effect.token}
            tx.gate.pass_steps(tx, "thing", CREATE, [Change(given=given)])
            running.finish(tx)
            if running.effect.payload.get("fail") and running.effect.attempt == 1:
                raise ValueError("after the work, before the commit")

        running.gate.write(SYSTEM, work)


@pytest.fixture(params=KINDS_OF_DATABASE)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path, SITE) as made:
        yield made


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


@pytest.fixture
def carrier(site: SmallSite, handlers: Handlers) -> Carrier:
    return Carrier(lambda: site.gate, handlers)


def ask(site: SmallSite, *effects: Effect) -> list[int]:
    return site.gate.write(SYSTEM, lambda tx: put(tx, effects))


def note(word: str, **settings: Any) -> Effect:
    return Effect(kind="note", payload={"word": word}, **settings)


def statuses(site: SmallSite) -> list[tuple[str, int]]:
    return [(row["status"], row["attempts"]) for row in site.rows("fw_outbox")]


def test_after_the_commit_and_never_without(
    site: SmallSite, carrier: Carrier, handlers: Handlers
) -> None:
    """What a transaction asks for is carried out once it is committed; else it was never asked."""
    woken: list[dict[str, Any]] = []
    site.gate.wake = lambda due: woken.append(dict(due))
    with pytest.raises(ZeroDivisionError), site.gate.transaction(SYSTEM) as tx:
        put(tx, [note("lost")])
        raise ZeroDivisionError
    assert (woken, site.rows("fw_outbox")) == ([], [])
    with traced("request-7"):
        (id,) = ask(site, note("kept", queue=URGENT))
    assert woken == [{URGENT: [id]}]
    assert carrier.drain() == 1
    assert (handlers.seen, handlers.traces) == ([("kept", 1)], ["request-7"])
    assert statuses(site) == [("done", 1)]
    assert carrier.drain() == 0


def test_urgent_ones_first_and_none_before_its_time(
    site: SmallSite, carrier: Carrier, handlers: Handlers
) -> None:
    """Queues go by urgency, effects of a queue by when they are due."""
    later = site.clock() + dt.timedelta(hours=1)
    ask(
        site, note("slow", queue=SLOW), note("second"), note("later", due=later),
        note("first", queue=URGENT),
    )  # fmt: skip
    carrier.drain()
    assert [word for word, _ in handlers.seen] == ["first", "second", "slow"]
    site.clock.turn(hours=1)
    carrier.drain()
    assert handlers.seen[-1] == ("later", 1)


def test_one_of_a_key_waits(site: SmallSite, carrier: Carrier, handlers: Handlers) -> None:
    """Of effects with the same key one waits; after it was carried out, the next may."""
    assert len(ask(site, note("a", key="k"), note("b", key="k"), note("c"))) == 2
    assert ask(site, note("d", key="k")) == []
    carrier.drain()
    assert len(ask(site, note("e", key="k"))) == 1
    carrier.drain()
    assert [word for word, _ in handlers.seen] == ["a", "c", "e"]


def test_a_key_is_unique_among_processes(site: SmallSite) -> None:
    """Eight transactions at once ask for the same key: one row waits, nobody is refused."""
    barrier = threading.Barrier(8)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            barrier.wait(10)
            ask(site, note("same", key="k"))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    assert len(site.rows("fw_outbox")) == 1


def test_attempts(site: SmallSite, handlers: Handlers) -> None:
    """A failed attempt waits by the back-off; after the last one the effect has failed for good."""
    failed: list[tuple[str, str]] = []
    carrier = Carrier(
        lambda: site.gate, handlers,
        failed=lambda gate, effect, problem: failed.append((effect.kind, problem.code)),
    )  # fmt: skip
    ask(site, Effect(kind="busy"), Effect(kind="broken"), Effect(kind="refused"),
        Effect(kind="hopeless"))  # fmt: skip
    carrier.drain()
    assert statuses(site) == [("waiting", 1), ("waiting", 1), ("failed", 1), ("failed", 1)]
    rows = site.rows("fw_outbox")
    assert all(1 <= (row["due"] - site.clock()).total_seconds() <= 2 for row in rows[:2])
    assert [json.loads(row["problem"])["code"] for row in rows] == [
        "test-busy", "job-unexpected-error", "test-busy", "test-busy",
    ]  # fmt: skip
    assert json.loads(rows[0]["problem"])["zh"] == "忙"
    for _ in range(5):
        site.clock.turn(minutes=10)
        carrier.drain()
    assert statuses(site) == [("failed", 3), ("failed", 3), ("failed", 1), ("failed", 1)]
    assert sorted(failed) == [
        ("broken", "job-unexpected-error"), ("busy", "test-busy"), ("hopeless", "test-busy"),
        ("refused", "test-busy"),
    ]  # fmt: skip


def test_a_wait_that_the_handler_chooses(site: SmallSite, carrier: Carrier) -> None:
    """`Later(after=90)` is due in ninety seconds."""
    ask(site, Effect(kind="busy", payload={"after": 90}))
    carrier.drain()
    (row,) = site.rows("fw_outbox")
    assert row["due"] - site.clock() == dt.timedelta(seconds=90)


def test_back_off_grows_to_a_limit() -> None:
    """Each wait lies in the upper half of its range, and the ranges end at six hours."""
    for attempt, most in ((1, 2), (2, 8), (3, 32), (8, LONGEST), (50, LONGEST)):
        waits = [backoff(attempt) for _ in range(200)]
        assert most / 2 <= min(waits) and max(waits) <= most
        assert max(waits) - min(waits) > most / 4


def test_unknown_kinds_wait_for_a_process_that_knows_them(
    site: SmallSite, carrier: Carrier, handlers: Handlers
) -> None:
    """A worker of an older version puts back what it cannot do."""
    ask(site, Effect(kind="of tomorrow"))
    carrier.drain()
    assert json.loads(site.rows("fw_outbox")[0]["problem"])["code"] == "job-unknown-kind"
    handlers["of tomorrow"] = Handler(kind="of tomorrow", run=handlers.note)
    site.clock.turn(minutes=1)
    carrier.drain()
    assert statuses(site) == [("done", 2)]


def test_work_and_end_in_one_transaction(site: SmallSite, carrier: Carrier) -> None:
    """An effect that ends in its own transaction happens once, though its first attempt failed."""
    ask(site, Effect(kind="make", payload={"fail": True}), Effect(kind="make"))
    carrier.drain()
    assert statuses(site) == [("waiting", 1), ("done", 1)]
    assert len(site.page("thing").items) == 1
    site.clock.turn(minutes=1)
    carrier.drain()
    assert statuses(site) == [("done", 2), ("done", 1)]
    assert len(site.page("thing").items) == 2


def test_a_lost_lease(site: SmallSite, handlers: Handlers) -> None:
    """Whoever let a lease run out changes nothing any more; the reaper gives the effect on."""
    carrier, other = (Carrier(lambda: site.gate, handlers) for _ in range(2))
    taken: list[int] = []

    def slow(running: Running) -> None:
        if running.effect.attempt == 1:
            table = site.gate.tables.system("fw_outbox")
            with site.databases.writing() as connection:  # as if two hours had gone by
                connection.execute(
                    sa.update(table).values(lease=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
                )
            assert other.reap() == 1
            assert other.carry() == 1
        taken.append(running.effect.attempt)
        handlers.make(running)

    handlers["slow"] = Handler(kind="slow", run=slow)
    ask(site, Effect(kind="slow"))
    carrier.drain()
    assert taken == [2, 1]
    assert statuses(site) == [("done", 2)]
    assert len(site.page("thing").items) == 1


def test_each_effect_is_claimed_once(site: SmallSite) -> None:
    """Six processes take from a hundred effects: each is taken by one of them."""
    ask(site, *(note(str(n)) for n in range(100)))
    table = site.gate.tables.system("fw_outbox")
    taken: list[int] = []

    def work(name: str) -> None:
        claims = Claims(site.databases, table, name)
        while found := claims.take(DEFAULT, site.clock(), 7):
            taken.extend(effect.id for effect in found)

    threads = [threading.Thread(target=work, args=(f"worker {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(taken) == 100
    assert len(set(taken)) == 100


def test_a_new_revision_in_between(site: SmallSite, handlers: Handlers) -> None:
    """An attempt under a replaced revision does not count, and is made again on the new one."""
    renewed: list[bool] = []
    carrier = Carrier(lambda: site.gate, handlers, renewed=lambda: renewed.append(True))

    def stale(running: Running) -> None:
        if not renewed:
            raise StaleRevision(1, 2)
        handlers.note(running)

    handlers["stale"] = Handler(kind="stale", run=stale, attempts=1)
    ask(site, Effect(kind="stale"))
    carrier.drain()
    assert statuses(site) == [("done", 1)]


def test_threads_wake_at_once(
    site: SmallSite, carrier: Carrier, handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With threads, an effect begins long before the next look at the outbox."""
    monkeypatch.setattr(threads_module, "LOOK_AGAIN_AFTER", LONG)
    threads = Threads(carrier)
    site.gate.wake = threads.wake
    began: list[int] = []
    handlers["noted"] = Handler(kind="noted", run=lambda running: began.append(running.effect.id))
    threads.start()
    try:
        for count in range(1, 6):
            ask(site, Effect(kind="noted", queue=URGENT))
            assert soon(lambda count=count: len(began) == count)
    finally:
        threads.stop()
    assert len(began) == 5


def test_a_revision_that_these_programs_do_not_understand(
    site: SmallSite, handlers: Handlers
) -> None:
    """The effect goes back before the new revision is tried, so that others can have it."""

    def broken() -> None:
        raise Refusal(BUSY())

    def stale(running: Running) -> None:
        raise StaleRevision(1, 2)

    carrier = Carrier(lambda: site.gate, handlers, renewed=broken)
    handlers["stale"] = Handler(kind="stale", run=stale)
    ask(site, Effect(kind="stale"), note("after"))
    with pytest.raises(Refusal):
        carrier.carry()
    assert statuses(site) == [("waiting", 0), ("waiting", 0)]


def test_a_teller_that_fails(site: SmallSite, handlers: Handlers) -> None:
    """That a failure could not be told holds nothing else up."""

    def failed(*told: object) -> None:
        raise StaleRevision(1, 2)

    carrier = Carrier(lambda: site.gate, handlers, failed=failed)
    ask(site, Effect(kind="hopeless"), note("after"))
    carrier.drain()
    assert statuses(site) == [("failed", 1), ("done", 1)]


def test_a_time_limit_that_a_handler_would_swallow(site: SmallSite, handlers: Handlers) -> None:
    """The limit ends an attempt that catches every exception."""

    @contextmanager
    def limit(seconds: float) -> Iterator[None]:
        yield

    def deaf(running: Running) -> None:
        try:
            raise TooLong
        except Exception:
            handlers.note(running)

    carrier = Carrier(lambda: site.gate, handlers, time_limit=limit)
    handlers["deaf"] = Handler(kind="deaf", run=deaf)
    ask(site, Effect(kind="deaf"))
    carrier.drain()
    assert (statuses(site), handlers.seen) == ([("waiting", 1)], [])


def test_a_database_that_is_busy_at_the_end(tmp_path: Path, handlers: Handlers) -> None:
    """What was carried out is ended when the lock is free again, not carried out once more."""
    with small_site("sqlite", tmp_path, SITE) as site:
        file = str(site.databases.url.database)
        other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        waiter = threading.Timer(0.7, lambda: other.execute("ROLLBACK"))

        def impatient(connection: Any, record: object) -> None:
            connection.execute("PRAGMA busy_timeout = 100")

        def slow(running: Running) -> None:
            handlers.note(running)
            other.execute("BEGIN IMMEDIATE")
            waiter.start()

        site.databases.writes.dispose()
        sa.event.listen(site.databases.writes, "connect", impatient)
        handlers["slow"] = Handler(kind="slow", run=slow)
        ask(site, Effect(kind="slow", payload={"word": "once"}))
        Carrier(lambda: site.gate, handlers, lease=20).drain()
        waiter.join()
        other.close()
        assert (statuses(site), handlers.seen) == ([("done", 1)], [("once", 1)])


def test_a_key_that_is_claimed_before_the_commit(site: SmallSite, handlers: Handlers) -> None:
    """A row that stands for another's effect is not carried out before that one's commit."""
    if site.databases.dialect == "sqlite":
        return  # one writer at a time: nobody can claim meanwhile
    carrier = Carrier(lambda: site.gate, handlers)
    ask(site, note("old", key="k"))
    with site.gate.transaction(SYSTEM) as tx:
        assert put(tx, [note("new", key="k")]) == []
        assert carrier.drain() == 0
    assert carrier.drain() == 1
