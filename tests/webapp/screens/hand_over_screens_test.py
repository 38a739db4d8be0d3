"""The page on which everything of somebody who leaves goes to somebody else."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assembly.background import Background, Services
from documents.rendering import Renderer
from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.records.deputies import deputies_of, name_deputy
from support.world import World
from webapp.directory import AccountDirectory
from webapp.tables import USER


@pytest.fixture
def background(world: World, tmp_path: Path) -> Background:
    directory = AccountDirectory(world.site.databases)
    files = Files("files", tmp_path)
    return Background(world.site, Services(directory=directory, renderer=Renderer(), files=files))


class Leaver:
    """A manager with a customer, a report, an approval that waits, and a deputy."""

    def __init__(self, world: World) -> None:
        gate, self.world = world.site.current.gate, world
        self.name = world.account("sales_manager")
        self.seller = world.account("sales_representative", manager=self.name)
        self.person, self.taker = world.people[self.name], world.people["boss"]
        label = f"Left behind {next(world.numbers)} Ltd."
        values = {"name": label, "owner": self.person}
        self.customer = gate.create(SYSTEM, "customer", [values])[0].id or 0
        seller = world.client(self.seller)
        lines = [{"description": "Lathe", "price": "10", "discount": "0.15"}]
        customer = seller.made("customer", name=f"Sold {next(world.numbers)}")["id"]
        self.quotation = seller.made("quotation", customer=customer, lines=lines)["id"]
        assert seller.call("POST", f"o/quotation/{self.quotation}/do/submit").status_code == 200
        day = gate.clock().astimezone(gate.zone).date() + dt.timedelta(3)
        for person, deputy in ((self.person, "rep"), (world.people["clerk"], self.name)):
            given = {"person": person, "deputy": world.people[deputy], "until": day}
            name_deputy(gate, SYSTEM, given)

    def owner(self) -> int | None:
        reader = self.world.site.current.reader
        found: int | None = reader.one(SYSTEM, "customer", self.customer).values["owner"].id
        return found

    def active(self) -> bool:
        with self.world.site.databases.reading() as connection:
            found = sa.select(USER.c.active).where(USER.c.username == self.name)
            return bool(connection.scalar(found))


def test_the_whole_way(visit: Any, world: World, background: Background) -> None:
    """Shown first, then carried out as long work: records, approvals, deputies, the account."""
    background.drain()
    leaver, admin = Leaver(world), visit("admin")
    assert 'href="/hand-over"' in admin.text("/") and 'href="/hand-over"' not in visit("rep").text(
        "/"
    )
    visit("rep").text("/hand-over", 403)
    given = {
        "from": "x", "from:id": str(leaver.person), "to": "Boss", "to:id": str(leaver.taker),
        "close": "true",
    }  # fmt: skip
    shown = admin.post("/hand-over", script=False, do="preview", **given)
    assert shown.status_code == 200, shown.text
    assert (
        "Customers" in shown.text and "Open approvals" in shown.text and "Reports to" in shown.text
    )
    assert leaver.owner() == leaver.person
    begun = admin.post("/hand-over", script=False, do="start", **given)
    assert begun.status_code == 303, begun.text
    background.drain()
    page = admin.text(begun.location)
    for told in ("Done", "updated", "approvals", "deputies", "account closed"):
        assert told in page, told
    assert leaver.owner() == leaver.taker and not leaver.active()
    waiting = world.client("boss").items("approvals?limit=1000&object=quotation")
    assert leaver.quotation in [one["record"]["id"] for one in waiting]
    gate = world.site.current.gate
    assert deputies_of(gate, [leaver.person]) == []
    (moved,) = deputies_of(gate, [world.people["clerk"]])
    assert moved.deputy == leaver.taker
    undone = admin.post(f"{begun.location}/undo", script=False)
    assert undone.status_code == 303, undone.text
    background.drain()
    assert leaver.owner() == leaver.person


def test_on_a_day(visit: Any, world: World, background: Background) -> None:
    """It waits for its day, and is carried out as things are then."""
    background.drain()
    leaver, admin = Leaver(world), visit("admin", "zh")
    day = world.site.current.gate.clock().date() + dt.timedelta(2)
    given = {
        "from": "x", "from:id": str(leaver.person), "to": "Boss", "to:id": str(leaver.taker),
    }  # fmt: skip
    past = admin.post("/hand-over", script=False, do="start", on="2020-01-01", **given)
    assert past.status_code == 422 and "该日期已过" in past.text
    nobody = admin.post("/hand-over", script=False, do="preview")
    assert nobody.status_code == 422 and nobody.text.count("请选择人员") == 2
    same = {**given, "to:id": str(leaver.person)}
    refused = admin.post("/hand-over", script=False, do="preview", **same)
    assert refused.status_code == 422 and "接收人与移交人相同" in refused.text
    begun = admin.post("/hand-over", script=False, do="start", on=day.isoformat(), **given)
    background.drain()
    assert begun.status_code == 303 and leaver.owner() == leaver.person
    gate = world.site.current.gate
    work, outbox = (gate.tables.system(name) for name in ("fw_work", "fw_outbox"))
    number = int(begun.location.rpartition("/")[2])
    with world.site.databases.writing() as connection:
        effect = sa.select(work.c.effect).where(work.c.id == number).scalar_subquery()
        due = connection.scalar(sa.select(outbox.c.due).where(outbox.c.id == effect))
        assert due is not None and due.astimezone(gate.zone).isoformat()[:16] == f"{day}T00:00"
        connection.execute(sa.update(outbox).where(outbox.c.id == effect).values(due=gate.clock()))
    background.drain()
    assert leaver.owner() == leaver.taker and leaver.active()
