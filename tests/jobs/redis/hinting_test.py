"""Hints of a new revision: heard at once, lost without harm, heard again from a new Redis."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from assembly.revisions import Site
from engine.schema.engines import open_databases
from engine.vault import scratch_vault
from jobs.redis import hinting
from jobs.redis.hinting import Hints
from jobs.redis.queues import open_redis
from support.live import Definitions, publish
from support.redis_server import RedisServer

SOON = 20.0
"""Seconds within which something must be heard, on a busy machine."""


class Ear:
    """Counts how often somebody was asked to look."""

    def __init__(self) -> None:
        self.looked = threading.Semaphore(0)

    def __call__(self) -> None:
        self.looked.release()

    def heard(self) -> bool:
        """Waits for the next time."""
        return self.looked.acquire(timeout=SOON)


def test_a_process_takes_a_revision_without_being_asked_anything(
    redis: RedisServer, tmp_path: Path
) -> None:
    """One that has taken it tells the others: they need no request to learn of it."""
    databases = open_databases(f"sqlite:///{tmp_path}/s.db", vault=scratch_vault())
    definitions, layer = Definitions(), tmp_path / "layer"
    publish(databases, layer, definitions.text())
    first, second, taken = Site(databases), Site(databases), threading.Event()
    hints = Hints(open_redis(redis.url), "shop")
    first.swapped = hints.tell
    second.swapped = lambda revision: taken.set()
    hints.listen(second.look)
    publish(databases, layer, definitions.next()[1])
    assert first.refresh(wait=True)
    assert taken.wait(SOON)
    assert second.current.revision == first.current.revision
    databases.dispose()


def test_hints_of_another_site_are_not_heard(redis: RedisServer) -> None:
    """Each site has its own channel."""
    connection, ear = open_redis(redis.url), Ear()
    Hints(connection, "shop").listen(ear)
    assert ear.heard()  # what was said before it listened
    Hints(connection, "other").tell(7)
    Hints(connection, "shop").tell(7)
    assert ear.heard()
    assert not ear.looked.acquire(blocking=False)


def test_a_redis_that_went_away(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Telling raises nothing; when Redis is back, what was missed is looked for."""
    monkeypatch.setattr(hinting, "REST", 0.05)
    hints, ear = Hints(open_redis(redis.url), "shop"), Ear()
    hints.listen(ear)
    assert ear.heard()
    redis.kill()
    hints.tell(8)
    redis.start()
    assert ear.heard()
    hints.tell(9)
    assert ear.heard()
