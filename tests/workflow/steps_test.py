"""Stages and transitions as steps of the gate: every way in, every refusal, and the history."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM, Actor
from engine.records.changes import UPDATE, Change
from support.small import KINDS_OF_DATABASE, SmallSite, actor, codes, refusal, small_site

SITE = """
object: deal
owned: false
fields:
  name: {type: text}
  stage: {type: stage, workflow: selling}
  approval: {type: stage, workflow: approving}
  amount: {type: money}
  closed_on: {type: date}
  reason: {type: text, suggest: '"none" if amount > 5 else empty'}
  chance: {type: percent, formula: stage.chance}
  weighted: {type: money, formula: amount * stage.chance}
  lines: {type: lines, of: part}
---
object: part
owned: false
fields:
  deal: {type: link, to: deal}
  price: {type: money}
  weighted: {type: money, formula: price * deal.chance}
---
workflow: selling
object: deal
field: stage
attributes: {chance: {type: percent}}
stages:
  new: {label: {en: New, zh: 新建}, state: open, chance: "0.1"}
  talk: {label: {en: Talks, zh: 洽谈}, state: open, chance: "0.5"}
  won: {label: {en: Won, zh: 赢单}, state: won, chance: 1}
  lost: {label: {en: Lost, zh: 输单}, state: lost, chance: 0}
start: [new, talk]
transitions:
  begin: {label: {en: Begin, zh: 开始}, from: new, to: talk}
  win:
    label: {en: Win, zh: 赢}
    from: [new, talk]
    to: won
    guard: amount > 0
    say: {en: Enter the amount., zh: 请填写金额。}
    require: [name, lines]
    set: {closed_on: today()}
  lose: {label: {en: Lose, zh: 输}, from: "*", to: lost, require: [reason]}
  reopen:
    label: {en: Reopen, zh: 重开}
    from: [won, lost]
    to: talk
    roles: [boss]
    set: {closed_on: empty, reason: empty}
---
workflow: approving
object: deal
field: approval
stages:
  draft: {label: Draft, state: open}
  done: {label: Done, state: done}
transitions:
  approve: {label: Approve, from: draft, to: done}
---
role: boss
label: {en: Boss, zh: 老板}
grants:
  deal: {create: true, read: all, update: all, fields: {"*": write}}
  part: {fields: {"*": write}}
historical_import: true
---
role: clerk
label: {en: Clerk, zh: 职员}
grants:
  deal: {create: true, read: all, update: all, fields: {"*": write, stage: read}}
  part: {fields: {"*": write}}
---
role: seller
label: {en: Seller, zh: 销售}
grants:
  deal: {create: true, read: all, update: all, fields: {"*": write}}
  part: {fields: {"*": write}}
