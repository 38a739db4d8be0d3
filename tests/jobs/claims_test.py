"""Claims: sharing what was taken, letting go, and keys of what comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs import carrying, working
from jobs.carrying import Carrier
from jobs.handlers import Running
from jobs.tables import SLOW
from jobs.working import Worker, alarm
from support.effects import SITE, Effects
from support.patience import PATIENCE
from support.small import KINDS_OF_DATABASE, small_site


@pytest.fixture(params=KINDS_OF_DATABASE)
def effects(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Effects]:
    with small_site(request.param, tmp_path, SITE) as site:
        yield Effects(site)


def lapse(site: Any) -> None:
    """All leases run out."""
    with site.databases.writing() as connection:
        connection.exec_driver_sql("UPDATE fw_outbox SET lease = '2020-01-01 00:00:00.000000'")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any effect takes so long that those behind it are shared."""
    monkeypatch.setattr(carrying, "SHARE_AFTER", 0.0)


@pytest.mark.usefixtures("impatient")
def test_what_was_not_begun_is_shared(effects: Effects) -> None:
    """Effects that take long: those behind the first go back at once, as if never claimed."""
    effects.ask("a", "b", "c")
    assert effects.carrier().carry() == 3
    assert effects.seen == ["a"]
    assert effects.states() == {"a": "done", "b": "waiting", "c": "waiting"}
    assert effects.attempts() == [1, 0, 0]


def test_stopping_lets_go(effects: Effects) -> None:
    """Told to stop, a carrier ends what it is at; the others can be had at once."""
    carrier = effects.carrier(stopping=lambda: len(effects.seen) == 2)
    effects.ask("a", "b", "c", "d")
    carrier.carry()
    assert effects.seen == ["a", "b"]
    assert effects.carrier().drain() == 2
    assert effects.seen == ["a", "b", "c", "d"]


def test_an_error_lets_go(effects: Effects) -> None:
    """Something that is no effect's own fault ends the round: the rest can be had at once."""

    def interrupted(running: Running) -> None:
        if running.effect.payload["name"] == "b":
            raise KeyboardInterrupt

    effects.work = interrupted
    effects.ask("a", "b", "c")
    with pytest.raises(KeyboardInterrupt):
        effects.carrier().carry()
    assert effects.states() == {"a": "done", "b": "running", "c": "waiting"}


def test_done_is_written_before_a_long_one(effects: Effects) -> None:
    """An effect that may outlast the leases of those before it: those are ended first."""
    effects.timeout = 50.0
    effects.work = lambda running: effects.seen.append(str(list(effects.states().values())))
    effects.ask("a", "b")
    effects.carrier(lease=60.0).carry()
    assert effects.seen[2] == "['done', 'running']"


def test_keys_of_what_comes_back(effects: Effects) -> None:
    """Two of one key are lost by their holders: both come back, and neither stops the reaper."""
    effects.ask("a", key="k")
    carrier = effects.carrier()
    assert [e.attempt for e in carrier._claims().take("default", effects.site.clock.now, 1)] == [1]
    effects.ask("b", key="k")
    assert [e.attempt for e in carrier._claims().take("default", effects.site.clock.now, 1)] == [1]
    effects.ask("c", key="k")
    lapse(effects.site)
    assert carrier.reap() == 2
    assert effects.ask("d", key="k") == []  # enough of it waits
    assert carrier.drain() == 3
    assert len(effects.ask("e", key="k")) == 1


@pytest.mark.usefixtures("impatient")
def test_given_back_with_its_key(effects: Effects) -> None:
    """One that was not begun goes back although another of its key waits by now."""
    effects.work = lambda running: effects.ask("again", key="k") and None
    effects.ask("a")
    effects.ask("b", key="k")
    effects.carrier().carry()
    assert effects.states() == {"a": "done", "b": "waiting", "again": "waiting"}


def test_an_attempt_that_takes_too_long(effects: Effects) -> None:
    """In a process of its own an attempt is ended after its time, and tried again later."""
    effects.timeout = 0.2
    effects.work = lambda running: time.sleep(PATIENCE)
    effects.ask("a")
    worker = Worker(effects.carrier(time_limit=alarm))
    assert worker.drain() == 1
    (row,) = effects.site.rows("fw_outbox")
    assert (row["status"], "job-too-long" in row["problem"]) == ("waiting", True)


def test_an_effect_that_kills_whoever_takes_it(effects: Effects) -> None:
    """Lost by its holder at every attempt, it fails in the end, for a person to see."""
    effects.ask("a")
    carrier = effects.carrier()
    for _ in range(8):
        assert carrier._claims().take("default", effects.site.clock.now, 1)
        lapse(effects.site)
        assert carrier.reap() == 1
    carrier.drain()
    (row,) = effects.site.rows("fw_outbox")
    assert (row["status"], "job-never-ended" in row["problem"]) == ("failed", True)
    assert effects.seen == []


def test_queues_of_a_worker(effects: Effects) -> None:
    """Whatever the order in which they are named, the most urgent comes first."""
    carrier: Carrier = effects.carrier()
    assert Worker(carrier, queues=("slow", "default", "urgent")).queues == (
        "urgent", "default", "slow",
    )  # fmt: skip
    effects.ask("a")
    effects.ask("b", queue=SLOW)
    assert Worker(carrier, queues=("slow",)).drain() == 1
    assert effects.seen == ["b"]


def test_a_worker_looks_for_a_new_revision(
    effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once in a while, also while it has so much to do that it never rests; not all the time."""
    monkeypatch.setattr(working, "WAIT", 0.05)
    times: list[float] = []
    effects.work = lambda running: time.sleep(0.005)
    effects.ask(*map(str, range(60)))
    worker = Worker(effects.carrier(), renew=lambda: times.append(time.monotonic()))
    began = time.monotonic()
    worker.drain()
    assert 2 <= len(times) <= (time.monotonic() - began) / 0.05 + 1
