"""A revision that a process cannot build: who must know is told, and writes are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assembly.application import Application
from assembly.revision_alarm import telling_of_failures
from engine.schema.engines import Databases
from support.live import Live, live_world
from support.small import PEOPLE
from webapp.directory import AccountDirectory

SITE = (
    PEOPLE
    + """
---
role: boss
administer: true
grants:
  deal: {create: true, read: all, update: all, fields: {"*": write}}
---
object: deal
fields:
  name: {type: text, required: true}
"""
)
NEXT = "object: deal\nfields:\n  name: {type: text, required: true}\n  size: {type: integer}\n"


@pytest.fixture
def live(tmp_path: Path, database_url: str) -> Iterator[Live]:
    with live_world(database_url, tmp_path, SITE) as made:
        made.account("boss", name="wang")
        yield made


def broken(databases: Databases, former: Application | None) -> Application:
    """A build that fails, as after a publish by a newer version of the programs."""
    raise LookupError("an unknown step")


def test_it_serves_on(live: Live) -> None:
    """Reads go on, writes are refused with a sentence, and whoever watches the server sees it."""
    site, boss = live.site, live.client("wang")
    boss.made("deal", name="before")
    telling = telling_of_failures(site, AccountDirectory(site.databases))
    build, site.build, site.alarm = site.build, broken, telling
    revision = live.publish(NEXT)
    refused = boss.call("POST", "o/deal", {"name": "lost?"})
    assert (refused.status_code, refused.get_json()["code"]) == (503, "revision-not-built")
    assert "nothing can be changed until that is mended" in refused.text
    assert [one["name"] for one in boss.items("o/deal")] == ["before"]
    ready = live.app.test_client().get("/readyz")
    assert ready.status_code == 200
    assert ready.get_json() == {
        "status": "revision-not-built", "revision": revision - 1, "in_force": revision,
    }  # fmt: skip
    metrics = live.app.test_client(use_cookies=False).get("/metrics", headers=boss.headers).text
    assert "formwright_revision_failed 1.0" in metrics
    (told,) = boss.items("notices")
    assert f"Revision {revision} cannot be run" in told["title"]
    assert "an unknown step" in told["text"]
    assert site.failed is not None
    telling(site.failed)  # as another process does
    assert len(boss.items("notices")) == 1
    site.build, site.failed = build, None
    boss.made("deal", name="after", size=3)
    assert live.app.test_client().get("/readyz").get_json()["status"] == "ok"
