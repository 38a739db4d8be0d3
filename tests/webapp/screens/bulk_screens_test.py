"""Long work from the browser: import, export, bulk change, undo, and whose it is."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assembly.background import Background, Services
from documents.rendering import Renderer
from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.records.query import Query
from support.outbox import clear
from support.showroom import Showroom
from support.world import World
from webapp.directory import AccountDirectory

HOSTILE = "\"><script>alert(1)</script>'{{7*7}}"


@pytest.fixture
def carry(world: World, tmp_path: Path) -> Iterator[Any]:
    """Carries out what was asked for."""
    clear(world.site.current.gate)
    files = Files("files", tmp_path)
    world.app.extensions["formwright"].files = files
    services = Services(
        directory=AccountDirectory(world.site.databases), renderer=Renderer(), files=files
    )
    yield Background(world.site, services).drain


def token(visitor: Any) -> str:
    """What every form must carry."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', visitor.text("/"))
    assert found
    return found[1]


def upload(visitor: Any, text: str, name: str = "客户.csv", object: str = "customer") -> Any:
    """The answer to a file that is brought."""
    data = {"csrf_token": token(visitor), "file": (io.BytesIO(text.encode()), name)}
    return visitor.client.post(
        f"/o/{object}/import", data=data, headers={"Accept-Language": visitor.locale}
    )


def columns(visitor: Any, text: str, **more: str) -> Any:
    """Brings a file, and starts its trial with the columns as they were guessed."""
    address = upload(visitor, text).headers["Location"]
    page = visitor.text(address)
    form: dict[str, str] = {}
    for name, body in re.findall(r'<select[^>]*name="(column\.\d+)"[^>]*>(.*?)</select>', page):
        chosen = re.search(r'value="([^"]*)" selected', body)
        form[name] = chosen[1] if chosen else ""
    return visitor.post(address, **(form | more))


def named(world: World, word: str) -> dict[str, Any]:
    """The grades of the customers whose name has the word."""
    query = Query(where=f'contains(name, "{word}")', limit=1_000)
    page = world.site.current.reader.page(SYSTEM, "customer", query)
    return {record.values["name"]: record.values["grade"] for record in page.items}


def test_import_trial_and_undo(visit: Any, world: World, carry: Any) -> None:
    """A trial writes nothing; the import writes what fits; undo takes all of it back."""
    visitor = visit("admin")
    text = "Name,Grade,odd\n进口一,a,x\n进口二,nonsense,y\n进口三,b,z\n"
    trial = columns(visitor, text).get_json()["location"]
    carry()
    page = visitor.text(trial)
    assert "进口" not in str(named(world, "进口")) and "/start" in page
    assert "nonsense" in page and "Line 3" in page
    started = visitor.post(f"{trial}/start").get_json()["location"]
    carry()
    assert named(world, "进口") == {"进口一": "a", "进口三": "b"}
    assert visitor.get(started, Accept="application/json").get_json()["undo"] is True
    file = visitor.get(f"{started}/files/0")
    assert "进口二" in file.get_data().decode("utf-8-sig")
    assert file.headers["Content-Disposition"].startswith("attachment;")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert "2" in visitor.text(f"{started}/undo")
    undone = visitor.post(f"{started}/undo").get_json()["location"]
    carry()
    assert named(world, "进口") == {}
    assert visitor.get(undone, Accept="application/json").get_json()["moving"] is False


def test_import_again_changes(visit: Any, world: World, carry: Any) -> None:
    """A column that recognises records changes those that are there."""
    visitor = visit("admin", "zh")
    for grade in ("a", "c"):
        answer = columns(visitor, f"客户名称,客户等级\n重复进口,{grade}\n", **{"match.0": "1"})
        carry()
        visitor.post(f"{answer.get_json()['location']}/start")
        carry()
        assert named(world, "重复进口") == {"重复进口": grade}


def test_what_cannot_be_imported(visit: Any, carry: Any) -> None:
    """Unusable files and choices are told on the screen, nothing starts."""
    visitor = visit("admin")
    for content, name in (("", "a.csv"), ("a,a\n1,2\n", "a.csv"), ("PK\3\4 broken", "a.xlsx")):
        assert upload(visitor, content, name).status_code == 422
    data = {"csrf_token": token(visitor)}
    assert visitor.client.post("/o/customer/import", data=data).status_code == 422
    answer = columns(visitor, "odd,odder\n1,2\n")
    assert answer.status_code == 422 and "No column" in answer.text
    twice = columns(visitor, "Name,other\na,b\n", **{"column.1": "name"})
    assert twice.status_code == 422
    quoted = HOSTILE.replace('"', '""')
    text = f'Name,"{quoted}"\na,"{quoted}"\n'
    hostile = columns(visitor, text, **{"column.0": "", "column.1": HOSTILE})
    assert hostile.status_code == 422 and "<script>alert" not in hostile.text


def test_a_file_is_whose_it_is(visit: Any, carry: Any) -> None:
    """The address of a file is of use to nobody but whoever brought it."""
    address = upload(visit("admin"), "Name\na\n").headers["Location"]
    assert visit("admin").get(address).status_code == 200
    assert visit("boss").get(address).status_code in (403, 422)
    forged = address.replace("seal=", "seal=0")
    assert visit("admin").get(forged).status_code == 422
    assert visit("admin").get("/o/customer/import/columns").status_code == 422


