"""Documents in the background: when all processes are busy, or whoever asks does not wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assembly.background import Background, Services
from documents.made import AREA, MADE, any_old, forget
from documents.making import making
from engine.files import Files
from engine.permissions.actors import SYSTEM
from jobs.outbox import put
from jobs.tables import OUTBOX
from notices.tables import NOTICE_TABLE
from support.world import Client, World
from webapp import printing
from webapp.directory import AccountDirectory
from webapp.shell import Shell

_numbers = count(1)


@pytest.fixture
def background(world: World, tmp_path: Path) -> Iterator[Background]:
    """What carries out, in this thread; files lie in a folder of the test's own."""
    shell: Shell = world.app.extensions["formwright"]
    shell.files = Files(str(tmp_path), tmp_path)
    services = Services(
        directory=AccountDirectory(world.site.databases),
        renderer=shell.renderer,
        layers=shell.layers,
        files=shell.files,
    )
    background = Background(world.site, services)
    background.drain()
    yield background
    shell.renderer.close()


@pytest.fixture
def quotation(rep: Client) -> int:
    """A quotation of `rep`."""
    customer = rep.made("customer", name=f"后台 {next(_numbers)} 公司")
    lines = [{"description": "车床", "price": "10"}]
    return int(rep.made("quotation", customer=customer["id"], lines=lines)["id"])


@contextmanager
def all_busy(world: World) -> Iterator[None]:
    """Somebody else has all rendering processes."""
    places = world.app.extensions["formwright"].renderer._places
    held = 0
    while places.acquire(blocking=False):
        held += 1
    yield
    for _ in range(held):
        places.release()


def rows(world: World, name: str, **where: Any) -> list[sa.RowMapping]:
    """Rows of a table of the platform's own."""
    table = world.site.current.tables.system(name)
    statement = sa.select(table).order_by(table.c.id)
    for column, value in where.items():
        statement = statement.where(table.c[column] == value)
    with world.site.databases.reading() as connection:
        return list(connection.execute(statement).mappings())


def ask(world: World, quotation: int, person: str, locale: str = "zh") -> None:
    """Asks for the document of the quotation in the background."""
    effect = making("quotation", "quotation", quotation, person=world.people[person], locale=locale)
    with world.site.current.gate.transaction(SYSTEM) as tx:
        put(tx, [effect])


