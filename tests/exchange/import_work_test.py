"""Import as long work: it goes on after whatever interrupts it, and nothing comes in twice."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM, Actor
from exchange import importing
from exchange.import_work import ImportRequest, import_work, preview_import
from jobs import work
from jobs.work_rows import WorkRow
from support.exchange_site import Exchange
from support.long_work import Works
from support.small import actor, refusal


@pytest.fixture
def works(it: Exchange) -> Works:
    return Works(it.site, it.folder)


def request(works: Works, content: str, **more: Any) -> ImportRequest:
    stored = works.files.put(io.BytesIO(content.encode()))
    return ImportRequest(**{"object": "company", "source": stored.digest, "name": "in.csv", **more})


def start(works: Works, content: str, by: Actor = SYSTEM, **more: Any) -> int:
    catalog = works.site.application.catalog
    return works.start(import_work(catalog, request(works, content, **more)), by)


def bring(works: Works, content: str, by: Actor = SYSTEM, **more: Any) -> WorkRow:
    id = start(works, content, by, **more)
    works.carrier().drain()
    return works.one(id)


def rejects(works: Works, row: WorkRow) -> list[list[str]]:
    text = works.file(row.id, "in-rejected.csv")
    return list(csv.reader(io.StringIO(text, newline="")))


def interrupted(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """The process dies before its chunk number `after`, once."""
    process, seen = importing.Batches.process, [0]

    def dying(self: Any, *arguments: Any) -> Any:
        seen[0] += 1
        if seen[0] == after:
            raise SystemExit  # what no handler catches
        return process(self, *arguments)

    monkeypatch.setattr(importing.Batches, "process", dying)


def survive(works: Works) -> None:
    """Whoever had the work is gone; another one takes it up."""
    with pytest.raises(SystemExit):
        works.carrier().drain()
    works.lapse()
    works.carrier().drain()


def test_counts_and_files(it: Exchange, works: Works) -> None:
    """What came in, and the rejected rows as a file that can be imported again."""
    content = "name,staff\nA,1\nB,x\nC,-1\n"
    row = bring(works, content, locale="zh")
    assert row.status == "done"
    assert row.counts == {
        "created": 1, "updated": 0, "unchanged": 0, "rejected": 2, "corrected": 0,
    }  # fmt: skip
    assert (row.progress.done, row.progress.total) == (3, 3)
    assert row.title.in_("en") == "Import Company from in.csv"
    header, *lines = rejects(works, row)
    assert header == ["_line", "_problems", "name", "staff"]
    assert [(line[0], line[2:]) for line in lines] == [("3", ["B", "x"]), ("4", ["C", "'-1"])]
    assert "不是数字" in lines[0][1]
    again = bring(works, works.file(row.id, "in-rejected.csv").replace(",x", ",2"))
    assert (again.counts["created"], again.counts["rejected"]) == (1, 1)
    audit = works.audit(row.batch or 0)
    assert [(a["object"], a["cause"], a["via"]) for a in audit] == [
        ("company", "import in.csv", "import")
    ]


@pytest.mark.parametrize("after", [1, 2, 4])
def test_a_crash_resumes_exactly(
    it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Without --match: each row once, each rejected row once, one batch."""
    monkeypatch.setattr(importing, "BATCH", 2)
    interrupted(monkeypatch, after)
    content = "name,staff\n" + "".join(f"N{i},{'x' if i % 3 == 0 else i}\n" for i in range(9))
    id = start(works, content)
    survive(works)
    row = works.one(id)
    assert (row.status, row.counts["created"], row.counts["rejected"]) == ("done", 6, 3)
    assert it.rows("company", "name") == [(f"N{i}",) for i in range(9) if i % 3]
    assert [line[0] for line in rejects(works, row)] == ["_line", "2", "5", "8"]
    assert len(works.audit(row.batch or 0)) == 6
    assert len(it.site.rows("fw_batch")) == 1


