"""Definitions with amounts in other currencies: what stands beside them, what may not be mixed."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.definition.catalog import Catalog
from engine.fieldtypes.currency import ExchangeRate
from support.small import loaded

SITE = """
site: Small
currency: CNY
time_zone: Asia/Shanghai
currencies: {object: currency, rates: currency_rate}
---
object: currency
owned: false
title: code
fields:
  code: {type: text, unique: true}
  decimals: {type: integer}
---
object: currency_rate
owned: false
title: name
fields:
  name: {type: text}
  currency: {type: currency}
  date: {type: date}
  rate: {type: number, scale: 8}
---
object: customer
title: name
fields:
  name: {type: text}
  limit_: {type: money}
  offers: {type: related, of: offer}
  sum_: {type: money, formula: KEY}
---
object: offer
title: name
fields:
  name: {type: text}
  customer: {type: link, to: customer}
  currency: {type: currency}
  offered_on: {type: date}
  amount: {type: money, currency: currency, min: 0}
  twice: {type: money, currency: currency, formula: amount * 2}
  lines: {type: lines, of: offer_line}
  total: {type: money, currency: currency, rollup: sum(line.net for line in lines)}
---
object: offer_line
fields:
  offer: {type: link, to: offer}
  listed: {type: money}
  net: {type: money, currency: offer.currency, suggest: listed / offer.currency_rate}
"""
SUM = "sum(o.amount_company for o in offers)"


def catalog(folder: Path, text: str) -> Catalog:
    found = loaded(folder, text)
    assert found.catalog is not None, found.problems
    return found.catalog


def test_what_stands_beside(tmp_path: Path) -> None:
    """Company amounts are stored formulas behind their field; a rate only where amounts need it."""
    objects = catalog(tmp_path, SITE.replace("KEY", SUM)).objects
    names = list(objects["offer"].fields)
    assert names[names.index("currency") :][:5] == [
        "currency", "currency_rate", "offered_on", "amount", "amount_company",
    ]  # fmt: skip
    amount, rate = (objects["offer"].fields[n] for n in ("amount_company", "currency_rate"))
    assert amount.stored and amount.derived and not amount.writable and amount.beside == "amount"
    assert isinstance(rate.type, ExchangeRate) and rate.stored and not rate.writable
    assert "currency_rate" not in objects["currency_rate"].fields
    line = objects["offer_line"].fields["net_company"]
    assert line.formula is not None and line.formula.source == "net * offer.currency_rate"
    assert objects["offer"].in_company_currency("total") == "total_company"
    assert objects["customer"].in_company_currency("limit_") == "limit_"


GOOD = [
    SUM,
    "sum(o.amount * o.currency_rate for o in offers)",
    "limit_ * count(o for o in offers if o.amount > 0)",
]
BAD = {
    "sum(o.amount for o in offers)": "summed-currencies",
    "max(o.total for o in offers)": "summed-currencies",
    "limit_ * count(o for o in offers if o.amount > o.customer.limit_)": "mixed-currencies",
    "limit_ + sum(o.amount / 2 for o in offers)": "summed-currencies",
}


@pytest.mark.parametrize("formula", GOOD)
def test_sums_in_company_currency(tmp_path: Path, formula: str) -> None:
    """Company amounts, what a rate converts, and counts may go over other records."""
    catalog(tmp_path, SITE.replace("KEY", formula))


@pytest.mark.parametrize("formula", BAD)
def test_sums_over_currencies(tmp_path: Path, formula: str) -> None:
    """Amounts of other records in their own currencies may not, and the way out is named."""
    (problem,) = loaded(tmp_path, SITE.replace("KEY", formula)).problems
    assert problem.code == BAD[formula]
    assert "_company" in problem.hint("en") and "_company" in problem.hint("zh")


WRONG = {
    ("formula: amount * 2", "formula: amount + customer.limit_"): "mixed-currencies",
    ("formula: amount * 2", "formula: amount_company"): "other-currency-formula",
    ("suggest: listed / offer.currency_rate", "suggest: listed"): "other-currency-formula",
    ("suggest: listed / offer.currency_rate", "suggest: offer.amount"): "",
    ("currency: currency, min", "currency: name, min"): "no-currency-field",
    ("currency: offer.currency", "currency: offer.name"): "no-currency-field",
    ("{type: currency}\n  offered_on", "{type: currency, rate_on: name}\n  offered_on"): "rate-key",
    (
        "{type: currency}\n  offered_on",
        "{type: currency, rate: nam}\n  offered_on",
    ): "unknown-field",
    ("rates: currency_rate}", "rates: currency_rates}"): "unknown-object",
    ("rates: currency_rate}", "rates: currency_rate, rate: name}"): "rate-key",
    ("currencies: {object: currency, rates: currency_rate}\n", ""): "no-currencies",
    ("  offered_on", "  amount_company: {type: money}\n  offered_on"): "companion-name-taken",
}


@pytest.mark.parametrize("change", WRONG, ids=lambda change: change[1].strip()[:40])
def test_what_is_wrong(tmp_path: Path, change: tuple[str, str]) -> None:
    """Each mistake is told with its own code."""
    text = SITE.replace("KEY", SUM)
    assert change[0] in text
    codes = {problem.code for problem in loaded(tmp_path, text.replace(*change)).problems}
    assert (WRONG[change] in codes) if WRONG[change] else not codes
