"""The outbox as administrators see it stays quick, however many rows there are."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from jobs.figures import look
from jobs.states import CAP, JobQuery, Jobs
from jobs.tables import OUTBOX, QUEUES
from support.plans import lavish
from support.small import KINDS_OF_DATABASE, SmallSite, refusal, small_site

SITE = """
object: thing
fields:
  name: {type: text}
"""
ROWS = 12_000
"""Of each status."""


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    """A site with a busy outbox."""
    with small_site(request.param, tmp_path_factory.mktemp("states"), SITE) as site:
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
            connection.exec_driver_sql(f"ANALYZE {OUTBOX}")
        yield site


def test_quick(site: SmallSite) -> None:
    """Pages and figures look at what they show, by an index that has it in their order."""
    jobs = Jobs(site.gate)
    for status in ("waiting", "failed", "done"):
        first = JobQuery(status=status)
        second = replace(first, after=jobs.page(SYSTEM, first).next or "")
        for query in (first, second):
            look_at = partial(jobs.page, SYSTEM, query)
            assert lavish(site.databases, OUTBOX, look_at) == []
        assert {job.id for job in jobs.page(SYSTEM, first).items}.isdisjoint(
            job.id for job in jobs.page(SYSTEM, second).items
        )
    assert lavish(site.databases, OUTBOX, lambda: jobs.counts(SYSTEM)) == []
    assert lavish(site.databases, OUTBOX, lambda: look(site.gate)) == []


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
