"""Processes and Redis are killed at random while effects and timers run: nothing is lost, and
nothing is doubled that a receiver who knows the tokens can tell.

The short form belongs to every test run. FORMWRIGHT_SOAK=1 (`make soak`) runs the long one:
10,000 effects and 1,000 timers on each database.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from support.chaos_receivers import Receivers, receivers
from support.chaos_roles import ROLLED_BACK, Play, begin
from support.redis_server import RedisServer, redis_server
from support.small import SmallSite, small_site

SITE = """
object: ticket
fields:
  name: {type: text, unique: true}
---
object: arrival
fields:
  of: {type: text}
  ticket: {type: integer}
"""
SOAK = os.environ.get("FORMWRIGHT_SOAK") == "1"
KILLING = 900.0 if SOAK else 12.0
"""Seconds after which nobody is killed any more, so that a slow machine comes to an end, too."""
SETTLING = 180.0


@dataclass
class Troupe:
    """The processes; whoever dies is replaced."""

    play: Play
    chance: random.Random
    running: list[tuple[str, ForkServerProcess]] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    seeds: int = 0

    def start(self, role: str) -> None:
        """Starts a process; they are forked from one that has imported everything."""
        self.seeds += 1
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["support.chaos_roles"])
        process = context.Process(target=begin, args=(role, self.play, self.seeds), daemon=True)
        process.start()
        self.running.append((role, process))

    def kill_one(self) -> None:
        """SIGKILL to one of them, and another one takes its place."""
        role, process = self.running.pop(self.chance.randrange(len(self.running)))
        assert process.is_alive(), f"a {role} ended by itself: {Path(self.play.log).read_text()}"
        process.kill()
        process.join()
        self.kills[role] += 1
        self.start(role)

    def kill_all(self) -> None:
        """The end."""
        for _, process in self.running:
            process.kill()
        for _, process in self.running:
            process.join()


@contextmanager
def troupe(play: Play, seed: int) -> Iterator[Troupe]:
    """Two writers; with Redis three workers and two schedulers, without it two more writers."""
    made = Troupe(play, random.Random(seed))
    roles = {"writer": 2, "worker": 3, "scheduler": 2} if play.redis else {"writer": 4}
    try:
        for role, count in roles.items():
            for _ in range(count):
                made.start(role)
        yield made
    finally:
        made.kill_all()


@pytest.fixture(autouse=True)
def _imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that the others are forked from finds what this one finds."""
    root = Path(__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((f"{root / 'platform'}", f"{root / 'tests'}")))


@pytest.mark.parametrize("redis", [True, False], ids=["redis", "threads"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_lost_and_nothing_is_doubled(
    kind: str, redis: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What committed transactions asked for has happened, all of it, and nothing else."""
    with ExitStack() as stack:
        site = stack.enter_context(small_site(kind, tmp_path, SITE))
        server = stack.enter_context(redis_server()) if redis else None
        receiving = stack.enter_context(receivers())
        play = Play(
            url=site.databases.url.render_as_string(hide_password=False),
            redis=server.url if server else "",
            smtp=receiving.smtp,
            http=receiving.http,
            log=str(tmp_path / "log"),
            tickets=3_334 if SOAK else 134 if redis else 60,
            timed=0.31 if SOAK else 0.45,
            pause=0.01 if SOAK else 0.05,
        )
        began = time.monotonic()
        kills = torment(site, play, server)
        figures = judge(site, receiving)
    figures |= {"kills": dict(kills), "seconds": round(time.monotonic() - began, 1)}
    with capsys.disabled():
        print(f"\nchaos on {kind}, {'redis' if redis else 'threads'}: {json.dumps(figures)}")


def torment(site: SmallSite, play: Play, server: RedisServer | None) -> Counter[str]:
    """Lets everything run and kills until nearly all is done, then lets it settle."""
    with troupe(play, seed=7) as made:
        began = time.monotonic()
        redis_dies = began + 2
        while time.monotonic() < began + KILLING and not nearly_done(site, play):
            time.sleep(made.chance.uniform(0.1, 0.7))
            made.kill_one()
            if server and time.monotonic() > redis_dies:
                server.kill()
                made.kills["redis"] += 1
                time.sleep(made.chance.uniform(0, 1))
                server.start()
                redis_dies = time.monotonic() + made.chance.uniform(2, 6)
        wait_until(
            lambda: nearly_done(site, play) and not left(site), SETTLING, lambda: str(left(site))
        )
        return made.kills


def nearly_done(site: SmallSite, play: Play) -> bool:
    """Whether all is written, all timers have fired, and only some effects are left."""
    if count(site, "ticket") < play.tickets or len(left(site)) > 20:
        return False
    return not any(row["status"] == "waiting" for row in site.rows("fw_timer"))


def judge(site: SmallSite, receiving: Receivers) -> dict[str, Any]:
    """Compares what was written with what arrived."""
    tickets = {record.id: record.values["name"] for record in every(site, "ticket")}
    names = set(tickets.values())
    assert not [name for name in names if str(name).startswith(ROLLED_BACK)]
    for inbox in (receiving.mails, receiving.posts):
        assert set(inbox.tokens) == names
        assert inbox.distinct == len(names)
    arrived = Counter((r.values["of"], r.values["ticket"]) for r in every(site, "arrival"))
    timers = {row["record"] for row in site.rows("fw_timer")}
    assert timers <= set(tickets)
    assert {id for of, id in arrived if of == "row"} == set(tickets)
    assert {id for of, id in arrived if of == "timer"} == timers
    assert set(arrived.values()) == {1}
    rows = site.rows("fw_outbox")
    assert {row["status"] for row in rows} == {"done"}
    assert len(rows) == 3 * len(tickets) + len(timers)
    took = [(row["finished"] - row["at"]).total_seconds() for row in rows]
    return {
        "effects": len(rows),
        "timers": len(timers),
        "deliveries": receiving.mails.raw + receiving.posts.raw,
        "distinct": receiving.mails.distinct + receiving.posts.distinct,
        "taken over": sum(row["attempts"] > 1 for row in rows),
        "median s": round(statistics.median(took), 3),
        "longest s": round(max(took), 1),
    }


def left(site: SmallSite) -> list[tuple[Any, ...]]:
    """The effects that have not ended, and timers that have not fired."""
    with site.databases.reading() as connection:
        found = connection.exec_driver_sql(
            "SELECT id, kind, status, attempts, due, lease, problem FROM fw_outbox"
            " WHERE status NOT IN ('done', 'cancelled') LIMIT 50"
        )
        return [tuple(row) for row in found]


def count(site: SmallSite, object: str) -> int:
    """How many records there are."""
    table = site.application.tables.table(object)
    with site.databases.reading() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table.name}").scalar_one())


def every(site: SmallSite, object: str) -> Iterator[Any]:
    """All records, by pages."""
    after = ""
    while True:
        page = site.page(object, limit=1_000, after=after, sort=("id",))
        yield from page.items
        if not page.next:
            return
        after = page.next


def wait_until(true: Callable[[], bool], seconds: float, why: Callable[[], str]) -> None:
    """Waits until something becomes true."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, why()
        time.sleep(0.05)
