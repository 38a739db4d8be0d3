"""Steps and approvals that are gone while records wait there."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.schema.findings import Finding
from support.workshop import Workshop, workshop
from workflow.approvals.tables import APPROVAL, APPROVED, RUNNING, TASK, WAITING

ORDER = """
title: name
fields:
  name: {type: text}
  stage: {type: stage, workflow: way}
"""
WAY = """
workflow: way
object: order
field: stage
stages: {draft: {}, asked: {}, done: {state: done}}
transitions:
  ask: {from: draft, to: asked}
  grant: {from: asked, to: done}
  back: {from: asked, to: draft}
"""
ASKING = """
approval: asking
object: order
starts_on: ask
granted: grant
rejected: back
withdrawn: back
steps:
  chief: {approvers: [{role: boss}], if_self: ask}
  finance: {approvers: [{role: boss}], if_self: ask}
"""
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def waiting(shop: Workshop) -> None:
    """An order that waits at the step `chief`."""
    tables = shop.application().tables
    with shop.databases.writing() as connection:
        running = {"object": "order", "record": 7, "definition": "asking", "revision": 1,
                   "state": RUNNING, "submitted_on": NOON, "snapshot": "{}"}  # fmt: skip
        task = {"approval": 1, "step": "chief", "position": 0, "round": 0, "branch": 0, "turn": 0,
                "weight": 1, "rule": "any", "kind": "role", "name": "boss", "own": False,
                "state": WAITING}  # fmt: skip
        connection.execute(sa.insert(tables.system(APPROVAL)).values(running))
        connection.execute(sa.insert(tables.system(TASK)).values(task))


def findings(shop: Workshop) -> dict[str, Finding]:
    return {found.family: found for found in shop.plan().findings}


@pytest.fixture
def asking(tmp_path: Path, database_url: str) -> Iterator[Workshop]:
    """A site with the approval `asking` at revision 1; votes are as `votes` makes them."""
    with workshop(tmp_path / "layer", database_url) as shop:
        shop.write(order=ORDER).file("workflows/way.yaml", WAY)
        grants = '{order: {read: all, fields: {"*": read}}}'
        shop.file("roles/boss.yaml", f"role: boss\nlabel: Boss\ngrants: {grants}\n")
        shop.file("workflows/asking.yaml", ASKING)
        shop.apply()
        yield shop


def test_steps(asking: Workshop) -> None:
    """What waits is told; `was:` keeps it, `replace:` moves it; a whole approval cannot go."""
    shop = asking
    waiting(shop)
    shop.file("workflows/asking.yaml", ASKING.replace("chief: {", "the_chief: {"))
    found = findings(shop)["step-in-use"]
    assert ([e.id for e in found.examples], found.remedy) == (
        [7], "steps:\n  the_chief:\n    was: chief",
    )  # fmt: skip
    renamed = ASKING.replace("chief: {", "the_chief: {was: chief, ")
    shop.file("workflows/asking.yaml", renamed)
    assert "step-in-use" not in findings(shop)
    gone = "\n".join(line for line in ASKING.splitlines() if "chief" not in line)
    shop.file("workflows/asking.yaml", gone)
    assert findings(shop)["step-in-use"].remedy == "replace: {chief: finance}"
    shop.file("workflows/asking.yaml", f"{gone}\nreplace: {{chief: finance}}\n")
    assert "step-replaced" in findings(shop)
    shop.apply()
    task = shop.application().tables.system(TASK)
    with shop.databases.reading() as connection:
        assert connection.scalar(sa.select(task.c.step)) == "finance"
    shop.file("workflows/asking.yaml", "")
    assert [problem.code for problem in shop.plan().problems] == ["approval-in-use"]


ONLY_FINANCE = "\n".join(line for line in ASKING.splitlines() if "chief" not in line)
REPLACED = f"{ONLY_FINANCE}\nreplace: {{chief: finance}}\n"


def votes(shop: Workshop, **steps: str) -> None:
    """Orders that wait, each at a step: o7="chief" is order 7."""
    tables = shop.application().tables
    running, task = tables.system(APPROVAL), tables.system(TASK)
    with shop.databases.writing() as connection:
        for name, step in steps.items():
            record = int(name.removeprefix("o"))
            made = connection.execute(sa.insert(running).returning(running.c.id).values(
                object="order", record=record, definition="asking", revision=1, state=RUNNING,
                submitted_on=NOON, snapshot="{}",
            )).scalar_one()  # fmt: skip
            connection.execute(sa.insert(task).values(
                approval=made, step=step, position=0, round=0, branch=0, turn=0, weight=1,
                rule="any", kind="role", name="boss", own=False, state=WAITING,
            ))  # fmt: skip


def steps(shop: Workshop) -> dict[int, str]:
    """Where each order is."""
    tables = shop.application().tables
    running, task = tables.system(APPROVAL), tables.system(TASK)
    query = sa.select(running.c.record, task.c.step).join(task, task.c.approval == running.c.id)
    with shop.databases.reading() as connection:
        return {record: step for record, step in connection.execute(query)}


def set_vote(shop: Workshop, record: int, **values: str) -> None:
    tables = shop.application().tables
    running, task = tables.system(APPROVAL), tables.system(TASK)
    these = sa.select(running.c.id).where(running.c.record == record)
    with shop.databases.writing() as connection:
        connection.execute(sa.update(task).where(task.c.approval.in_(these)).values(values))


def back(shop: Workshop, revision: int) -> dict[str, tuple[str, list[int]]]:
    """What the way back tells: by family, the sentence and the orders."""
    plan, _ = shop.way_back(revision)
    return {f.family: (str(f.text), [e.id for e in f.examples]) for f in plan.findings}


def test_back_again(asking: Workshop) -> None:
    """What `replace:` moved and still waits goes back; what was there by itself, what was decided
    and what somebody moved on stays; and all of it can be gone back on."""
    votes(asking, o1="chief", o2="chief", o3="finance", o4="chief")
    asking.file("workflows/asking.yaml", REPLACED)
    asking.apply()
    assert steps(asking) == dict.fromkeys((1, 2, 3, 4), "finance")
    set_vote(asking, 2, state=APPROVED)
    set_vote(asking, 4, step="elsewhere")
    assert back(asking, 1) == {
        "step-decided": (
            "asking: 1 record went on at finance and was decided there since; that stays", [2],
        ),
        "step-returned": (
            "asking: what waits at finance about 1 record goes back to chief, where it waited",
            [1],
        ),
    }  # fmt: skip
    asking.go_back(1)
    assert steps(asking) == {1: "chief", 2: "finance", 3: "finance", 4: "elsewhere"}
    assert back(asking, 2)["step-returned"][1] == [1]
    asking.go_back(2)
    assert steps(asking)[1] == "finance"
    asking.go_back(1)
    assert steps(asking)[1] == "chief"
    with asking.databases.reading() as connection:
        query = "SELECT record, batch, data FROM fw_audit WHERE action = 'move-step' ORDER BY id"
        told = connection.exec_driver_sql(query).all()
    assert [(record, json.loads(data)["steps"]) for record, _, data in told if record == 1] == [
        (1, way) for way in [["chief", "finance"], ["finance", "chief"]] * 2
    ]
    assert all(batch for _, batch, _ in told)


def test_a_step_that_came_since(asking: Workshop) -> None:
    """Who waits at a step that there was not then is told of, stays, and is found again."""
    lawyer = ASKING + "  lawyer: {approvers: [{role: boss}], if_self: ask}\n"
    asking.file("workflows/asking.yaml", lawyer)
    asking.apply()
    votes(asking, o1="lawyer", o2="chief")
    assert back(asking, 1) == {
        "step-in-use": (
            "the approval asking had no lawyer then, but 1 record waits there: whoever is asked"
            " goes on being asked, as it was",
            [1],
        )
    }
    asking.go_back(1, allow_loss=True)
    assert steps(asking) == {1: "lawyer", 2: "chief"}
    asking.go_back(2, allow_loss=True)
    assert steps(asking)[1] == "lawyer"
    assert "step-in-use" not in back(asking, 2)


def test_moved_to_a_step_that_came_since(asking: Workshop) -> None:
    """What was moved to a new step goes back, so nothing waits there; what was asked there does."""
    votes(asking, o1="chief")
    new = REPLACED.replace("finance: {", "lawyer: {").replace("chief: finance", "chief: lawyer")
    asking.file("workflows/asking.yaml", new)
    asking.apply()
    assert "step-in-use" not in back(asking, 1)
    votes(asking, o2="lawyer")
    assert back(asking, 1)["step-in-use"][1] == [2]
    asking.go_back(1)
    assert steps(asking) == {1: "chief", 2: "lawyer"}


def test_an_approval_that_came_since(asking: Workshop) -> None:
    """What waits for an approval that there was not then stands in the way."""
    other = ASKING.replace("approval: asking", "approval: other")
    asking.file("workflows/asking.yaml", "").file("workflows/other.yaml", other)
    asking.apply(allow_loss=True)
    votes(asking, o1="chief")
    with asking.databases.writing() as connection:
        connection.exec_driver_sql("UPDATE fw_approval SET definition = 'other'")
    text, _ = back(asking, 1)["approval-in-use"]
    assert text.startswith("there was no approval other then, but 1 record waits for it")
    assert [problem.code for problem in asking.way_back(1)[0].problems] == ["approval-in-use"]
