"""A database with records gains currencies: columns, company amounts and rates come by apply."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from assembly.seeding import sow
from engine.permissions.actors import SYSTEM
from support.workshop import Workshop, workshop

OFFER = """
number: "OFF-{{seq}}"
title: number
fields:
  amount: {{type: money{currency}}}
  lines: {{type: lines, of: offer_line}}
  total: {{type: money{currency}, rollup: sum(line.price for line in lines)}}
"""
LINE = """
fields:
  offer: {{type: link, to: offer}}
  price: {{type: money{currency}}}
"""
CURRENCY = """
owned: false
title: code
fields:
  code: {type: text, unique: true}
  decimals: {type: integer}
"""
SITE = "site: Test\ncurrencies: {object: currency}\n"
SETTINGS = "kind: settings\nfields:\n  days: {type: integer, default: 30}\n"


def rows(shop: Workshop, object: str, *columns: str) -> list[tuple[object, ...]]:
    table = shop.application().tables.table(object)
    query = sa.select(*(table.c[name] for name in columns)).order_by(table.c.id)
    with shop.databases.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_currencies_come_to_records(tmp_path: Path, database_url: str) -> None:
    """Amounts that were there are in the company's currency; parked and back again."""
    with workshop(tmp_path / "layer", database_url) as shop:
        plain = {"offer": OFFER.format(currency=""), "offer_line": LINE.format(currency="")}
        shop.write(**plain).apply()
        given = {"amount": "12.50", "lines": [{"price": "3"}, {"price": "4.25"}]}
        shop.application().gate.create(SYSTEM, "offer", [given])
        shop.file("site.yaml", SITE).write(
            currency=CURRENCY,
            company=SETTINGS,
            offer=OFFER.format(currency=", currency: currency") + "  currency: {type: currency}\n",
            offer_line=LINE.format(currency=", currency: offer.currency"),
        ).apply()
        assert shop.plan().empty
        assert rows(shop, "offer", "amount_company", "total_company", "currency_rate") == [
            (Decimal("12.50"), Decimal("7.25"), Decimal(1))
        ]
        assert rows(shop, "offer_line", "price_company") == [(Decimal(3),), (Decimal("4.25"),)]
        assert sow(shop.application().gate) == 1  # the settings' one record
        assert rows(shop, "company", "days") == [(30,)]
        shop.write(**plain).apply(allow_loss=True)
        assert rows(shop, "offer", "amount", "total") == [(Decimal("12.50"), Decimal("7.25"))]