def test_whose_work_it_is(visit: Any, world: World, carry: Any) -> None:
    """Work is its owner's and the administrators'; to others it does not exist."""
    work = change(visit("rep"), made(world, "谁的", 2, "rep"), "field.grade", grade="a")
    carry()
    for name, status in (("rep", 200), ("admin", 200), ("other", 404), ("boss", 404)):
        visitor = visit(name)
        assert visitor.get(work).status_code == status
        assert visitor.get(f"{work}/undo").status_code == status
        if status == 404:
            for what in ("pause", "resume", "cancel", "retry", "undo", "start"):
                assert visitor.post(f"{work}/{what}").status_code == 404
            assert visitor.get(f"{work}/files/0").status_code == 404
    assert work not in visit("other").text("/work?show=all")
    assert work in visit("rep").text("/work") and work in visit("admin").text("/work?show=all")
    assert visit("rep").get("/work/999999999999999999999").status_code == 404


def made(world: World, word: str, count: int, owner: str = "rep") -> list[int]:
    """Customers of somebody."""
    values = [
        {"name": f"{word}{n}", "owner": world.people[owner], "grade": "d"} for n in range(count)
    ]
    changes = world.site.current.gate.create(SYSTEM, "customer", values)
    return [change.id or 0 for change in changes]


def change(visitor: Any, ids: list[int], what: str, **form: str) -> str:
    """Starts a bulk change; the address of its work."""
    address = "/o/customer/change?" + "&".join(f"_id={id}" for id in ids)
    assert visitor.get(f"{address}&_what={what}").status_code == 200
    answer = visitor.post(address, what=what, start="1", **form)
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["location"])


def test_bulk_change_and_undo(visit: Any, world: World, carry: Any) -> None:
    """Ticked records change, what is refused is seen beforehand and told afterwards."""
    visitor = visit("rep")
    mine, theirs = made(world, "批改", 3), made(world, "批改别人", 1, "other")
    address = "/o/customer/change?" + "&".join(f"_id={id}" for id in (*mine, *theirs))
    seen = visitor.post(address, script=False, what="field.grade", grade="b").text
    assert "data-preview" in seen and re.search(r"<b>3</b> updated", seen)
    assert re.search(r"<b>1</b> rejected", seen)
    assert 'name="start" value="1">' in seen
    assert set(named(world, "批改").values()) == {"d"}
    work = change(visitor, [*mine, *theirs], "field.grade", grade="b")
    carry()
    grades = named(world, "批改")
    assert [grades[f"批改{n}"] for n in range(3)] == ["b"] * 3 and grades["批改别人0"] == "d"
    assert "批改别人" not in visitor.text(work)
    visitor.post(f"{work}/undo")
    carry()
    assert set(named(world, "批改").values()) == {"d"}


def test_bulk_change_of_all_that_match(visit: Any, world: World, carry: Any) -> None:
    """All that the list shows, beyond its page, and nothing else."""
    made(world, "全部匹配", 30)
    visitor = visit("admin", "zh")
    address = "/o/customer/change?list=all&name.has=全部匹配&_all=1"
    assert "批量修改 30 条" in visitor.text(address)
    answer = visitor.post(address, what="field.grade", grade="c", start="1")
    assert answer.status_code == 200
    carry()
    assert list(named(world, "全部匹配").values()) == ["c"] * 30


def test_bulk_transition(visit: Any, world: World, carry: Any) -> None:
    """Many records take a step, with what it asks for."""
    gate, owner = world.site.current.gate, world.people["rep"]
    values = [
        {"name": f"批量流转{n}", "owner": owner, "mobile": f"1380013800{n}"} for n in range(2)
    ]
    ids = [c.id or 0 for c in gate.create(SYSTEM, "lead", values)]
    visitor = visit("rep")
    address = "/o/lead/change?" + "&".join(f"_id={id}" for id in ids)
    assert 'value="do.disqualify"' in visitor.text(address)
    assert 'name="disqualify_reason"' in visitor.text(f"{address}&_what=do.disqualify")
    missing = visitor.post(address, script=False, what="do.disqualify").text
    assert re.search(r"<b>2</b> rejected", missing)
    assert 'value="1" disabled>' in missing and "nothing to start" in missing
    reason = re.findall(r'<option value="(\w+)"', missing.partition("disqualify_reason")[2])[0]
    started = visitor.post(address, what="do.disqualify", start="1", disqualify_reason=reason)
    assert started.status_code == 200
    carry()
    reader = world.site.current.reader
    assert {reader.one(SYSTEM, "lead", id).values["status"] for id in ids} == {"disqualified"}