def test_busy(
    world: World, rep: Client, quotation: int, background: Background,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A screen waits for a moment, then the document comes later: once, with a notice."""
    monkeypatch.setattr(printing, "PATIENCE", 0.05)
    browser = world.browser("rep")
    address = f"/o/quotation/{quotation}/documents/quotation?locale=en"
    with all_busy(world):
        for _ in range(2):
            page = browser.get(address, headers={"Accept-Language": "en"})
            assert page.status_code == 202
            assert "made in the background" in page.text
        answer = rep.get(f"o/quotation/{quotation}/documents/quotation")
        assert (answer.status_code, answer.get_json()["code"]) == (503, "document-busy")
    waiting = rows(world, OUTBOX, kind="document", record=quotation)
    assert [row["status"] for row in waiting] == ["waiting"]
    background.drain()
    (made,) = rows(world, MADE, record=quotation)
    (notice,) = rows(world, NOTICE_TABLE, of=f"document:{made['id']}")
    assert notice["person"] == world.people["rep"]
    assert made["file_name"] in notice["title"]
    led = browser.get(f"/notices/{notice['id']}")
    assert led.headers["Location"] == f"/documents/{made['id']}"
    response = browser.get(led.headers["Location"])
    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    assert response.data.startswith(b"%PDF")
    assert "inline" in response.headers["Content-Disposition"]


def test_whose_it_is(world: World, rep: Client, quotation: int, background: Background) -> None:
    """Nobody else fetches it; nor does the person who may not read the record any more."""
    ask(world, quotation, "rep")
    background.drain()
    (made,) = rows(world, MADE, record=quotation)
    address = f"/documents/{made['id']}"
    mine = world.browser("rep")
    assert mine.get(address).status_code == 200
    for name in ("boss", "other", "admin"):
        assert world.browser(name).get(address).status_code == 404
    gate = world.site.current.gate
    gate.update(SYSTEM, "quotation", quotation, {"owner": world.people["other"]})
    assert mine.get(address).status_code == 404
    gate.update(SYSTEM, "quotation", quotation, {"owner": world.people["rep"]})
    assert mine.get(address).status_code == 200
    gate.delete(SYSTEM, "quotation", [quotation])
    assert mine.get(address).status_code == 404
    assert mine.get("/documents/999999999").status_code == 404
    assert world.app.test_client().get(address).status_code in (302, 401)


def test_why_there_is_none(world: World, quotation: int, background: Background) -> None:
    """Whoever asked is told the reason, in both languages; nobody else has to look at it."""
    ask(world, quotation, "other")
    effect = making("nothing", "quotation", quotation, person=world.people["rep"], locale="en")
    with world.site.current.gate.transaction(SYSTEM) as tx:
        put(tx, [effect])
    background.drain()
    effects = rows(world, OUTBOX, kind="document", record=quotation)
    assert [row["status"] for row in effects] == ["done", "done"]
    assert rows(world, MADE, record=quotation) == []
    told = [row["person"] for row in rows(world, NOTICE_TABLE, of="document")]
    assert told[-2:] == [world.people["other"], world.people["rep"]]


def test_busy_workers_try_again(
    world: World, quotation: int, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no process gets free, the effect waits for another attempt."""
    monkeypatch.setattr("documents.printing.Documents.pdf.__defaults__", ("", 0.05))
    ask(world, quotation, "rep")
    with all_busy(world):
        background.drain()
    (row,) = rows(world, OUTBOX, kind="document", record=quotation)
    assert (row["status"], row["attempts"]) == ("waiting", 1)
    assert "document-busy" in row["problem"]


def test_old_documents(world: World, quotation: int, background: Background) -> None:
    """After 30 days row and file go; a file of a younger document stays."""
    ask(world, quotation, "rep")
    ask(world, quotation, "rep", "en")
    background.drain()
    gate, files = world.site.current.gate, background_files(world)
    (old, young) = rows(world, MADE, record=quotation)
    table = gate.tables.system(MADE)
    with gate.databases.writing() as connection:
        past = old["at"] - dt.timedelta(days=31)
        connection.execute(sa.update(table).where(table.c.id == old["id"]).values(at=past))
    assert any_old(gate)
    real = dt.datetime.now(dt.UTC)
    assert forget(gate, files, real) == 1
    assert files.has(old["digest"])  # younger than a day by the store's clock
    assert forget(gate, files, real + dt.timedelta(days=2)) == 0
    assert [files.has(row["digest"]) for row in (old, young)] == [False, True]
    assert not any_old(gate)


def test_ids_do_not_come_again(world: World, quotation: int, background: Background) -> None:
    """All are old: the last row stays, without a document; a later one has an id of its own."""
    system = world.site.current.tables.system
    with world.site.databases.writing() as connection:  # what the tests before have left
        connection.execute(sa.delete(system(MADE)))
        connection.execute(sa.delete(system("fw_outbox")))
    ask(world, quotation, "rep")
    background.drain()
    gate, files = world.site.current.gate, background_files(world)
    (row,) = rows(world, MADE, record=quotation)
    table = gate.tables.system(MADE)
    with gate.databases.writing() as connection:
        past = row["at"] - dt.timedelta(days=31)
        connection.execute(sa.update(table).values(at=past))
    assert any_old(gate)
    assert forget(gate, files, dt.datetime.now(dt.UTC) + dt.timedelta(days=2)) >= 1
    assert not any_old(gate) and not files.has(row["digest"])
    assert [left["id"] for left in rows(world, MADE)] == [row["id"]]
    assert world.browser("rep").get(f"/documents/{row['id']}").status_code == 404
    ask(world, quotation, "rep")
    background.drain()
    (old, young) = rows(world, MADE, record=quotation)
    assert young["id"] > old["id"] == row["id"]
    assert forget(gate, files, dt.datetime.now(dt.UTC)) == 1
    assert [left["id"] for left in rows(world, MADE)] == [young["id"]]


def test_impossible_ids(world: World, background: Background) -> None:
    """No number is so large that it is more than not found."""
    browser = world.browser("rep")
    for id in (0, 2**63 - 1, 2**63, 10**23):
        assert browser.get(f"/documents/{id}").status_code == 404


def background_files(world: World) -> Files:
    """The documents' area of the store."""
    shell: Shell = world.app.extensions["formwright"]
    return shell.files.area(AREA)
