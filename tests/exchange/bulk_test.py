"""Bulk change: every record as if it were changed by itself, as whoever asked."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM, Actor
from exchange import bulk
from exchange.bulk import BulkRequest, preview_bulk
from exchange.bulk_work import bulk_work
from jobs.work_rows import WorkRow
from support.exchange_site import Exchange
from support.long_work import Works
from support.small import actor, codes


@pytest.fixture
def works(it: Exchange) -> Works:
    return Works(it.site, it.folder)


def change(works: Works, by: Actor = SYSTEM, **wanted: Any) -> WorkRow:
    request = BulkRequest(**{"object": "company", **wanted})
    return works.run(bulk_work(works.site.gate, by, request), by)


def companies(it: Exchange, count: int, **values: Any) -> list[int]:
    rows = [{"name": f"N{i}", "staff": i, **values} for i in range(count)]
    return [c.id or 0 for c in it.site.gate.create(SYSTEM, "company", rows)]


def refusals(works: Works, row: WorkRow, name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(works.file(row.id, name), newline="")))


def test_fields(it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a condition chooses, in chunks, one batch of the audit."""
    monkeypatch.setattr(bulk, "CHUNK", 3)
    companies(it, 10)
    row = change(works, where="staff >= 2", fields={"sector": "medical", "notes": "x"})
    assert (row.status, row.counts) == ("done", {"updated": 8})
    assert (row.progress.done, row.progress.total) == (8, 8)
    assert [s for (s,) in it.rows("company", "sector")] == [None] * 2 + ["medical"] * 8
    assert len(works.audit(row.batch or 0)) == 8
    assert row.title.in_("en") == "Change Company: Sector, Notes"
    again = change(works, where="staff >= 2", fields={"sector": "medical"})
    assert again.counts == {"unchanged": 8}


def test_what_is_no_longer_chosen_is_not_met_again(
    it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change itself takes records out of the condition, and none is left out."""
    monkeypatch.setattr(bulk, "CHUNK", 3)
    companies(it, 10)
    row = change(works, where="staff < 100", fields={"staff": 500})
    assert row.counts == {"updated": 10}
    assert row.progress.done == 10


def test_refusals(it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that some break: those are listed with number, title, field and reason."""
    monkeypatch.setattr(bulk, "CHUNK", 3)
    ids = companies(it, 5)
    row = change(works, ids=tuple(ids), fields={"name": "N2"}, locale="zh")
    assert row.counts == {"unchanged": 1, "rejected": 4}
    header, *lines = refusals(works, row, "company-refused.csv")
    assert header == ["id", "编号", "名称", "字段", "原因"]
    assert [line[:4] for line in lines] == [
        [str(id), f"C-{i + 1:04}", f"N{i}", "名称"] for i, id in enumerate(ids) if i != 2
    ]
    assert all(line[4] for line in lines)


def test_transition(it: Exchange, works: Works) -> None:
    """By name; from where there is no way, it is refused."""
    titles = [{"title": f"D{i}"} for i in range(3)]
    ids = [c.id or 0 for c in it.site.gate.create(SYSTEM, "deal", titles)]
    it.site.gate.perform(SYSTEM, "deal", ids[1], "talk")
    row = change(works, object="deal", ids=tuple(ids), transition="talk")
    assert row.counts == {"updated": 2, "rejected": 1}
    assert it.rows("deal", "stage") == [("talks",)] * 3
    assert row.title.in_("en") == "Talk: deal"
    (line,) = refusals(works, row, "deal-refused.csv")[1:]
    assert line[:3] == [str(ids[1]), it.site.values("deal", ids[1], "number")[0], "D1"]


def test_delete(it: Exchange, works: Works) -> None:
    """To the recycle bin; what others refer to stays."""
    ids = companies(it, 3)
    it.site.create("contact", name="C", company=ids[1])
    row = change(works, ids=tuple(ids), delete=True)
    assert row.counts == {"deleted": 2, "rejected": 1}
    assert it.rows("company", "name") == [("N1",)]
    assert row.title.in_("zh") == "批量删除公司"


def test_only_what_they_may(it: Exchange, works: Works) -> None:
    """Records of others are refused one by one, fields and actions at once."""
    clerk = actor(it.site.create("person", name="Cy"), "clerk")
    own = it.site.create("deal", clerk, title="Own")
    other = it.site.create("deal", title="Other")
    row = change(works, clerk, object="deal", ids=(own, other), fields={"title": "New"})
    assert row.counts == {"updated": 1, "rejected": 1}
    assert it.rows("deal", "title") == [("New",), ("Other",)]
    (line,) = refusals(works, row, "deal-refused.csv")[1:]
    assert line[:3] == [str(other), "", ""], "what one may not see has no name"
    row = change(works, clerk, object="deal", where="title is not empty", fields={"title": "Newer"})
    assert (row.progress.total, row.counts["updated"]) == (1, 1)
    gate = works.site.gate
    for wanted, code in (
        ({"object": "company", "fields": {"staff": 1}}, ("forbidden-field", "staff")),
        ({"object": "company", "fields": {"revenue": 1}}, ("unknown-field", "revenue")),
        ({"object": "company", "delete": True}, ("forbidden", "")),
        ({"object": "company", "fields": {"double": 1}}, ("computed-field", "double")),
        ({"object": "deal", "fields": {"lines": []}}, ("bulk-lines", "lines")),
        ({"object": "deal"}, ("bulk-nothing", "")),
    ):
        assert codes(lambda w=wanted: bulk_work(gate, clerk, BulkRequest(**w))) == [code]
    wrong = BulkRequest(object="deal", where="title == 'x') or (1 == 1", fields={"title": "x"})
    assert codes(lambda: bulk_work(gate, clerk, wrong))


def test_preview(it: Exchange, works: Works) -> None:
    """The first records are tried and taken back."""
    ids = companies(it, 4)
    request = BulkRequest(object="company", where="staff < 3", fields={"name": "N3", "staff": 7})
    seen = preview_bulk(works.site.gate, SYSTEM, request)
    assert (seen.count, seen.tried, seen.counts["rejected"]) == (3, 3, 3)
    assert [(named.id, named.title) for named, _ in seen.refused] == [
        (id, f"N{i}") for i, id in enumerate(ids[:3])
    ]
    assert it.rows("company", "staff") == [(0,), (1,), (2,), (3,)]
    assert it.site.rows("fw_batch") == []


def test_a_crash(it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on behind the last chunk; every record is changed once."""
    monkeypatch.setattr(bulk, "CHUNK", 2)
    companies(it, 7)
    from exchange import bulk_work as module

    passed, seen = module.change_records, [0]

    def dying(*arguments: Any) -> Any:
        seen[0] += 1
        if seen[0] == 3:
            raise SystemExit
        return passed(*arguments)

    monkeypatch.setattr(module, "change_records", dying)
    wanted = BulkRequest(object="company", where="staff >= 0", fields={"staff": 9})
    id = works.start(bulk_work(works.site.gate, SYSTEM, wanted))
    with pytest.raises(SystemExit):
        works.carrier().drain()
    works.lapse()
    works.carrier().drain()
    row = works.one(id)
    assert (row.status, row.counts["updated"]) == ("done", 7)
    assert len(works.audit(row.batch or 0)) == 7
