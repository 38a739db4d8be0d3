"""Amounts in a currency of their record: input, rates, company amounts, reading; both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.records.grouping import grouped
from engine.records.query import Query
from engine.records.serial import to_json
from exchange.bulk import BulkRequest
from exchange.bulk_work import bulk_work
from exchange.undo_work import undo_work
from support.long_work import Works
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, codes, refusal, small_site

CURRENCIES = """
---
object: currency
owned: false
title: code
fields:
  code: {type: text, required: true, unique: true}
  decimals: {type: integer, default: 2}
---
object: currency_rate
owned: false
title: number
number: "RATE-{seq}"
fields:
  currency: {type: currency, required: true}
  date: {type: date, required: true}
  rate: {type: number, scale: 8, required: true}
---
data: currency
records:
  cny: {code: CNY}
  usd: {code: USD}
  jpy: {code: JPY, decimals: 0}
"""
SITE = (
    PEOPLE.replace(
        "currency: CNY\n", "currency: CNY\ncurrencies: {object: currency, rates: currency_rate}\n"
    )
    + CURRENCIES
    + """
---
object: offer
title: number
number: "OFF-{seq}"
fields:
  currency: {type: currency, rate_on: offered_on, rate: agreed_rate}
  offered_on: {type: date, default_from: today()}
  agreed_rate: {type: number, scale: 6}
  amount: {type: money, currency: currency}
  budget: {type: money}
  half: {type: money, currency: currency, formula: amount / 2}
  quarter: {type: money, currency: currency, formula: amount / 4, stored: false}
  customer: {type: link, to: customer}
  lines: {type: lines, of: offer_line}
  total: {type: money, currency: currency, rollup: sum(line.net for line in lines)}
---
object: offer_line
fields:
  offer: {type: link, to: offer, required: true}
  quantity: {type: number, scale: 0, default: 1}
  price: {type: money, currency: offer.currency}
  net: {type: money, currency: offer.currency, formula: quantity * price}
---
object: customer
title: name
fields:
  name: {type: text}
  offers: {type: related, of: offer}
  value: {type: money, rollup: sum(o.amount_company for o in offers)}
---
role: seller
grants:
  currency: {read: all, fields: {"*": read}}
  offer: {create: true, read: all, update: all, fields: {"*": write, agreed_rate: none}}
  offer_line: {fields: {"*": write}}
---
role: reader
grants:
  offer: {create: true, read: all, update: all, fields: {"*": write, amount: none, currency: read}}
"""
)
SELLER = actor(None, "seller")


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("currencies"), SITE) as made:
        for code, date, rate in (
            ("USD", "2026-01-01", "7"), ("USD", "2026-03-01", "7.2"), ("JPY", "2026-01-01", "0.05"),
        ):  # fmt: skip
            made.create("currency_rate", currency=code, date=date, rate=rate)
        yield made


def json(site: SmallSite, id: int) -> dict[str, Any]:
    return to_json(site.application.catalog, site.read("offer", id, SELLER))


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def test_the_companys_currency_is_the_default(site: SmallSite) -> None:
    """Nothing said: the company's currency, rate 1."""
    found = json(site, site.create("offer", SELLER, amount="12.50"))
    assert found["currency"]["title"] == "CNY"
    assert (found["amount"], found["amount_company"]) == (cny("12.50"), cny("12.50"))
    assert Decimal(found["currency_rate"]) == 1
    shown = site.gate.catalog.objects["offer"].fields["currency_rate"].type.format
    assert (shown(Decimal(1), "en"), shown(Decimal("7.20"), "en")) == ("", "7.2")