@pytest.mark.parametrize("after", [2, 3, 4, 5, 6])
def test_rows_that_wait_survive(
    it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """A parent that stands further down, one that never comes, and a crash at any chunk."""
    monkeypatch.setattr(importing, "BATCH", 2)
    interrupted(monkeypatch, after)
    content = "name,parent.name\nA,E\nB,A\nC,Nowhere\nD,\nE,D\n"
    id = start(works, content)
    survive(works)
    row = works.one(id)
    assert (row.status, row.counts["created"], row.counts["rejected"]) == ("done", 4, 1)
    assert sorted(it.rows("company", "name", "parent")) == [
        ("A", "E"), ("B", "A"), ("D", None), ("E", "D"),
    ]  # fmt: skip
    assert [line[0] for line in rejects(works, row)[1:]] == ["4"]


def test_pause_and_cancel(it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the border of two chunks; what came in stays, and a retry goes on behind it."""
    monkeypatch.setattr(importing, "BATCH", 2)
    count, wish = importing.Import._count, [work.pause, work.cancel]

    def counted(self: Any, *arguments: Any) -> None:
        count(self, *arguments)
        if wish and works.one(id).status == "running":
            works.steer(wish.pop(0), id)

    monkeypatch.setattr(importing.Import, "_count", counted)
    id = start(works, "name\n" + "".join(f"N{i}\n" for i in range(9)))
    works.carrier().drain()
    assert works.one(id).status == "paused"
    assert len(it.rows("company", "name")) == 4
    works.steer(work.resume, id)
    works.carrier().drain()
    assert works.one(id).status == "cancelled"
    assert len(it.rows("company", "name")) == 8
    works.steer(work.retry, id)
    works.carrier().drain()
    assert works.one(id).status == "done"
    assert it.rows("company", "name") == [(f"N{i}",) for i in range(9)]


def test_as_whoever_asked(it: Exchange, works: Works) -> None:
    """With their permissions, found out when it runs."""
    clerk = actor(it.site.create("person", name="Cy"), "clerk")
    row = bring(works, "name,staff\nA,1\n", clerk)
    assert (row.status, row.counts["created"]) == ("done", 1)
    id = start(works, "name\nB\n", clerk)
    works.people[clerk.person or 0] = actor(clerk.person, "onlooker")
    works.carrier().drain()
    assert (works.one(id).status, works.one(id).code) == ("failed", "forbidden")
    assert it.rows("company", "name") == [("A",)]


def test_trying_it_out(it: Exchange, works: Works) -> None:
    """A dry run as work, and as a preview: the counts and reasons, and nothing written."""
    content = "name,staff\nA,1\nB,x\n"
    row = bring(works, content, dry_run=True)
    assert (row.status, row.counts["created"], row.counts["rejected"]) == ("done", 1, 1)
    assert row.batch is None
    assert [line[0] for line in rejects(works, row)[1:]] == ["3"]
    report = preview_import(works.site.gate, SYSTEM, works.files, request(works, content))
    assert (report.created, report.rejected, report.written) == (1, 1, False)
    assert it.rows("company", "name") == []


def test_all_or_nothing(it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction; a crash after it does not do it again."""
    row = bring(works, "name,staff\nA,1\nB,x\n", all_or_nothing=True)
    assert (row.status, row.batch) == ("done", None)
    assert it.rows("company", "name") == []
    from exchange import import_work as module

    attach = module._attach

    def dying(*arguments: Any) -> None:
        monkeypatch.setattr(module, "_attach", attach)
        raise SystemExit

    monkeypatch.setattr(module, "_attach", dying)
    id = start(works, "name\nA\nB\n", all_or_nothing=True)
    survive(works)
    row = works.one(id)
    assert (row.status, row.counts["created"]) == ("done", 2)
    assert row.batch is not None
    assert it.rows("company", "name") == [("A",), ("B",)]


def test_a_long_transaction_shows_how_far_it_is(
    it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where others can write meanwhile it can be cancelled, and is taken back."""
    if it.site.gate.dialect == "sqlite":
        return  # there nobody else can write meanwhile
    monkeypatch.setattr(importing, "BATCH", 2)
    count, seen = importing.Import._count, []

    def counted(self: Any, *arguments: Any) -> None:
        count(self, *arguments)
        seen.append(works.one(id).progress.done)
        if len(seen) == 3:
            works.steer(work.cancel, id)

    monkeypatch.setattr(importing.Import, "_count", counted)
    id = start(works, "name\n" + "".join(f"N{i}\n" for i in range(9)), all_or_nothing=True)
    works.carrier().drain()
    row = works.one(id)
    assert (seen, row.status, row.batch, row.progress.done) == ([0, 2, 4], "cancelled", None, 0)
    assert it.rows("company", "name") == []


def test_many_rejected_rows(it: Exchange, works: Works) -> None:
    """More than PostgreSQL takes by INSERT: text of any kind survives."""
    names = [f"N\\t{i}é{{}}" for i in range(120)]
    row = bring(works, "name,staff\n" + "".join(f"{name},x\n" for name in names))
    assert [line[2] for line in rejects(works, row)[1:]] == names


def test_a_mapping_from_a_screen(it: Exchange, works: Works) -> None:
    """Plain data, checked like a file; or the name of one that was applied, never a path."""
    mapping = {
        "mapping": "chosen", "object": "company", "match": ["name"],
        "columns": {"who": "name", "n": {"field": "staff", "corrections": {"?": None}}},
    }  # fmt: skip
    row = bring(works, "who,n\nA,1\nB,?\n", mapping=mapping)
    assert (row.counts["created"], row.counts["corrected"]) == (2, 1)
    assert works.file(row.id, "in-corrected.csv").splitlines() == [
        "_line,column,found,became", "3,n,?,",
    ]  # fmt: skip
    path = it.file("mapping: m\nobject: company\ncolumns: {who: name}\n", "m.yaml")
    row = bring(works, "who\nC\n", mapping=str(path))
    assert (row.status, row.code) == ("failed", "no-mapping")
    wrong = mapping | {"columns": {"who": "nonsense"}}
    assert "nonsense" in refusal(
        lambda: preview_import(
            works.site.gate, SYSTEM, works.files, request(works, "who\nC\n", mapping=wrong)
        )
    )


def test_the_file_is_gone(it: Exchange, works: Works, tmp_path: Path) -> None:
    """The work has failed, and says so."""
    wanted = request(works, "name\nA\n")
    works.files.delete(wanted.source)
    row = works.run(import_work(works.site.application.catalog, wanted))
    assert (row.status, row.code) == ("failed", "file-not-kept")
