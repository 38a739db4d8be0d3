"""Who is asked: roles, managers, people, the submitter, nobody; votes; changed definitions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assembly.establishing import establish
from engine.permissions.actors import SYSTEM, Actor
from support.small import (
    KINDS_OF_DATABASE,
    PEOPLE,
    SmallSite,
    actor,
    codes,
    refusal,
    small_site,
    write_files,
)
from workflow.approvals.service import Approvals

SITE = (
    PEOPLE
    + """---
object: claim
title: name
fields:
  name: {type: text}
  kind: {type: text}
  amount: {type: money}
  helper: {type: link, to: person}
  paid: {type: text}
  stage: {type: stage, workflow: claims}
---
workflow: claims
object: claim
field: stage
stages: {draft: {state: open}, asked: {state: open}, agreed: {state: done}}
transitions:
  ask: {from: draft, to: asked}
  agree: {from: asked, to: agreed}
  back: {from: asked, to: draft}
---
role: worker
grants:
  claim: {create: true, read: all, update: all, fields: {"*": write}}
  person: {read: all, fields: {"*": read}}
---
role: boss
grants:
  claim: {create: true, read: all, update: all, fields: {"*": write}}
  person: {read: all, fields: {"*": read}}
---
role: keeper
administer: true
grants:
  claim: {create: true, read: all, update: all, fields: {"*": write}}
  person: {read: all, fields: {"*": read}}
