"""Undo of a whole import or bulk change: what still is as it was written goes back."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM, Actor
from exchange import undo_work as module
from exchange.bulk import BulkRequest
from exchange.bulk_work import bulk_work
from exchange.import_work import ImportRequest, import_work
from exchange.undo_work import try_undo, undo_work
from jobs.work import of_everybody
from jobs.work_rows import WorkRow
from support.exchange_site import Exchange
from support.long_work import Works
from support.small import actor, codes


@pytest.fixture
def works(it: Exchange) -> Works:
    return Works(it.site, it.folder)


def bring(works: Works, content: str, object: str = "company", **more: Any) -> int:
    """Imports; the batch."""
    stored = works.files.put(io.BytesIO(content.encode()))
    request = ImportRequest(object=object, source=stored.digest, name="in.csv", **more)
    row = works.run(import_work(works.site.application.catalog, request))
    assert row.counts["rejected"] == 0 and row.batch is not None
    return row.batch


def change(works: Works, **wanted: Any) -> int:
    row = works.run(bulk_work(works.site.gate, SYSTEM, BulkRequest(**wanted)))
    assert row.batch is not None
    return row.batch


def undo(works: Works, batch: int, by: Actor = SYSTEM) -> WorkRow:
    return works.run(undo_work(works.site.gate, by, batch), by)


def conflicts(works: Works, row: WorkRow) -> list[list[str]]:
    name = f"undo-{row.undo_of}-conflicts.csv"
    return list(csv.reader(io.StringIO(works.file(row.id, name), newline="")))[1:]


def test_created_records_go(it: Exchange, works: Works) -> None:
    """To the recycle bin, children before parents; those that somebody changed stay."""
    batch = bring(works, "name,staff,parent.name\nA,1,\nC,3,\nB,2,A\n")
    ids = it.site.ids("company")
    it.site.update("company", ids[1], staff=33)
    row = undo(works, batch)
    assert row.counts == {"deleted": 2, "conflicts": 1}
    assert (row.progress.done, row.progress.total, row.undo_of) == (3, 3, batch)
    assert it.rows("company", "name", "staff") == [("C", 33)]
    assert conflicts(works, row) == [
        ["Company", str(ids[1]), "C-0002", "C", "",
         "the record has been changed since it was created (look at it, and delete it by hand)"],
    ]  # fmt: skip
    it.site.create("company", name="D")
    assert it.rows("company", "number") == [("C-0002",), ("C-0004",)], "no number comes twice"


def test_changed_records_go_back(it: Exchange, works: Works) -> None:
    """Field by field: what was changed since stays, what is back already needs nothing."""
    first = bring(works, "code,name,staff,founded,sector\nK1,A,1,2001-02-03,medical\nK2,B,2,,\n")
    second = bring(
        works,
        "code,name,staff,founded,sector\nK1,A+,10,2010-02-03,technology\nK2,B,20,2020-01-01,\n",
        match=("code",),
    )
    a, b = it.site.ids("company")
    it.site.update("company", a, staff=11)
    it.site.update("company", b, staff=2)
    row = undo(works, second)
    assert row.counts == {"updated": 2, "conflicts": 1}
    assert it.site.values("company", a, "name", "staff", "sector", "double") == [
        "A", 11, "medical", 22,
    ]  # fmt: skip
    assert it.site.values("company", b, "name", "staff", "founded") == ["B", 2, None]
    assert [line[4:] for line in conflicts(works, row)] == [
        ["Staff", "Staff has been changed since"]
    ]
    assert undo(works, second).counts["conflicts"] == 1, "again: nothing more to do"
    row = undo(works, first)
    assert row.counts == {"conflicts": 1, "deleted": 1}, "B is as it was imported"
    assert it.rows("company", "name") == [("A",)]


def test_undo_of_an_undo(it: Exchange, works: Works) -> None:
    """It is a batch itself: what went comes back, what went back is changed again."""
    bring(works, "code,name,staff\nK1,A,1\n")
    batch = bring(works, "code,name,staff\nK1,A,5\nK2,B,2\n", match=("code",))
    row = undo(works, batch)
    assert it.rows("company", "code", "staff") == [("K1", 1)]
    causes = {audit["cause"] for audit in works.audit(row.batch or 0)}
    assert causes == {f"undo of batch {batch}"}
    again = undo(works, row.batch or 0)
    assert again.counts == {"restored": 1, "updated": 1}
    assert it.rows("company", "code", "staff") == [("K1", 5), ("K2", 2)]
    assert undo(works, again.batch or 0).counts == {"updated": 1, "deleted": 1}


def test_what_it_is_called(it: Exchange, works: Works) -> None:
    """After the work that goes back, by its number, in both languages."""
    batch = bring(works, "name\nA\n")
    row = undo(works, batch)
    (first,) = [w.id for w in of_everybody(works.site.gate, SYSTEM) if w.batch == batch]
    titles = (row.title.in_("en"), row.title.in_("zh"))
    assert titles == (
        f"Undo of #{first}: Import Company from in.csv",
        f"撤销 #{first}：从 in.csv 导入公司",
    )
    again = undo(works, row.batch or 0)
    assert again.title.in_("zh") == f"撤销 #{row.id}：{titles[1]}"


def test_deleted_records_come_back(it: Exchange, works: Works) -> None:
    """With their lines; what was restored by hand needs nothing."""
    ids = [it.site.create("deal", title=t, lines=[{"label": "x"}, {"label": "y"}]) for t in "AB"]
    batch = change(works, object="deal", ids=tuple(ids), delete=True)
    it.site.restore("deal", ids[0])
    assert undo(works, batch).counts == {"unchanged": 1, "restored": 1}
    assert [len(it.site.read("deal", id).values["lines"]) for id in ids] == [2, 2]


def test_lines(it: Exchange, works: Works) -> None:
    """Added ones go, removed ones come back in their place, changed ones change back."""
    from engine.records.changes import UPDATE, Change
    from exchange.lots import open_lot

    gate = it.site.gate
    id = it.site.create(
        "deal", title="A", lines=[{"label": n, "quantity": 1} for n in ("one", "two", "three")]
    )

    def lines() -> list[tuple[str, str]]:
        found = it.site.read("deal", id).values["lines"]
        return [(line.values["label"], str(line.values["quantity"])) for line in found]

    before = lines()
    one, _, three = [line.id for line in it.site.read("deal", id).values["lines"]]
    with gate.transaction(SYSTEM) as tx:
        tx.batch = batch = open_lot(tx, "test", {})
        given = [{"id": one, "quantity": 5}, {"id": three}, {"label": "four", "quantity": 4}]
        gate.pass_steps(tx, "deal", UPDATE, [Change(given={"lines": given}, id=id)])
    assert [name for name, _ in lines()] == ["one", "three", "four"]
    after = lines()
    row = undo(works, batch)
    assert (row.counts, lines()) == ({"updated": 1}, before)
    assert undo(works, row.batch or 0).counts == {"updated": 1}
    assert lines() == after


def test_lines_changed_since(it: Exchange, works: Works) -> None:
    """They stay, and are named; the others go back."""
    from engine.records.changes import UPDATE, Change
    from exchange.lots import open_lot

    gate = it.site.gate
    id = it.site.create("deal", title="A", lines=[{"label": "one"}, {"label": "two"}])
    one, two = [line.id for line in it.site.read("deal", id).values["lines"]]
    with gate.transaction(SYSTEM) as tx:
        tx.batch = batch = open_lot(tx, "test", {})
        given = [{"id": one, "label": "1"}, {"id": two, "label": "2"}]
        gate.pass_steps(tx, "deal", UPDATE, [Change(given={"lines": given}, id=id)])
    it.site.update("deal", id, lines=[{"id": one, "label": "uno"}, {"id": two}])
    row = undo(works, batch)
    assert row.counts == {"conflicts": 1, "updated": 1}
    found = it.site.read("deal", id).values["lines"]
    assert [line.values["label"] for line in found] == ["uno", "two"]
    assert conflicts(works, row)[0][4:] == ["Lines", "a line of Lines has been changed since"]


def test_stages(it: Exchange, works: Works) -> None:
    """Who may write history brings them back; for others a transition must lead there."""
    person = it.site.create("person", name="Cy")
    clerk = actor(person, "clerk")
    ids = [it.site.create("deal", clerk, title=t) for t in "AB"]
    request = BulkRequest(object="deal", ids=tuple(ids), transition="talk")
    batch = works.run(bulk_work(it.site.gate, clerk, request), clerk).batch or 0
    row = undo(works, batch, clerk)
    assert row.counts == {"conflicts": 2}
    assert it.rows("deal", "stage") == [("talks",), ("talks",)]
    row = undo(works, batch)
    assert row.counts == {"updated": 2}
    assert it.rows("deal", "stage") == [("open",), ("open",)]


def test_who_may(it: Exchange, works: Works) -> None:
    """Whoever did it, and administrators; with the rights that they have today."""
    people = [it.site.create("person", name=n) for n in ("Cy", "Di")]
    clerk, other = (actor(person, "clerk") for person in people)
    stored = works.files.put(io.BytesIO(b"name\nA\nB\n"))
    request = ImportRequest(object="company", source=stored.digest, name="in.csv")
    catalog = works.site.application.catalog
    batch = works.run(import_work(catalog, request), clerk).batch or 0
    assert codes(lambda: undo_work(it.site.gate, other, batch)) == [("undo-no-batch", "")]
    assert codes(lambda: undo_work(it.site.gate, clerk, 999)) == [("undo-no-batch", "")]
    row = undo(works, batch, clerk)
    assert row.counts == {"conflicts": 2}, "a clerk may import, but not delete"
    assert undo(works, batch).counts == {"deleted": 2}


def test_fields_that_one_may_not_write_any_more(it: Exchange, works: Works) -> None:
    """They are conflicts; the record's other fields go back."""
    person = it.site.create("person", name="Cy")
    bring(works, "code,name,staff,notes\nK1,A,1,x\n")
    stored = works.files.put(io.BytesIO(b"code,name,staff,notes\nK1,B,2,y\n"))
    request = ImportRequest(object="company", source=stored.digest, name="in.csv", match=("code",))
    catalog = works.site.application.catalog
    batch = works.run(import_work(catalog, request)).batch or 0
    with it.site.databases.writing() as connection:
        connection.exec_driver_sql(f"UPDATE fw_batch SET actor = {person} WHERE id = {batch}")
    clerk = actor(person, "clerk")
    row = undo(works, batch, clerk)
    assert row.counts == {"conflicts": 1, "updated": 1}
    (id,) = it.site.ids("company")
    assert it.site.values("company", id, "name", "staff", "notes") == ["A", 2, "x"]
    assert "Staff" in conflicts(works, row)[0][4]


