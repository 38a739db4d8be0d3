"""Long work as a site does it: as whom it acts, and who is told how it ended."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assembly.failures import after_failure
from assembly.long_work import AREA, work_handlers
from assembly.publish_work import Publisher
from engine.files import Files
from engine.permissions.actors import Actor
from exchange.import_work import IMPORT, ImportRequest, import_work
from jobs import work
from jobs.carrying import Carrier
from jobs.work import Work, start_work
from jobs.work_running import ATTEMPTS
from notices.tellers import Teller
from support.exchange_site import SITE
from support.small import KINDS_OF_DATABASE, SmallSite, actor, small_site
from support.telling import People


@dataclass
class Desk:
    """A site with people and somebody who carries out."""

    site: SmallSite
    directory: People
    files: Files
    carrier: Carrier

    def bring(self, content: str, by: Actor, name: str = "in.csv") -> int:
        """Imports companies as somebody."""
        stored = self.files.area(AREA).put(io.BytesIO(content.encode()))
        request = ImportRequest(object="company", source=stored.digest, name=name)
        wanted = import_work(self.site.application.catalog, request)
        id = self.site.gate.write(by, lambda tx: start_work(tx, wanted))
        self.carrier.drain()
        return id

    def told(self) -> list[dict[str, Any]]:
        """What stands in the bells."""
        return self.site.rows("fw_notice")


@pytest.fixture(params=KINDS_OF_DATABASE)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with small_site(request.param, tmp_path, SITE) as site:
        directory, files = People(), Files("files", tmp_path)
        accounts = {"robot": actor(None, "clerk", name="robot")}
        handlers = {
            handler.kind: handler
            for handler in (
                *work_handlers(
                    directory, lambda gate, name: accounts.get(name), files, Publisher()
                ),
                Teller(directory=directory, by_mail=False).handler(),
            )
        }
        yield Desk(site, directory, files, Carrier(lambda: site.gate, handlers))


def clerk(desk: Desk, locale: str = "en") -> Actor:
    person = desk.site.create("person", name="Cy")
    found = actor(person, "clerk", name="Cy")
    desk.directory.actors[person] = found
    desk.directory.locales[person] = locale
    return found


def test_whoever_asked_is_told(desk: Desk) -> None:
    """In their language; whatever the file is called, it is only text."""
    asker = clerk(desk, "zh")
    id = desk.bring("name,founded\nA,2001-02-03\nB,x\n", asker, "{user}{{x}}.csv")
    assert work.one(desk.site.gate, asker, id).status == "done"
    (notice,) = desk.told()
    assert notice["person"] == asker.person
    assert notice["title"] == "已完成：从 {user}{{x}}.csv 导入公司"
    assert (notice["text"], notice["of"]) == ("新建 1，拒绝 1", f"work:{id}")


def test_of_a_failure(desk: Desk) -> None:
    """With the reason."""
    asker = clerk(desk)
    desk.bring("nonsense\nA\n", asker)
    (notice,) = desk.told()
    assert notice["title"] == "Failed: Import Company from in.csv"
    assert notice["text"].startswith("the column 'nonsense' is no field of Company")


def test_of_a_process_that_always_died(desk: Desk) -> None:
    """The work has failed with its effect, and whoever asked is told, once."""
    asker = clerk(desk)
    desk.carrier.failed = after_failure
    wanted = Work(kind=IMPORT, title={"en": "Import it", "zh": "导入"}, object="company")
    id = desk.site.gate.write(asker, lambda tx: start_work(tx, wanted))
    with desk.site.databases.writing() as connection:
        connection.execute(sa.text(f"UPDATE fw_outbox SET attempts = {ATTEMPTS}"))
        connection.execute(sa.text("UPDATE fw_work SET status = 'running'"))
    desk.carrier.drain()
    row = work.one(desk.site.gate, asker, id)
    assert (row.status, row.code) == ("failed", "job-never-ended")
    (notice,) = [notice for notice in desk.told() if notice["of"] == f"work:{id}"]
    assert (notice["person"], notice["title"]) == (asker.person, "Failed: Import it")
    assert "attempts" in notice["text"]


def test_an_account_without_a_person(desk: Desk) -> None:
    """It acts as that account, and nobody is told; one that is gone does not act."""
    robot = actor(None, "clerk", name="robot")
    id = desk.bring("name\nA\n", robot)
    assert work.one(desk.site.gate, robot, id).status == "done"
    assert desk.told() == []
    gone = actor(None, "clerk", name="gone")
    row = work.one(desk.site.gate, gone, desk.bring("name\nB\n", gone))
    assert (row.status, row.code) == ("failed", "work-nobody")