---
approval: consent
object: claim
starts_on: ask
granted: agree
rejected: back
withdrawn: back
needed_in: agreed
steps:
"""
)
CASES = {
    "manager_skip": "{manager: 1, of: submitter}], if_self: skip, if_nobody: skip",
    "manager": "{manager: 1}]",
    "second": "{manager: 2}], if_nobody: administrators",
    "helper_ask": "{person: helper}], if_self: ask",
    "helper_skip": "{person: helper}], if_self: skip",
    "helper_manager": "{person: helper}], if_self: manager",
    "boss_ask": "{role: boss}], if_self: ask",
    "boss_skip": "{role: boss, within: team}], if_self: skip",
    "boss_manager": "{role: boss}], if_self: manager",
    "team": "{role: boss, within: team}]",
    "department": "{role: boss, within: department}]",
    "below": "{role: boss, within: department_and_below}]",
    "either": "{person: helper}, {role: [boss, keeper]}]",
}
STEPS = "".join(
    f"  {name}: {{when: 'kind == \"{name}\"', approvers: [{rule}}}\n"
    for name, rule in CASES.items()
)


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    """A site where the kind of a claim says which step applies."""
    folder = tmp_path_factory.mktemp("policies")
    with small_site(request.param, folder, SITE + STEPS) as made:
        yield made


@pytest.fixture(scope="module")
def people(site: SmallSite) -> dict[str, int]:
    """top leads mid, who leads low; aside leads nobody. low's department is part of top's."""
    above = site.create("department", name="Above")
    below = site.create("department", name="Below", parent=above)
    made: dict[str, int] = {}
    for name, manager, department in (
        ("top", None, above), ("mid", "top", below), ("low", "mid", below), ("aside", None, None),
    ):  # fmt: skip
        made[name] = site.create(
            "person", name=name, manager=made.get(manager or ""), department=department
        )
    return made | {"above": above, "below": below}


def somebody(people: dict[str, int], name: str, *roles: str) -> Actor:
    teams = {"top": ("top", "mid", "low"), "mid": ("mid", "low")}
    above, below = people["above"], people["below"]
    departments = {"top": (above, below), "aside": ()}.get(name, (below,))
    return actor(
        people[name],
        *(roles or ("worker",)),
        team=tuple(people[n] for n in teams.get(name, (name,))),
        department={"top": above, "aside": None}.get(name, below),
        departments=departments,
    )


def ask(site: SmallSite, who: Actor, kind: str, **values: Any) -> int:
    """A claim of `who`, submitted."""
    id = site.create("claim", who, kind=kind, **values)
    site.gate.perform(who, "claim", id, "ask")
    return id


def open_tasks(site: SmallSite, id: int) -> list[str]:
    """Who is asked now."""
    (state,) = Approvals(site.gate).of(SYSTEM, "claim", id)
    return [str(task.asked) for task in state.tasks if task.state == "waiting" and task.opened]


def may(site: SmallSite, who: Actor, id: int) -> bool:
    """Whether somebody can decide on the claim, by inbox and by trying alike."""
    approvals = Approvals(site.gate)
    (state,) = approvals.of(who, "claim", id)
    mine = [task.id for task in state.tasks if task.mine]
    inbox = [item.task for item in approvals.inbox(who).items if item.record == id]
    assert mine == inbox
    for task in state.tasks:
        if task.id not in mine:
            assert codes(lambda t=task: approvals.decide(who, t.id, "approve"))
    return bool(mine)


@pytest.mark.parametrize(
    ("kind", "who", "roles", "expected"),
    [
        ("manager", "low", (), "mid"),
        ("second", "low", (), "top"),
        ("second", "mid", (), "an administrator"),
        ("manager_skip", "top", (), "granted"),
        ("helper_ask", "low", (), "low"),
        ("helper_skip", "low", (), "granted"),
        ("helper_manager", "low", (), "mid"),
        ("boss_ask", "low", ("boss",), "boss"),
        ("boss_skip", "low", ("boss",), "granted"),
        ("boss_skip", "low", ("worker",), "boss of the owner's line"),
        ("boss_manager", "low", ("boss",), "mid, boss"),
        ("boss_manager", "top", ("boss",), "boss"),
        ("team", "low", (), "boss of the owner's line"),
        ("unknown kind", "low", (), "granted"),
    ],
)
def test_who_is_asked(
    site: SmallSite,
    people: dict[str, int],
    kind: str,
    who: str,
    roles: tuple[str, ...],
    expected: str,
) -> None:
    """By kind of step and by who submits it; `granted` where nobody has to agree."""
    id = ask(site, somebody(people, who, *roles), kind, helper=people[who])
    if expected == "granted":
        assert site.read("claim", id).values["stage"] == "agreed"
    else:
        assert ", ".join(open_tasks(site, id)) == expected
        assert site.read("claim", id).values["stage"] == "asked"


@pytest.mark.parametrize(
    ("kind", "who"), [("manager", "top"), ("helper_ask", "low"), ("helper_manager", "top")]
)
def test_nobody_to_ask(site: SmallSite, people: dict[str, int], kind: str, who: str) -> None:
    """Submitting is refused, and says so in both languages; nothing is written."""
    person = somebody(people, who)
    helper = people[who] if kind == "helper_manager" else None
    id = site.create("claim", person, kind=kind, helper=helper)
    submit = lambda: site.gate.perform(person, "claim", id, "ask")  # noqa: E731
    assert codes(submit) == [("approval-nobody", "")]
    assert f"nobody can be asked in the step {kind}" in refusal(submit)
    assert f"步骤“{kind}”找不到审批人" in refusal(submit, "zh")
    assert site.read("claim", id).values["stage"] == "draft"


@pytest.mark.parametrize(
    ("kind", "deciders"),
    [
        ("team", {"top", "mid"}),
        ("department", {"mid"}),
        ("below", {"top", "mid"}),
        ("boss_ask", {"top", "mid", "aside", "low"}),
        ("boss_manager", {"top", "mid", "aside"}),
    ],
)
def test_bosses_of_whom(
    site: SmallSite, people: dict[str, int], kind: str, deciders: set[str]
) -> None:
    """A role within the owner's team, department or department and below; today's roles count."""
    id = ask(site, somebody(people, "low"), kind)
    names = ("top", "mid", "low", "aside")
    found = {name for name in names if may(site, somebody(people, name, "boss"), id)}
    assert found == deciders
    assert not any(may(site, somebody(people, name, "worker"), id) for name in names)


def test_administrators(site: SmallSite, people: dict[str, int]) -> None:
    """Whoever has the right decides where there is nobody else, but not on their own."""
    id = ask(site, somebody(people, "mid", "keeper"), "second")
    assert not may(site, somebody(people, "mid", "keeper"), id)
    assert not may(site, somebody(people, "aside", "boss"), id)
    assert may(site, somebody(people, "aside", "keeper"), id)


def test_votes_of_a_step(site: SmallSite, people: dict[str, int]) -> None:
    """One approval passes the step; it is rejected when every vote rejects (或签)."""
    approvals = Approvals(site.gate)
    mid, aside = somebody(people, "mid"), somebody(people, "aside", "keeper")
    for decisions, stage in (
        ([(aside, 1, "approve")], "agreed"),
        ([(mid, 0, "reject"), (aside, 1, "approve")], "agreed"),
        ([(mid, 0, "reject"), (aside, 1, "reject")], "draft"),
    ):
        id = ask(site, somebody(people, "low"), "either", helper=people["mid"])
        for who, index, decision in decisions:
            assert site.read("claim", id).values["stage"] == "asked"
            state = approvals.of(who, "claim", id)[0]
            mine = [task for task in state.tasks if task.mine]
            assert [str(task.asked) for task in mine] == [["mid"], ["keeper"]][index]
            approvals.decide(who, mine[0].id, decision, "so be it")
        assert site.read("claim", id).values["stage"] == stage
        assert approvals.of(mid, "claim", id)[0].state == {"agreed": "granted"}.get(
            stage, "rejected"
        )


def test_manager_who_left(site: SmallSite, people: dict[str, int]) -> None:
    """Whoever has left is passed over, for the manager above."""
    gone = site.create("person", name="gone", manager=people["top"])
    below = site.create("person", name="below", manager=gone)
    site.gate.write(SYSTEM, lambda tx: _trash(tx, gone))
    id = ask(site, actor(below, "worker"), "manager")
    assert open_tasks(site, id) == ["top"]


def _trash(tx: Any, id: int) -> None:
    """In the recycle bin, with links still pointing there (as an import may leave it)."""
    table = tx.tables.table("person")
    tx.connection.execute(table.update().where(table.c.id == id).values(deleted_on=tx.now))


@pytest.mark.parametrize("kind", KINDS_OF_DATABASE)
def test_definitions_that_change(tmp_path: Path, kind: str) -> None:
    """Running approvals go on as they began; nothing stays locked that nobody could free."""
    steps = "  one: {approvers: [{role: boss}]}\n  two: {approvers: [{role: keeper}]}\n"
    with small_site(kind, tmp_path, SITE + steps) as site:
        low = actor(site.create("person", name="low"), "worker")
        boss = actor(site.create("person", name="boss"), "boss", "keeper")
        first, second, third = (ask(site, low, "any") for _ in range(3))

        def applied(text: str) -> Approvals:
            layer = write_files(tmp_path / "layer", text)
            site.application = establish(site.databases, [layer], clock=site.clock)
            return Approvals(site.gate)

        # a step goes, a new rule comes: both steps are still asked, the rule counts at the end
        approvals = applied(
            (SITE + "  one: {approvers: [{role: boss}]}\n").replace(
                "paid: {type: text}", "paid: {type: text, required: true}"
            )
        )
        tasks = [task.id for task in approvals.of(boss, "claim", first)[0].tasks]
        approvals.decide(boss, tasks[0], "approve")
        assert codes(lambda: approvals.decide(boss, tasks[1], "approve")) == [("required", "paid")]
        approvals.decide(boss, tasks[1], "reject", "see the new rule")
        assert site.read("claim", first).values["stage"] == "draft"
        site.update("claim", first, low, paid="cash")
        # the stage in which records wait is another one now: withdrawing frees the record
        other = SITE.replace("asked: {state: open}", "asked: {state: open}, seen: {state: open}")
        other = other.replace(
            "ask: {from: draft, to: asked}", "ask: {from: [draft, asked], to: seen}"
        )
        other = other.replace("agree: {from: asked", "agree: {from: seen")
        other = other.replace("back: {from: asked", "back: {from: seen")
        other = other.replace("start: draft\n", "").replace(
            "stages: {", "start: [draft, asked]\nstages: {"
        )
        approvals = applied(other + "  one: {approvers: [{role: boss}]}\n")
        state = approvals.of(low, "claim", second)[0]
        approvals.withdraw(low, state.id)
        assert site.read("claim", second).values["stage"] == "asked"
        site.gate.perform(low, "claim", second, "ask")
        assert open_tasks_now(site, second) == ["boss"]
        # the whole approval goes: not while records wait for it
        (tmp_path / "layer/workflows/consent.yaml").unlink()
        found = codes(lambda: applied(SITE.partition("---\napproval:")[0]))
        assert {code for code, _ in found} == {"stage-in-use", "approval-in-use"}
        for waiting in (second, third):
            approvals.withdraw(low, approvals.of(low, "claim", waiting)[0].id)
        approvals = applied(SITE.partition("---\napproval:")[0])
        assert approvals.inbox(boss).items == ()
        site.update("claim", third, low, name="free")


def open_tasks_now(site: SmallSite, id: int) -> list[str]:
    """Who is asked by the newest approval."""
    state = Approvals(site.gate).of(SYSTEM, "claim", id)[0]
    return [str(task.asked) for task in state.tasks if task.state == "waiting" and task.opened]
