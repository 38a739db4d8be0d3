"""The automations of the shipped sales system."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator

import pytest

from automation.definitions import Automation
from automation.handlers import AUTOMATION_HANDLERS
from automation.syncing import sync
from jobs.carrying import Carrier
from jobs.minding import Minder
from support.rulebook import write_automation
from support.sites import CONFIG, Company, make_company
from support.small import KINDS_OF_DATABASE, fresh_url
from workflow.approvals.service import Approvals

APPROVED = """
automation: approved
object: quotation
on: [{stage: [approved, in_approval]}, {transition: approve}]
then: {tell: {notify: owner, title: "{status}"}}
"""


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def company(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """Wang and Li report to Chen; another layer adds an automation."""
    folder = tmp_path_factory.mktemp("shipped")
    write_automation(folder / "layer", APPROVED)
    with fresh_url(request.param, folder) as url:
        made = make_company(url, (CONFIG, folder / "layer"))
        yield made
        made.databases.dispose()


class Listener:
    """Turns the clock and keeps what was asked for."""

    def __init__(self, company: Company) -> None:
        self.company = company
        gate = company.gate
        self.carrier = Carrier(lambda: gate, {h.kind: h for h in AUTOMATION_HANDLERS})
        self.minder = Minder(lambda: gate, sync=(sync,), pruning=())
        self.seen = 0
        self.news()

    def day(self, days: int) -> str:
        """The date so many days from now."""
        return (self.company.clock.now + dt.timedelta(days=days)).date().isoformat()

    def news(self, days: float = 0) -> list[tuple[str, list[str], list[str]]]:
        """Automation, people by name and roles of what was asked for since the last time."""
        self.company.clock.turn(days=days)
        names = {id: name for name, id in self.company.people.items()}
        self.minder.once()
        self.carrier.drain()
        table = self.company.gate.tables.system("fw_outbox")
        with self.company.databases.reading() as connection:
            rows = connection.execute(
                table.select().where(table.c.kind == "notice", table.c.id > self.seen)
            ).all()
        self.seen = max((row.id for row in rows), default=self.seen)
        payloads = [json.loads(row.payload) for row in rows]
        return sorted(
            (
                str(p["of"]).removeprefix("automation:"),
                [names[id] for id in p["to"]],
                list(p["roles"]),
            )
            for p in payloads
        )


def test_both_languages(company: Company) -> None:
    """Every title and text stands in English and Chinese."""
    automations: dict[str, Automation] = dict(company.gate.catalog.of("automation"))
    assert len(automations) >= 10
    for automation in automations.values():
        if automation.name == "approved":
            continue
        for action in automation.actions.values():
            for text in filter(None, (action.title, action.text)):
                assert set(text) == {"en", "zh"}, automation.name


def test_a_stage_that_an_approval_enters(company: Company) -> None:
    """The system performs `approve`, by a decision or at once; each stage is entered once."""
    wang, chen = company.actor("wang"), company.actor("chen", "sales_manager")
    listener = Listener(company)
    customer = company.create(wang, "customer", name="Acme")
    told = ("approved", ["wang"], [])
    approvals = Approvals(company.gate)
    for discount, at_once in (("0", 2), ("0.15", 1)):
        line = {"description": "Pump", "quantity": "1", "price": "100", "discount": discount}
        quotation = company.create(wang, "quotation", customer=customer, lines=[line])
        company.gate.perform(wang, "quotation", quotation, "submit")
        assert listener.news() == [told] * at_once
    (item,) = approvals.inbox(chen).items
    approvals.decide(chen, item.task, "approve", "")
    assert listener.news() == [told]


def test_opportunities(company: Company) -> None:
    """Assigned, idle, overdue, and won over a million."""
    wang, chen = company.actor("wang"), company.actor("chen", "sales_manager")
    listener = Listener(company)
    customer = company.create(wang, "customer", name="Builder")
    big = company.create(
        chen, "opportunity", name="Plant", customer=customer, amount="1200000",
        owner=company.people["wang"], stage="first_contact", expected_close=listener.day(45),
    )  # fmt: skip
    assert listener.news() == [("opportunity_assigned", ["wang"], [])]
    assert listener.news(days=28) == []
    assert listener.news(days=7) == [("opportunity_idle", ["wang"], [])]
    assert listener.news(days=11) == [
        ("opportunity_idle", ["wang"], []), ("opportunity_overdue", ["wang"], []),
    ]  # fmt: skip
    for transition in ("clarify_needs", "propose", "win"):
        company.gate.perform(wang, "opportunity", big, transition)
    assert listener.news() == [("opportunity_won_large", ["chen"], ["sales_manager"])]


def test_a_sale(company: Company) -> None:
    """From a lead that is handed over to the order, and what is forgotten on the way."""
    wang, chen = company.actor("wang"), company.actor("chen", "sales_manager")
    listener = Listener(company)
    lead = company.create(
        chen, "lead", name="Acme", phone="010-1234567", owner=company.people["wang"]
    )
    company.create(wang, "lead", name="Own", phone="010-1234567")
    assert listener.news() == [("lead_assigned", ["wang"], [])]
    company.gate.update(chen, "lead", lead, {"owner": company.people["li"]})
    assert listener.news() == [("lead_assigned", ["li"], [])]

    customer = company.create(wang, "customer", name="Buyer", grade="a")
    company.create(
        wang, "follow_up", subject="Visit", customer=customer, next_on=listener.day(4),
        next_step="Call", happened_on=listener.day(0),
    )  # fmt: skip
    quotation = company.create(
        wang, "quotation", customer=customer, valid_until=listener.day(9),
        lines=[{"description": "Pump", "quantity": "1", "price": "100"}],
    )  # fmt: skip
    company.gate.perform(wang, "quotation", quotation, "send")
    assert listener.news(days=3) == []
    assert listener.news(days=1) == [("next_step_due", ["wang"], [])]
    assert listener.news(days=2) == [("quotation_expires", ["wang"], [])]
    assert listener.news(days=4) == [("quotation_lapsed", ["wang"], [])]
    company.gate.perform(wang, "quotation", quotation, "accept")
    assert listener.news() == [("quotation_accepted", ["wang", "chen"], [])]

    order = company.create(
        wang, "order", customer=customer, quotation=quotation, delivery_date=listener.day(15),
        lines=[{"description": "Pump", "quantity": "1", "price": "100"}],
    )  # fmt: skip
    company.gate.perform(wang, "order", order, "confirm")
    assert listener.news() == [
        ("order_confirmed", [], ["finance"]), ("order_confirmed", ["wang"], []),
    ]  # fmt: skip
    assert listener.news(days=13) == [("order_delivery_near", ["wang"], [])]
    # thirty days after the visit, since customers of grade A are called on every thirty days
    assert listener.news(days=7) == [("customer_to_contact", ["wang"], [])]
