"""Steps and approvals that are gone while records wait there."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import sqlalchemy as sa

from engine.schema.findings import Finding
from support.workshop import Workshop, workshop
from workflow.approvals.tables import APPROVAL, RUNNING, TASK, WAITING

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


def test_steps(tmp_path: Path, database_url: str) -> None:
    """What waits is told; `was:` keeps it, `replace:` moves it; a whole approval cannot go."""
    with workshop(tmp_path / "layer", database_url) as shop:
        shop.write(order=ORDER).file("workflows/way.yaml", WAY)
        grants = '{order: {read: all, fields: {"*": read}}}'
        shop.file("roles/boss.yaml", f"role: boss\nlabel: Boss\ngrants: {grants}\n")
        shop.file("workflows/asking.yaml", ASKING)
        shop.apply()
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
