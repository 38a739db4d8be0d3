"""Administrators are told of what failed for good: once per kind and hour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assembly.failures import OF, tell_of_failure
from engine.problems import Message
from jobs.carrying import Carrier
from jobs.handlers import Handler, Hopeless, Running
from jobs.outbox import Effect
from jobs.tables import OUTBOX
from notices.tellers import Teller
from support.small import KINDS_OF_DATABASE, small_site
from support.telling import Office, People

SITE = """
site: Small
currency: CNY
time_zone: Asia/Shanghai
locales: [zh, en]
people: {object: person, department: department, manager: manager, account: account}
departments: {object: department, parent: parent}
---
object: department
owned: false
fields:
  name: {type: text, required: true}
  parent: {type: link, to: department, on_delete: clear}
---
object: person
owned: false
title: name
fields:
  name: {type: text, required: true}
  account: {type: text, unique: true}
  department: {type: link, to: department}
  manager: {type: link, to: person, on_delete: clear}
---
role: keeper
administer: true
grants:
  person: {read: all, fields: {"*": read}}
---
role: seller
grants:
  person: {read: all, fields: {"*": read}}
"""
GONE = Message("test-gone", en="{address} answered 410", zh="{address} 返回 410")
ADDRESS = "https://user:word@erp.example.com/{hook}?token=abc"


def _hopeless(running: Running) -> None:
    raise Hopeless(GONE(address=ADDRESS))


@pytest.fixture(params=KINDS_OF_DATABASE)
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """Chen keeps the system and reads Chinese, Ann keeps it, too; Wang sells."""
    with small_site(request.param, tmp_path, SITE) as site:
        made = Office(site, People())
        made.hire("chen", "keeper", locale="zh")
        made.hire("ann", "keeper")
        made.hire("wang", "seller")
        yield made


def fail(small: Office, kind: str = "webhook", times: int = 1) -> None:
    """So many effects of the kind fail for good; then everything due is carried out."""
    for _ in range(times):
        small.ask(Effect(kind=kind))
    known = {kind: Handler(kind=kind, run=_hopeless) for kind in ("webhook", "mail")}
    teller = Teller(directory=small.directory).handler()
    Carrier(lambda: small.gate, known | {teller.kind: teller}, failed=tell_of_failure).drain()


def test_each_administrator_is_told_once(small: Office) -> None:
    """Fifty failures of a kind are one notice, in the reader's language and without secrets."""
    fail(small, times=50)
    ((title, text),) = small.told("ann")
    assert title == "Background job failed: Webhook"
    assert text.startswith("https://•••@erp.example.com/{hook}?token=••• answered 410. ")
    ((title, text),) = small.told("chen")
    assert title == "后台任务失败：Webhook 推送"
    assert "返回 410" in text and "word" not in text
    assert small.told("wang") == []


def test_again_for_another_kind_and_in_the_next_hour(small: Office) -> None:
    """Another kind is told at once, the same one in the next hour."""
    fail(small)
    fail(small)
    fail(small, "mail")
    assert len(small.told("ann")) == 2
    small.site.clock.turn(hours=1)
    fail(small)
    assert len(small.told("ann")) == 3


def test_a_notice_about_failures_that_fails_is_not_told_of(small: Office) -> None:
    """Otherwise it would never end."""
    payload = {"title": {"en": "{nothing"}, "to": [1]}
    small.ask(Effect(kind="notice", payload=payload | {"of": f"{OF}:1"}))
    fail(small, times=0)
    assert [row["status"] for row in small.site.rows(OUTBOX)] == ["failed"]
    small.site.clock.turn(hours=1)
    small.ask(Effect(kind="notice", payload=payload))
    fail(small, times=0)
    assert len(small.told("ann")) == 1