def test_amounts_are_in_the_currency_of_their_record(site: SmallSite) -> None:
    """Written by code; formulas, rollups and lines follow, each with its company amount."""
    id = site.create(
        "offer", SELLER, currency="USD", amount="100", budget="9",
        lines=[{"price": "10.25", "quantity": 2}, {"price": usd("1")}],
    )  # fmt: skip
    found = json(site, id)
    assert (found["amount"], found["half"], found["quarter"]) == (
        usd("100.00"),
        usd("50.00"),
        usd("25.00"),
    )
    assert (found["amount_company"], found["half_company"]) == (cny("720.00"), cny("360.00"))
    assert (found["budget"], found["quarter_company"]) == (cny("9.00"), cny("180.00"))
    assert (found["total"], found["total_company"]) == (usd("21.50"), cny("154.80"))
    line = found["lines"][0]
    assert (line["price"], line["net"], line["net_company"]) == (
        usd("10.25"),
        usd("20.50"),
        cny("147.60"),
    )
    assert to_json(
        site.application.catalog,
        site.page("offer", SELLER, where=f"id == {id}", fields=("amount",)).items[0],
    )["amount"] == usd("100.00")


def test_an_amount_brings_its_currency(site: SmallSite) -> None:
    """A new record takes on the currency of its first amount; another one is refused by name."""
    id = site.create("offer", SELLER, amount=usd("5"))
    assert json(site, id)["amount_company"] == cny("36.00")
    for given in (
        {"currency": "JPY", "amount": usd("5")},
        {"amount": usd("5"), "half": "1"},
    ):
        assert codes(lambda given=given: site.create("offer", SELLER, **given)) != []
    assert codes(lambda: site.update("offer", id, SELLER, amount=cny("5"))) == [
        ("other-currency", "amount")
    ]
    wrong = [{"price": cny("5")}]
    assert codes(lambda: site.update("offer", id, SELLER, lines=wrong)) == [
        ("other-currency", "lines[0].price")
    ]
    nowhere = {"amount": "5", "currency": "XXX"}
    assert codes(lambda: site.update("offer", id, SELLER, amount=nowhere)) == [
        ("unknown-currency", "amount")
    ]
    site.update("offer", id, SELLER, currency="CNY", amount=cny("5"))
    assert json(site, id)["amount"] == cny("5.00")


def test_amounts_have_the_decimals_of_their_currency(site: SmallSite) -> None:
    """Yen have none: typed ones are refused, computed ones rounded."""
    id = site.create("offer", SELLER, currency="JPY", amount="1201")
    yen = json(site, id)
    assert yen["amount"] == {"amount": "1201", "currency": "JPY"}
    assert (yen["half"]["amount"], yen["quarter"]["amount"]) == ("601", "300")
    assert yen["amount_company"] == cny("60.05")
    assert codes(lambda: site.update("offer", id, SELLER, amount="1.5")) == [
        ("too-many-decimals", "amount")
    ]
    dollars = site.create("offer", SELLER, currency="USD", amount="1.5")
    assert codes(lambda: site.update("offer", dollars, SELLER, currency="JPY")) == [
        ("too-many-decimals", "amount")
    ]


def test_the_rate_of_the_day_stands(site: SmallSite) -> None:
    """The latest rate up to the day that counts; entering another rewrites no history."""
    id = site.create("offer", SELLER, amount=usd("10"), offered_on="2026-02-28")
    assert json(site, id)["amount_company"] == cny("70.00")
    other = site.create("currency_rate", currency="USD", date="2026-02-15", rate="7.1")
    assert json(site, id)["amount_company"] == cny("70.00")
    site.update("offer", id, SELLER, amount="20")
    assert json(site, id)["amount_company"] == cny("140.00")
    site.update("offer", id, SELLER, offered_on="2026-02-20")
    assert json(site, id)["amount_company"] == cny("142.00")
    site.delete("currency_rate", other)
    site.update("offer", id, agreed_rate="6.5")
    assert json(site, id)["amount_company"] == cny("130.00")
    site.update("offer", id, agreed_rate=None)
    assert json(site, id)["amount_company"] == cny("140.00")


