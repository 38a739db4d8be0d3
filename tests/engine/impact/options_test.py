"""Options, tags and stages that are gone: counted before, moved while publishing."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.schema.findings import Finding
from support.workshop import Workshop

LEAD = """
title: name
fields:
  name: {type: text}
  heat: {type: choice, options: {hot: {en: Hot, zh: 热}, warm: Warm, cold: Cold}}
  topics: {type: choices, options: {a: A, b: B, c: C}}
  words: {type: tags}
  stage: {type: stage, workflow: way}
  warmth: {type: text, formula: "'!' if heat == 'warm' else '?'"}
"""
WAY = """
workflow: way
object: lead
field: stage
stages:
  new: {label: New}
  called: {label: Called}
  done: {label: Done, state: done}
transitions:
  call: {label: Call, from: new, to: called}
  end: {label: End, from: called, to: done}
"""


def stocked(shop: Workshop) -> None:
    shop.file("workflows/way.yaml", WAY)
    shop.write(lead=LEAD)
    shop.apply()
    gate = shop.application().gate
    gate.create(
        SYSTEM,
        "lead",
        [
            {"name": "Kim", "heat": "hot", "topics": ["a", "b"], "words": ["fast", "big"]},
            {"name": "Emma", "heat": "warm", "topics": ["b"], "words": ["fast"]},
            {"name": "Lear", "heat": "hot"},
        ],
    )
    gate.update(SYSTEM, "lead", 2, {"stage": "called"})


def rows(shop: Workshop, *names: str) -> list[tuple[Any, ...]]:
    gate = shop.application().gate
    table = gate.tables.table("lead")
    with shop.databases.reading() as connection:
        shape = gate.shapes["lead"]
        query = sa.select(*shape.select_columns(table)).order_by(table.c.id)
        found = [shape.row(values) for values in connection.execute(query)]
    return [tuple(row[name] for name in names) for row in found]


def findings(shop: Workshop) -> dict[tuple[str, str], Finding]:
    return {(found.family, found.field): found for found in shop.plan().findings}


def test_options(shop: Workshop) -> None:
    """Gone options are counted; `replace:` moves records, `was:` keeps them; formulas follow."""
    stocked(shop)
    gone = LEAD.replace("hot: {en: Hot, zh: 热}, ", "").replace("a: A, b: B", "a: A")
    shop.write(lead=gone)
    found = findings(shop)
    hot = found["option-in-use", "heat"]
    assert (hot.count and hot.count.value, [e.title for e in hot.examples]) == (2, ["Kim", "Lear"])
    assert hot.remedy == "fields:\n  heat:\n    replace: {hot: warm}"
    assert [e.title for e in found["option-in-use", "topics"].examples] == ["Kim", "Emma"]
    with pytest.raises(Refusal) as refused:
        shop.apply()
    assert refused.value.problems[0].code == "plan-loses"
    said = gone.replace("cold: Cold}", "cold: Cold}, replace: {hot: warm}")
    said = said.replace("c: C}", "c: C}, replace: {b: c}")
    said = said.replace("{type: tags}", "{type: tags, replace: {fast: quick, big: null}}")
    shop.write(lead=said)
    assert {f.family for f in shop.plan().findings} == {"option-replaced"}
    shop.apply()
    assert rows(shop, "name", "heat", "topics", "words", "warmth", "version") == [
        ("Kim", "warm", ("a", "c"), ("quick",), "!", 4),
        ("Emma", "warm", ("c",), ("quick",), "!", 4),
        ("Lear", "warm", None, None, "!", 2),
    ]
    table = shop.application().tables.system("fw_audit")
    with shop.databases.reading() as connection:
        query = sa.select(table.c.batch, table.c.data).where(table.c.cause == "apply")
        audited = connection.execute(query.where(table.c.record == 1).order_by(table.c.id)).all()
    assert [one.data for one in audited] == [
        '{"fields":{"heat":["hot","warm"]}}',
        '{"fields":{"topics":[["a","b"],["a","c"]]}}',
        '{"fields":{"words":[["fast","big"],["quick"]]}}',
    ]
    assert len({one.batch for one in audited}) == 1
    assert shop.plan().empty


def test_renamed_options(shop: Workshop) -> None:
    """`was:` keeps what records hold; without it the plan asks for it where it is probable."""
    stocked(shop)
    shop.write(lead=LEAD.replace("hot: {en: Hot", "very_hot: {en: Hot"))
    remedy = findings(shop)["option-in-use", "heat"].remedy
    assert remedy == ("fields:\n  heat:\n    options:\n      very_hot:\n        was: hot")
    named = "very_hot: {label: {en: Hot, zh: 热}, was: hot}"
    shop.write(lead=LEAD.replace("hot: {en: Hot, zh: 热}", named))
    assert findings(shop) == {}
    shop.apply()
    assert rows(shop, "heat") == [("very_hot",), ("warm",), ("very_hot",)]
    assert shop.plan().empty
    again = LEAD.replace("hot: {en: Hot, zh: 热}", f"{named}, hot: Boiling")
    shop.write(lead=again)  # another option under the old name is another one
    shop.apply()
    assert rows(shop, "heat") == [("very_hot",), ("warm",), ("very_hot",)]


def test_stages(shop: Workshop) -> None:
    """A stage that records stand in cannot go without a word; moved, it is in their history."""
    stocked(shop)
    gone = WAY.replace("  called: {label: Called}\n", "")
    gone = gone.replace("  call: {label: Call, from: new, to: called}\n", "")
    gone = gone.replace("from: called", "from: new")
    shop.file("workflows/way.yaml", gone)
    plan = shop.plan()
    assert [problem.code for problem in plan.problems] == ["stage-in-use"]
    assert plan.findings[0].remedy == "replace: {called: new}"
    shop.file("workflows/way.yaml", gone + "replace: {called: done}\n")
    shop.apply()
    assert rows(shop, "stage") == [("new",), ("done",), ("new",)]
    history = shop.application().tables.system("fw_stage_history")
    with shop.databases.reading() as connection:
        query = sa.select(history.c.source, history.c.target).where(history.c.record == 2)
        assert [tuple(r) for r in connection.execute(query.order_by(history.c.id))] == [
            (None, "new"), ("new", "called"), ("called", "done"),
        ]  # fmt: skip
    assert shop.plan().empty