@pytest.mark.parametrize("what", ["", "field.nothing", "do.nothing", "field.id", "odd", HOSTILE])
def test_hostile_bulk_changes(visit: Any, world: World, made: Showroom, what: str) -> None:
    """Whatever is not offered is refused, and stays text."""
    visitor, id = visit("admin"), made.ids["customer"][0]
    for query in (f"_id={id}", "_all=1&grade=nonsense", "_id=x", "", f"_all=1&{HOSTILE}=1"):
        answer = visitor.post(f"/o/customer/change?{query}", script=False, what=what, start="1")
        assert 400 <= answer.status_code < 500, query
        assert "<script>alert" not in answer.text
    assert visit("clerk").get(f"/o/lead/change?_id={id}").status_code == 403


def test_export(visit: Any, made: Showroom, carry: Any) -> None:
    """What the list shows, in each format, for those who may; larger ones as work."""
    visitor = visit("admin", "zh")
    for format in ("csv", "xlsx", "json"):
        answer = visitor.post("/o/customer/export?list=all", script=False, format=format)
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment;")
    text = visitor.post(
        "/o/customer/export?list=all&name.has=天津", script=False, format="csv"
    ).get_data().decode("utf-8-sig")  # fmt: skip
    assert "客户名称" in text and "天津泰和" in text and "北京" not in text
    assert "税号" in text or text.partition("\n")[0].count(",") > 12
    narrow = visitor.post("/o/customer/export?list=all", script=False, format="csv", columns="1")
    heads = narrow.get_data().decode("utf-8-sig").partition("\r\n")[0].split(",")
    assert {"客户名称", "客户等级"} <= set(heads) and len(heads) < 14
    found = visitor.post("/o/customer/export?list=all", script=False, format="json", columns="1")
    (first, *_) = json.loads(found.get_data())
    assert "name" in first and "tax_number" not in first
    assert visitor.post("/o/customer/export", format="exe").status_code == 422
    assert visitor.post("/o/customer/export?list=all&grade=odd", format="csv").status_code == 422


def test_large_export_is_work(visit: Any, world: World, carry: Any) -> None:
    """More than a list counts becomes long work, whose file has them all."""
    gate = world.site.current.gate
    gate.create(SYSTEM, "competitor", [{"name": f"对手{n:04}"} for n in range(1_050)])
    visitor = visit("admin")
    answer = visitor.post("/o/competitor/export?list=all", script=False, format="csv")
    assert answer.status_code == 303
    carry()
    work = answer.headers["Location"]
    assert "1,050" in visitor.text(work)
    assert visitor.get(f"{work}/files/0").get_data().decode("utf-8-sig").count("对手") >= 1_050


def test_template(visit: Any) -> None:
    """An empty file with the labels of what may be filled, which the import understands."""
    visitor = visit("admin", "zh")
    text = visitor.get("/o/customer/import/template.csv").get_data().decode("utf-8-sig")
    assert text.startswith("客户名称,") and text.count("\n") == 1
    assert visitor.get("/o/customer/import/template.xlsx").get_data().startswith(b"PK")
    assert visitor.get("/o/customer/import/template.exe").status_code == 404
    assert visit("clerk").get("/o/customer/import/template.csv").status_code == 403


def test_large_files_are_for_those_who_are_signed_in(visit: Any, world: World, carry: Any) -> None:
    """A file may be larger than other bodies; nobody else can send one."""
    text = "Name,Notes\n" + "".join(f"大文件{n},{'x' * 900}\n" for n in range(7_000))
    assert len(text) > 6 * 2**20
    assert upload(visit("admin"), text).status_code == 303
    stranger = world.app.test_client()
    data = {"file": (io.BytesIO(text.encode()), "a.csv")}
    assert stranger.post("/o/customer/import", data=data).status_code in (400, 413)
    visitor = visit("admin")
    data = {"csrf_token": token(visitor), "file": (io.BytesIO(text.encode()), "a.csv")}
    assert visitor.client.post("/o/customer/1/comments", data=data).status_code == 413


def test_cancelled_as_a_job_it_is_cancelled_as_work(visit: Any, world: World, carry: Any) -> None:
    """Long work whose job is taken away does not wait for ever, and can be retried."""
    work = change(visit("rep"), made(world, "任务取消", 2), "field.grade", grade="a")
    admin = visit("admin")
    job = re.findall(r'data-row="(\d+)"', admin.text("/jobs?show=waiting&kind=work"))[0]
    assert admin.post(f"/jobs/{job}/cancel").status_code == 200
    carry()
    assert set(named(world, "任务取消").values()) == {"d"}
    assert "cancelled" in visit("rep").text(work)
    assert visit("rep").post(f"{work}/retry").status_code == 200
    carry()
    assert set(named(world, "任务取消").values()) == {"a"}


def test_steering(visit: Any, world: World, carry: Any) -> None:
    """Work that waits can be paused, resumed and ended by whoever asked for it."""
    visitor = visit("rep")
    work = change(visitor, made(world, "暂停", 2), "field.grade", grade="a")
    assert visitor.post(f"{work}/pause").get_json()["told"]
    carry()
    assert set(named(world, "暂停").values()) == {"d"}
    assert "/resume" in visitor.text(work)
    assert visitor.post(f"{work}/resume", script=False).status_code == 303
    carry()
    assert set(named(world, "暂停").values()) == {"a"}
    assert visitor.post(f"{work}/pause").status_code == 409
