"""A renamed object keeps its numbers, comments, seeds, stage history and its audit."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from assembly.seeding import sow
from engine.permissions.actors import SYSTEM
from engine.records.audit_listing import AuditQuery, audit_page
from support.workshop import Workshop, workshop

LEAD = """
title: name
number: "L-{seq:03}"
fields:
  name: {type: text}
  heat: {type: integer}
  stage: {type: stage, workflow: way}
"""
WAY = """
workflow: way
object: lead
field: stage
stages:
  new: {label: New}
  done: {label: Done, state: done}
transitions:
  end: {label: End, from: new, to: done}
"""
SEEDS = "data: lead\nrecords:\n  first: {name: Kim}\n"


def test_renamed(tmp_path: Path, database_url: str) -> None:
    """Everything that is kept by name follows, the sealed audit is read by all its names."""
    with workshop(tmp_path / "layer", database_url) as shop:
        shop.write(lead=LEAD).file("workflows/way.yaml", WAY).file("data/lead.yaml", SEEDS)
        shop.apply()
        gate = shop.application().gate
        sow(gate)
        gate.update(SYSTEM, "lead", 1, {"heat": 3, "stage": "done"})
        _rename(shop)
        gate = shop.application().gate
        assert sow(gate) == 0
        (change,) = gate.create(SYSTEM, "inquiry", [{"name": "Emma"}])
        assert int(str(change.row["number"]).removeprefix("L-")) > 1
        history = gate.tables.system("fw_stage_history")
        with shop.databases.reading() as connection:
            query = sa.select(history.c.object, history.c.field, history.c.source, history.c.target)
            rows = connection.execute(query.where(history.c.record == 1).order_by(history.c.id))
            assert [tuple(row) for row in rows] == [
                ("inquiry", "step", None, "fresh"), ("inquiry", "step", "fresh", "done"),
            ]  # fmt: skip
            since = gate.audit.changed_since(connection, "inquiry", 1, 1)
        assert since == ["step", "warmth"]
        entries, _ = audit_page(gate, AuditQuery(object="inquiry", record=1))
        assert {entry["object"] for entry in entries} == {"lead"}
        assert gate.catalog.objects["inquiry"].names == ("inquiry", "lead")
        assert shop.plan().empty


def _rename(shop: Workshop) -> None:
    text = LEAD.replace("heat: {", "warmth: {was: heat, ").replace(
        "stage: {", "step: {was: stage, "
    )
    shop.write(lead="", inquiry="was: lead\n" + text)
    flow = WAY.replace("object: lead", "object: inquiry").replace("field: stage", "field: step")
    flow = flow.replace("new: {label: New}", "fresh: {label: New, was: new}")
    shop.file("workflows/way.yaml", flow.replace("from: new", "from: fresh"))
    shop.file("data/lead.yaml", "").file("data/inquiry.yaml", SEEDS.replace("lead", "inquiry"))
    shop.apply()
