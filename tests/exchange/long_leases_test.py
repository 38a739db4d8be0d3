"""Work whose one transaction takes longer than its lease keeps it."""

from __future__ import annotations

import functools
import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.permissions.actors import SYSTEM
from exchange import import_work as module
from exchange.importing import Order
from exchange.report import Report
from exchange.sources import Source
from jobs import work_here
from jobs.claims import Claims
from jobs.work_ongoing import Ongoing
from support.exchange_site import SITE
from support.long_work import Works
from support.small import KINDS_OF_DATABASE, small_site

LEASE = 1.0
ROWS = "name,staff\nA,1\nB,2\n"


@pytest.fixture(params=KINDS_OF_DATABASE)
def works(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Works]:
    """Transactions take longer than leases."""
    glance = Ongoing.glance

    def slow(self: Ongoing, done: int, total: int | None) -> None:
        time.sleep(LEASE * 1.5)
        glance(self, done, total)

    monkeypatch.setattr(Ongoing, "glance", slow)
    monkeypatch.setattr(work_here, "Claims", functools.partial(Claims, lease=LEASE))
    with small_site(request.param, tmp_path, SITE) as site:
        yield Works(site, tmp_path)


def reaping(works: Works, monkeypatch: pytest.MonkeyPatch, wait: float = 0) -> list[int]:
    """The reaper comes before the files are written; how many effects it took each time."""
    reaped: list[int] = []
    attach = module._attach

    def attached(ongoing: Ongoing, source: Source, request: module.ImportRequest) -> None:
        time.sleep(wait)
        reaped.append(works.carrier().reap())
        attach(ongoing, source, request)

    monkeypatch.setattr(module, "_attach", attached)
    return reaped


def here(works: Works) -> Report:
    path = works.folder / "in.csv"
    path.write_text(ROWS)
    order = Order(object="company", path=path, all_or_nothing=True)
    return module.import_here(works.site.gate, SYSTEM, works.files, order, lambda *_: None)


def test_a_command(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is still its own when it has committed, and ends as done."""
    reaped = reaping(works, monkeypatch)
    report = here(works)
    assert (reaped, report.stopped, works.one(1).status) == ([0], None, "done")


def test_a_command_that_is_given_up(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so; what it wrote stays, and the work waits for a person."""
    reaped = reaping(works, monkeypatch, LEASE * 1.5)
    report = here(works)
    assert reaped == [1]
    assert report.stopped is not None and report.stopped.code == "work-lease-gone"
    assert len(works.site.ids("company")) == 2
    works.carrier().drain()
    assert (works.one(1).status, works.one(1).code) == ("paused", "work-left")


def test_a_worker(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps the work, which is done at the first attempt."""
    reaped = reaping(works, monkeypatch)
    stored = works.files.put(io.BytesIO(ROWS.encode()))
    request = module.ImportRequest(
        object="company", source=stored.digest, name="in.csv", all_or_nothing=True
    )
    id = works.start(module.import_work(works.site.application.catalog, request))
    works.carrier(lease=LEASE).carry()
    assert (reaped, works.one(id).status) == ([0], "done")


def test_files_that_take_long(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease is renewed while they are written."""
    work = works.site.application.catalog
    stored = works.files.put(io.BytesIO(b"name,founded\nA,x\nB,y\nC,z\n"))
    request = module.ImportRequest(object="company", source=stored.digest, name="in.csv")
    id = works.start(module.import_work(work, request))
    reaped: list[int] = []
    rows = Ongoing.rows

    def slowly(self: Ongoing, sort: str) -> Iterator[dict[str, object]]:
        for row in rows(self, sort):
            time.sleep(LEASE * 0.6)
            reaped.append(works.carrier().reap())
            yield row

    monkeypatch.setattr(Ongoing, "rows", slowly)
    works.carrier(lease=LEASE).carry()
    assert (set(reaped), works.one(id).status) == ({0}, "done")
    assert works.file(id, "in-rejected.csv").count("\n") == 4
