"""The outbox as administrators see it stays quick, however many rows there are."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from jobs.figures import look
from jobs.states import CAP, JobQuery, Jobs
from jobs.tables import OUTBOX, QUEUES
from support.small import KINDS_OF_DATABASE, SmallSite, refusal, small_site

SITE = """
object: thing
fields:
  name: {type: text}
"""
ROWS = 30_000
"""Of each status."""


@pytest.fixture(params=KINDS_OF_DATABASE)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallSite]:
    """A site with a busy outbox."""
    with small_site(request.param, tmp_path, SITE) as site:
        table, now = site.gate.tables.system(OUTBOX), site.gate.clock()
        with site.databases.writing() as connection:
            for status in ("waiting", "failed", "done"):
                rows = [
                    {
                        "at": now, "kind": "webhook", "queue": QUEUES[n % 3], "status": status,
                        "due": now + dt.timedelta(seconds=n),
                        "finished": None if status == "waiting" else now - dt.timedelta(seconds=n),
                    }
                    for n in range(ROWS)
                ]  # fmt: skip
                connection.execute(sa.insert(table), rows)
        yield site


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, the best of three."""
    found = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def test_quick(site: SmallSite) -> None:
    """Pages and figures look at what they show; without the indexes they took ten times as long."""
    jobs = Jobs(site.gate)
    for status in ("waiting", "failed", "done"):
        first = jobs.page(SYSTEM, JobQuery(status=status))
        second = JobQuery(status=status, after=first.next or "")
        assert seconds(lambda: jobs.page(SYSTEM, JobQuery(status=status))) < 0.08  # noqa: B023
        assert seconds(lambda: jobs.page(SYSTEM, second)) < 0.08  # noqa: B023
        assert {job.id for job in first.items}.isdisjoint(
            job.id for job in jobs.page(SYSTEM, second).items
        )
    assert seconds(lambda: jobs.counts(SYSTEM)) < 0.15
    assert seconds(lambda: look(site.gate)) < 0.3


def test_counts_are_capped(site: SmallSite) -> None:
    """No count goes further than a thousand, and says so."""
    counts = Jobs(site.gate).counts(SYSTEM)
    assert [(counts[s].value, counts[s].exact) for s in ("waiting", "failed", "done")] == [
        (CAP, False)
    ] * 3
    assert (counts["running"].value, counts["running"].exact) == (0, True)
    figures = look(site.gate)
    assert sum(figures.depth.values()) == ROWS and figures.failed == 10_000


@pytest.mark.parametrize("kind", KINDS_OF_DATABASE)
def test_cursors(kind: str, tmp_path: Path) -> None:
    """Whatever stands in a cursor, it is one or it is refused."""
    with small_site(kind, tmp_path, SITE) as site:
        jobs = Jobs(site.gate)
        for moment, good in (
            ("0001-01-01T00:00+14:00", False),
            ("9999-12-31T23:59-12:00", False),
            ("2026-03-16T12:00", False),
            ("2026-03-16T12:00+14:00", True),
        ):
            after = base64.urlsafe_b64encode(json.dumps([moment, 1]).encode()).decode()
            query = JobQuery(status="done", after=after)
            if good:
                assert list(jobs.page(SYSTEM, query).items) == []
            else:
                assert "job-cursor" in refusal(lambda query=query: jobs.page(SYSTEM, query))
