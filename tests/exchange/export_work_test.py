"""Export as long work: a file in the store, followed page by page."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM, Actor
from exchange import exporting
from exchange.export_work import ExportRequest, export_work
from jobs import work
from jobs.work_ongoing import Ongoing
from jobs.work_rows import WorkRow
from support.exchange_site import Exchange
from support.long_work import Works
from support.small import actor, codes


@pytest.fixture
def works(it: Exchange) -> Works:
    return Works(it.site, it.folder)


def start(works: Works, by: Actor = SYSTEM, **wanted: Any) -> int:
    request = ExportRequest(**{"object": "company", **wanted})
    return works.start(export_work(works.site.application.catalog, request), by)


def take(works: Works, by: Actor = SYSTEM, **wanted: Any) -> WorkRow:
    id = start(works, by, **wanted)
    works.carrier().drain()
    return works.one(id)


def companies(it: Exchange, count: int) -> None:
    it.bring("company", "name,staff\n" + "".join(f"N{i},{i}\n" for i in range(count)))


def test_formats(it: Exchange, works: Works) -> None:
    """CSV, XLSX and JSON, as the command writes them."""
    companies(it, 5)
    for format in ("csv", "json"):
        row = take(works, format=format)
        assert (row.status, row.counts) == ("done", {"exported": 5})
        assert (row.progress.done, row.progress.total) == (5, 5)
        text = it.take("company", format=format).decode("utf-8-sig")
        assert works.file(row.id, f"company.{format}") == text
    row = take(works, format="xlsx")
    (file,) = row.files
    with works.files.at_hand(file.digest) as path:
        assert it.bring("company", path).summary.startswith("created 0, updated 0, unchanged 5")


def test_what_a_list_shows(it: Exchange, works: Works) -> None:
    """A condition, filters and search words; labels in the language of whoever asked."""
    companies(it, 12)
    row = take(
        works, where="staff > 3", filters={"staff": [2, 4, 11]}, words="N11", format="csv",
        labels=True, locale="zh",
    )  # fmt: skip
    header, line = works.file(row.id, "company.csv").splitlines()
    assert header.startswith("编号,名称") and ",N11," in line


def test_with_their_permissions(it: Exchange, works: Works) -> None:
    """Only what they may export and read; unknown formats at once."""
    companies(it, 2)
    clerk = actor(it.site.create("person", name="Cy"), "clerk")
    row = take(works, clerk)
    assert "revenue" not in works.file(row.id, "company.csv").splitlines()[0]
    onlooker = actor(it.site.create("person", name="Di"), "onlooker")
    assert take(works, onlooker).code == "forbidden"
    assert codes(lambda: start(works, format="pdf")) == [("export-format", "")]


def test_lines_have_no_place_in_csv(it: Exchange, works: Works) -> None:
    """Whoever asked is told so."""
    it.site.create("deal", title="A", lines=[{"label": "x"}])
    row = take(works, object="deal")
    ((_, sort, data),) = work.rows_of(it.site.gate, SYSTEM, row.id)
    assert (sort, "lines" in data["en"]) == ("notice", True)


def test_pause_cancel_and_again(
    it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two pages; a resumed export begins anew."""
    monkeypatch.setattr(exporting, "PAGE", 2)
    companies(it, 7)
    heed, wish = Ongoing.heed, [work.pause, work.cancel]

    def asked(self: Ongoing) -> None:
        if wish and self.done >= 4:
            works.steer(wish.pop(0), self.row.id)
        heed(self)

    monkeypatch.setattr(Ongoing, "heed", asked)
    id = start(works)
    works.carrier().drain()
    assert (works.one(id).status, works.one(id).progress.done) == ("paused", 4)
    works.steer(work.resume, id)
    works.carrier().drain()
    assert (works.one(id).status, works.one(id).files) == ("cancelled", ())
    works.steer(work.retry, id)
    works.carrier().drain()
    assert (works.one(id).status, works.one(id).counts) == ("done", {"exported": 7})
    assert len(works.file(id, "company.csv").splitlines()) == 8


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_stays_flat(it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """100,000 records: no more memory at the end than after the first pages."""
    many(it, 100_000)
    heed, sizes = Ongoing.heed, list[int]()

    def measured(self: Ongoing) -> None:
        sizes.append(resident())
        heed(self)

    monkeypatch.setattr(Ongoing, "heed", measured)
    row = take(works, object="contact")
    assert (row.status, row.counts) == ("done", {"exported": 100_000})
    assert len(sizes) == 100
    assert sizes[-1] - sizes[9] < 10 * 1024 * 1024
    assert row.files[0].size > 1_000_000


def many(it: Exchange, count: int) -> None:
    """Contacts, put into the table without the gate."""
    table = it.site.application.tables.table("contact")
    rows = [{"name": f"N{i}", "version": 1} for i in range(count)]
    with it.site.databases.writing() as connection:
        for start_at in range(0, count, 10_000):
            connection.execute(sa.insert(table), rows[start_at : start_at + 10_000])


def resident() -> int:
    """Bytes of memory that this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