"""
BOSS, CLERK, SELLER = actor(None, "boss"), actor(None, "clerk"), actor(None, "seller")


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("workflow"), SITE) as made:
        yield made


def deal(site: SmallSite, who: Actor = SYSTEM, **values: Any) -> int:
    given = {"name": "a", "amount": 10, "lines": [{"price": 2}]} | values
    return site.create("deal", who, **given)


def perform(site: SmallSite, who: Actor, id: int, way: str, /, **values: Any) -> Change:
    return site.gate.perform(who, "deal", id, way, values)


def history(site: SmallSite, id: int) -> list[tuple[Any, ...]]:
    return [
        (row["field"], row["source"], row["target"], row["transition"], row["seconds"])
        for row in site.rows("fw_stage_history")
        if row["record"] == id and row["field"] == "stage"
    ]


def test_a_new_record_starts(site: SmallSite) -> None:
    """At the first start, or at another one that is asked for; nowhere else."""
    assert site.values("deal", deal(site), "stage", "approval") == ["new", "draft"]
    assert site.values("deal", deal(site, stage="talk"), "stage") == ["talk"]
    assert site.values("deal", deal(site, stage="洽谈"), "stage") == ["talk"]
    text = refusal(lambda: deal(site, stage="won"))
    assert text == (
        "not-a-start-stage a new deal cannot start in the stage Won"
        " (start in New, Talks, then move it)"
    )
    assert codes(lambda: deal(site, stage="nonsense")) == [("not-an-option", "stage")]
    assert codes(lambda: deal(site, CLERK, stage="talk")) == [("forbidden-field", "stage")]


def test_by_name_and_by_stage(site: SmallSite) -> None:
    """A transition by name and a stage in a change do the same, lines and formulas included."""
    for move in (
        lambda id: perform(site, SELLER, id, "begin"),
        lambda id: site.update("deal", id, SELLER, stage="talk"),
    ):
        id = deal(site)
        move(id)
        assert site.values("deal", id, "stage", "chance", "weighted") == ["talk", dec("0.5"), 5]
        (line,) = site.read("deal", id).values["lines"]
        assert line.values["weighted"] == 1
        assert history(site, id)[-1][:4] == ("stage", "new", "talk", "begin")
        assert json.loads(site.rows("fw_audit")[-1]["data"])["transition"] == "begin"
    perform(site, CLERK, deal(site), "begin")  # who may update may move, whatever fields they write


def dec(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text)


def test_refusals(site: SmallSite) -> None:
    """Whatever stands against a transition says what is possible instead."""
    id = deal(site, amount=0)
    assert (
        refusal(lambda: site.update("deal", id, stage="won"))
        == "transition-guard Enter the amount."
    )
    assert (
        refusal(lambda: site.update("deal", id, stage="won"), "zh")
        == "transition-guard 请填写金额。"
    )
    assert refusal(lambda: perform(site, SYSTEM, id, "reopen")) == (
        "transition-not-from-here Reopen does not start from the stage New"
        " (possible here: Begin, Win, Lose)"
    )
    assert codes(lambda: perform(site, SYSTEM, id, "nonsense")) == [("no-such-transition", "")]
    assert codes(lambda: site.update("deal", id, stage=None)) == [("no-transition", "stage")]
    empty = deal(site, lines=[], name=None)
    assert codes(lambda: perform(site, SYSTEM, empty, "win")) == [
        ("transition-requires", "name"), ("transition-requires", "lines"),
    ]  # fmt: skip
    perform(site, SYSTEM, empty, "win", name="given on the way", lines=[{"price": 1}])
    assert refusal(lambda: site.update("deal", empty, stage="new")) == (
        "no-transition no transition leads from Won to New (possible here: Lose, Reopen)"
    )
    assert refusal(lambda: perform(site, SELLER, empty, "reopen")) == (
        "forbidden-transition Reopen is only for: Boss; your roles are Seller"
        " (ask somebody with one of these roles)"
    )
    assert codes(lambda: site.update("deal", empty, SELLER, stage="talk")) == [
        ("forbidden-transition", "")
    ]
    assert site.values("deal", empty, "stage", "closed_on") == ["won", dt.date(2026, 3, 16)]
    perform(site, BOSS, empty, "reopen")
    assert site.values("deal", empty, "stage", "closed_on") == ["talk", None]


def test_values_that_a_transition_sets(site: SmallSite) -> None:
    """They are set unless they are given, and stand against suggestions."""
    id = deal(site)
    perform(site, SYSTEM, id, "win", closed_on="2026-01-01")
    assert site.values("deal", id, "closed_on", "reason") == [dt.date(2026, 1, 1), "none"]
    perform(site, BOSS, id, "reopen", amount=20)
    assert site.values("deal", id, "closed_on", "reason") == [None, None]


def test_one_transition_moves_one_stage(site: SmallSite) -> None:
    """A transition of one workflow is no way around the other's."""
    id = deal(site)
    found = codes(lambda: perform(site, SYSTEM, id, "approve", stage="won", amount=0))
    assert found == [("transition-guard", "")]
    perform(site, SYSTEM, id, "approve", stage="talk")
    assert site.values("deal", id, "stage", "approval") == ["talk", "done"]


def test_history_and_time(site: SmallSite) -> None:
    """Each stage's row says where from, which way, and how many seconds it had lasted."""
    id = deal(site)
    site.clock.turn(hours=1)
    site.update("deal", id, stage="talk")
    site.clock.turn(days=2)
    perform(site, SYSTEM, id, "lose")
    site.update("deal", id, name="no move")
    assert history(site, id) == [
        ("stage", None, "new", None, None),
        ("stage", "new", "talk", "begin", 3_600),
        ("stage", "talk", "lost", "lose", 2 * 86_400),
    ]


def test_history_that_is_imported(site: SmallSite) -> None:
    """A historical import enters any stage, without guards, at the record's own time."""
    values = {"name": "old", "stage": "won", "created_on": "2020-01-01T00:00:00Z"}
    with site.gate.transaction(BOSS, historical=True) as tx:
        changes = [Change(given=values)]
        site.gate.pass_steps(tx, "deal", "create", changes)
    id = changes[0].id or 0
    (row,) = [
        r for r in site.rows("fw_stage_history") if r["record"] == id and r["field"] == "stage"
    ]
    assert row["at"] == dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    before = len(site.rows("fw_outbox"))
    with site.gate.transaction(BOSS, historical=True) as tx:
        site.gate.pass_steps(tx, "deal", UPDATE, [Change(given={"stage": "new"}, id=id)])
    assert site.values("deal", id, "stage", "created_on") == [
        "new", dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    ]  # fmt: skip
    assert len(site.rows("fw_outbox")) == before
    found = codes(lambda: site.gate.write(SELLER, lambda tx: None, historical=True))
    assert found == [("right-missing", "")]


def test_a_record_older_than_its_stages(site: SmallSite) -> None:
    """Where a record has no stage yet, it may enter a start."""
    import sqlalchemy as sa

    id = deal(site)
    table = site.application.tables.table("deal")
    with site.databases.writing() as connection:
        column = site.gate.catalog.objects["deal"].fields["stage"].column
        connection.execute(sa.update(table).where(table.c.id == id).values({column: None}))
    site.update("deal", id, name="still none")
    assert codes(lambda: site.update("deal", id, stage="won")) == [("not-a-start-stage", "stage")]
    site.update("deal", id, stage="talk")
    assert site.values("deal", id, "stage") == ["talk"]