def test_undo_brings_back_the_rate_that_stood(site: SmallSite, tmp_path: Path) -> None:
    """What the table of rates says today does not matter; what was changed since stays."""
    ids = [site.create("offer", amount=usd("10"), offered_on="2026-04-01") for _ in range(2)]
    request = BulkRequest(object="offer", ids=tuple(ids), fields={"offered_on": "2026-01-05"})
    works = Works(site, tmp_path)
    row = works.run(bulk_work(site.gate, SYSTEM, request))
    assert [json(site, id)["amount_company"] for id in ids] == [cny("70.00")] * 2
    later = site.create("currency_rate", currency="USD", date="2026-03-20", rate="9")
    site.update("offer", ids[1], offered_on="2026-01-06")
    assert row.batch is not None
    counts = works.run(undo_work(site.gate, SYSTEM, row.batch)).counts
    assert (counts["updated"], counts["conflicts"]) == (1, 1)
    assert [json(site, id)["amount_company"] for id in ids] == [cny("72.00"), cny("70.00")]
    site.delete("currency_rate", later)


def test_a_missing_rate_is_named(site: SmallSite) -> None:
    """No rate yet on that day: refused, naming currency and date."""
    old = {"amount": usd("1"), "offered_on": "2025-12-31"}
    assert codes(lambda: site.create("offer", SELLER, **old)) == [("no-exchange-rate", "currency")]
    said = refusal(lambda: site.create("offer", SELLER, **old), "zh")
    assert "USD" in said and "2025-12-31" in said


def test_aggregates_use_company_amounts(site: SmallSite) -> None:
    """A customer's offers in two currencies add up in the company's."""
    customer = site.create("customer", name="c")
    site.create("offer", customer=customer, amount=usd("10"))
    site.create("offer", customer=customer, amount=cny("5"))
    assert site.values("customer", customer, "value") == [Decimal("77.00")]


def test_lines_follow_a_change_of_currency(site: SmallSite) -> None:
    """The currency moves from dollars to yuan: lines and totals are worth something else."""
    id = site.create("offer", SELLER, currency="USD", lines=[{"price": "10"}])
    site.update("offer", id, SELLER, currency="CNY")
    found = json(site, id)
    assert (found["total_company"], found["lines"][0]["net_company"]) == (
        cny("10.00"),
        cny("10.00"),
    )


def test_sight_follows_the_amount(site: SmallSite) -> None:
    """Who does not see the amount does not see it in company currency, nor can they set it."""
    lens = site.gate.lenses.lens("offer", frozenset(["reader"]))
    assert not lens.may_read("amount_company") and lens.may_read("half_company")
    assert lens.may_read("currency_rate") and not lens.may_write("currency_rate")
    for name in ("amount_company", "currency_rate"):
        assert codes(lambda name=name: site.create("offer", SELLER, **{name: "1"})) != []


def test_rates_cost_no_query_per_record(site: SmallSite) -> None:
    """Two hundred offers on as many days need a handful of questions for rates."""
    start, asked = dt.date(2026, 1, 1), []
    table = site.application.tables.table("currency_rate").name
    values = [
        {"amount": usd("1"), "offered_on": (start + dt.timedelta(n)).isoformat()}
        for n in range(200)
    ]

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def listen(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if f"FROM {table}" in statement or f'FROM "{table}"' in statement:
            asked.append(statement)

    try:
        site.gate.create(SYSTEM, "offer", values)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", listen)
    assert 0 < len(asked) <= 5


def test_sums_of_lists_are_in_company_currency(site: SmallSite) -> None:
    """What a list or a board adds up are the company's amounts, and says so."""
    customer = site.create("customer", name="sums")
    for amount in (usd("10"), cny("5")):
        site.create("offer", customer=customer, amount=amount)
    query = Query(filters={"customer": customer})
    (group,) = grouped(site.reader, SYSTEM, "offer", query, "", ["amount", "budget"]).groups
    assert (group.sums[0], getattr(group.sums[0], "currency", "")) == (Decimal("77.00"), "CNY")
