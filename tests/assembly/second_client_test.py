"""The worked client of another industry, laid over a sales system that is in use."""

from __future__ import annotations

import datetime as dt

from assembly.application import Application, build_application
from assembly.establishing import establish
from assembly.filling import filler
from assembly.kinds import KINDS
from assembly.proposing import planner
from engine.loading import load
from engine.permissions.actors import SYSTEM
from engine.schema.applying import apply_plan
from engine.schema.engines import open_databases
from engine.schema.planning import Plan
from engine.schema.publishing import Publishing
from support.project import ROOT

LAYERS = [ROOT / "config", ROOT / "clients" / "ruixi"]
NOW = dt.datetime(2026, 3, 16, tzinfo=dt.UTC)


def clock() -> dt.datetime:
    return NOW


def made(application: Application, object: str, **values: object) -> int:
    (change,) = application.gate.create(SYSTEM, object, [values])
    assert change.id is not None
    return change.id


def said(plan: Plan) -> str:
    texts = [step.text.in_("en") for step in plan.steps]
    return "\n".join([*texts, *(finding.text.in_("en") for finding in plan.findings)])


def test_it_takes_over_a_system_in_use(database_url: str) -> None:
    """The renamed stage keeps its records, those of the removed one move; twice is empty."""
    databases = open_databases(database_url)
    try:
        former = establish(databases, LAYERS[:1], clock=clock)
        customer = made(former, "customer", name="江南药物研究所")
        deals = {}
        for name, way in (("offered", ["propose"]), ("talks", ["propose", "negotiate"])):
            deals[name] = made(
                former, "opportunity", name=name, customer=customer, amount=1000,
                expected_close="2026-05-01",
            )  # fmt: skip
            for transition in ("clarify_needs", *way):
                former.gate.perform(SYSTEM, "opportunity", deals[name], transition, {}, None)
        replan = planner(load(LAYERS, KINDS))
        with databases.reading() as connection:
            plan = replan(connection)
        assert plan.problems == ()
        assert not plan.loses and not plan.asks
        told = said(plan)
        assert "new object Instrument (instrument)" in told
        assert "negotiation" in told
        publishing = Publishing(by="test", now=NOW, fill=filler(databases, clock))
        assert apply_plan(databases, plan, replan, publishing) == 2
        application = build_application(databases, clock)
        for name in deals:
            record = application.reader.one(SYSTEM, "opportunity", deals[name])
            assert record.values["stage"] == "solution", name
        with databases.reading() as connection:
            assert replan(connection).empty
    finally:
        databases.dispose()