def test_trying_it_out(it: Exchange, works: Works) -> None:
    """The counts and conflicts, and everything as it was; even where the database objects."""
    batch = bring(works, "code,name,staff\nK1,A,1\nK2,B,2\nK3,C,3\n")
    ids = it.site.ids("company")
    it.site.update("company", ids[0], staff=9)
    it.site.create("contact", name="X", company=ids[1])
    tally = try_undo(it.site.gate, SYSTEM, batch)
    assert tally.counts == {"deleted": 1, "conflicts": 2}
    assert it.rows("company", "code") == [("K1",), ("K2",), ("K3",)]
    assert len(it.site.rows("fw_batch")) == 1


def test_a_crash(it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on behind the last chunk; every record goes back once, in order."""
    monkeypatch.setattr(module, "CHUNK", 2)
    batch = bring(works, "name,parent.name\nA,\nB,A\nC,B\nD,C\nE,D\n")
    undone, seen = module.undo_records, [0]

    def dying(*arguments: Any) -> Any:
        seen[0] += 1
        if seen[0] == 2:
            raise SystemExit
        return undone(*arguments)

    monkeypatch.setattr(module, "undo_records", dying)
    id = works.start(undo_work(it.site.gate, SYSTEM, batch))
    with pytest.raises(SystemExit):
        works.carrier().drain()
    assert len(it.rows("company", "name")) == 3
    works.lapse()
    works.carrier().drain()
    row = works.one(id)
    assert (row.status, row.counts, it.rows("company", "name")) == ("done", {"deleted": 5}, [])
    assert len(works.audit(row.batch or 0)) == 5


def test_while_it_is_written(it: Exchange, works: Works) -> None:
    """First the work has to end."""
    batch = bring(works, "name\nA\n")
    with it.site.databases.writing() as connection:
        connection.exec_driver_sql("UPDATE fw_work SET status = 'paused'")
    assert codes(lambda: undo_work(it.site.gate, SYSTEM, batch)) == [("undo-batch-runs", "")]
