"""What happens because of a step, and while time passes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from assembly.background import Services, handlers_of
from assembly.kinds import KINDS
from engine.loading import load
from engine.problems import Message
from jobs.handlers import Handler, Hopeless, Later, Running
from notices.tables import NOTICE_TABLE
from scenarios import later
from scenarios.loading import load_scenarios
from scenarios.many import run_scenarios
from support.sites import CONFIG
from support.stages import Theatre

BROKEN = Message("test-broken", en="it is broken", zh="已损坏")

WEBHOOK = """\
webhook: erp
label: {en: Finance system, zh: 财务系统}
url: https://erp.example.com/hooks/orders
sign_with: {secret: ERP_KEY}
run_as: finance
"""
AUTOMATION = """\
automation: order_to_erp
object: order
label: {en: Orders to the finance system, zh: 订单同步到财务系统}
on: {stage: confirmed}
then: {send: {webhook: erp}}
"""
SCENARIO = """\
scenario: order_reaches_the_erp
background: company
given:
  so: {object: order, as: lin, fields: {customer: acme, lines: [{product: pump}]}}
steps:
  - as: lin
    perform: confirm
    on: so
    fields: {delivery_date: 2026-04-15}
    then:
      - webhook: {name: erp, event: order.confirmed, of: so, count: 1}
      - webhook: {name: erp, event: order.created, count: 0}
  - as: lin
    update: so
    fields: {notes: x}
    then:
      - webhook: {name: erp, count: 0}
      - webhook: {name: erp, event: order.confirmed}
"""


def test_webhooks_are_kept_instead_of_sent(tmp_path: Path) -> None:
    """Neither secret nor receiver is needed; what was asked for in the step is what counts."""
    layer, scratch = tmp_path / "layer", tmp_path / "scratch"
    scratch.mkdir()
    for name, text in (
        ("automations/erp", WEBHOOK), ("automations/order_to_erp", AUTOMATION),
        ("scenarios/order_reaches_the_erp", SCENARIO),
    ):  # fmt: skip
        (layer / name).parent.mkdir(parents=True, exist_ok=True)
        (layer / f"{name}.yaml").write_text(text, encoding="utf-8")
    layers = [CONFIG, layer]
    loaded = load(layers, KINDS)
    found = load_scenarios(layers, loaded.catalog)
    assert (loaded.problems, found.problems) == ((), ())
    chosen = [one for one in found.scenarios if one.name == "order_reaches_the_erp"]
    (outcome,) = run_scenarios(chosen, layers, scratch)
    (failure,) = outcome.failures
    assert failure.problem.line().partition(".yaml:")[2] == (
        "18:18: expected-notice expected webhook call to erp 'order.confirmed', found none"
    )


def test_everything_has_its_own_moment(theatre: Theatre) -> None:
    """Two reminders in one stretch of time come at their times, the earlier one first."""
    text = """
        background: company
        given:
          late: {object: follow_up, as: lin, fields: {subject: Later, customer: acme, next_on: 2026-03-24}}
          soon: {object: follow_up, as: lin, fields: {subject: Soon, customer: acme, next_on: 2026-03-20}}
        steps:
          - pass: {days: 30}
            then:
              - notice: {to: lin, says: Soon, count: 1}
              - notice: {to: lin, says: Later, count: 1}
    """  # noqa: E501
    assert theatre.play(text).failures == ()
    gate = theatre.stage.gate
    table = gate.tables.system(NOTICE_TABLE)
    with gate.databases.reading() as connection:
        rows = connection.execute(sa.select(table.c.at, table.c.title).order_by(table.c.id)).all()
    told = [(row.at.isoformat(), row.title) for row in rows if "今日" in row.title]
    assert told == [
        ("2026-03-20T01:00:00+00:00", "今日待跟进：Soon"),
        ("2026-03-24T01:00:00+00:00", "今日待跟进：Later"),
    ]


@pytest.mark.parametrize("raised", [Hopeless(BROKEN()), Later(BROKEN()), ValueError("x")])
def test_what_fails_afterwards_fails_the_step(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    """An effect that cannot be carried out is told at the step that caused it, not ignored."""

    def run(running: Running) -> None:
        raise raised

    def broken(services: Services) -> Mapping[str, Handler]:
        return {**handlers_of(services), "notice": Handler(kind="notice", run=run)}

    monkeypatch.setattr(later, "handlers_of", broken)
    monkeypatch.setattr(theatre.stage, "afterwards", theatre.stage.fresh_afterwards())
    text = """
        background: company
        steps:
          - {as: chen, create: lead, fields: {name: A, phone: '010 60000000', owner: lin}}
    """
    (said,) = theatre.told(text)
    assert said.startswith("4:16: effect-failed what was to happen afterwards failed: notice: ")
    assert said.endswith("ValueError: x" if isinstance(raised, ValueError) else "it is broken")


def test_given_records_tell_nobody(theatre: Theatre) -> None:
    """What was told while things were prepared is not what a step causes."""
    text = """
        background: company
        given:
          lead: {object: lead, as: chen, fields: {name: A, phone: '010 60000000', owner: lin}}
        steps:
          - then: [{notice: {to: lin, count: 0}}, {mail: {to: lin, count: 0}}]
    """
    assert theatre.play(text).failures == ()


def test_too_much_at_once(theatre: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario that would run for hours says so instead."""
    monkeypatch.setattr(later, "MOST_MOMENTS", 5)
    assert theatre.told("steps: [{pass: {days: 30}}]") == [
        "2:10: scenario-too-much-time something is due at more than 5 moments of this time "
        "(let less time pass, or begin later)"
    ]
