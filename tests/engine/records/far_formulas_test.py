"""Stored formulas and rollups that read other records follow every change there, at once."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from engine.records.verifying import verify
from support.small import KINDS_OF_DATABASE, SmallSite, codes, small_site

SITE = """
object: region
owned: false
fields:
  name: {type: text}
  rate: {type: percent, default: 0}
  customers: {type: related, of: customer}
  weighted: {type: money, rollup: sum(c.total * c.region.rate for c in customers)}
  rich: {type: boolean, stored: true, formula: any(c.total > 100 for c in customers) and rate > 0}
---
object: customer
owned: false
fields:
  name: {type: text}
  factor: {type: number, default: 1}
  region: {type: link, to: region, on_delete: clear}
  orders: {type: related, of: order}
  total: {type: money, rollup: sum(o.total for o in orders)}
  mean: {type: money, rollup: avg(o.total for o in orders)}
  scaled: {type: money, stored: true, formula: factor * sum(o.total for o in orders)}
  label:
    {type: text, stored: true, searchable: true, formula: 'name + " " + coalesce(region.name, "-")'}
checks:
  - {name: enough, that: scaled is empty or scaled < 1000, say: Too much.}
---
object: product
owned: false
fields:
  name: {type: text}
  price: {type: money}
  lines: {type: related, of: line, by: product}
  busy: {type: integer, rollup: count(l for l in lines if l.order.open)}
  rivals: {type: links, to: product}
  rivalled: {type: related, of: product, by: rivals}
  dearest: {type: money, stored: true, formula: max(r.price for r in rivals)}
  feared: {type: integer, stored: true, formula: count(r for r in rivalled if r.price < 50)}
---
object: order
owned: false
number: "O-{seq}"
fields:
  customer: {type: link, to: customer}
  open: {type: boolean, default: true}
  lines: {type: lines, of: line}
  region_name: {type: text, stored: true, formula: customer.region.name}
  called: {type: text, formula: 'number + "!"'}
  total: {type: money, rollup: sum(l.amount for l in lines)}
  cost: {type: money, rollup: sum(l.quantity * l.product.price for l in lines)}
  size: {type: number, stored: true, formula: 10 * count(l for l in lines if l.quantity > 1)}
---
object: line
owned: false
fields:
  order: {type: link, to: order}
  product: {type: link, to: product}
  quantity: {type: number, default: 1}
  amount: {type: money, stored: true, formula: quantity * product.price}
  area: {type: text, stored: true, formula: order.customer.region.name}
"""


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("far"), SITE) as made:
        yield made


class Family:
    """A region, a customer of it, and an order of that with two lines of one product."""

    def __init__(self, site: SmallSite) -> None:
        self.site = site
        self.region = site.create("region", name="North", rate="0.5")
        self.customer = site.create("customer", name="A", region=self.region)
        self.product = site.create("product", price=60)
        lines = [{"product": self.product, "quantity": 2}, {"product": self.product}]
        self.order = site.create("order", customer=self.customer, lines=lines)

    def seen(self) -> list[Any]:
        """What everything amounts to, from the order up."""
        site = self.site
        return [
            *site.values("order", self.order, "region_name", "total", "cost"),
            *site.values("customer", self.customer, "total", "label"),
            *site.values("region", self.region, "weighted", "rich"),
        ]

    def areas(self) -> list[Any]:
        """What the lines say of the region."""
        return [x.values["area"] for x in self.site.read("order", self.order).values["lines"]]


def sound(site: SmallSite) -> None:
    """Nothing that is stored differs from what is computed from scratch."""
    assert list(verify(site.gate)) == []


def test_created(site: SmallSite) -> None:
    """A new record computes through links, over lines and over what it brings elsewhere."""
    family = Family(site)
    assert family.seen() == ["North", 180, 180, 180, "A North", 90, True]
    assert family.areas() == ["North", "North"]
    assert site.values("order", family.order, "size") == [10]
    assert site.values("product", family.product, "busy") == [2]
    number = site.read("order", family.order).values["number"]
    assert site.values("order", family.order, "called") == [f"{number}!"]
    sound(site)


def test_target_changed(site: SmallSite) -> None:
    """A price two steps away reaches line, order, customer and region; versions stay."""
    family = Family(site)
    site.update("product", family.product, price=10)
    assert family.seen() == ["North", 30, 30, 30, "A North", 15, False]
    assert site.read("order", family.order).version == 1
    audited = [row for row in site.rows("fw_audit") if row["record"] == family.order]
    assert [row["action"] for row in audited if row["object"] == "order"] == ["create"]
    site.update("region", family.region, name="Nord", rate="0.1")
    assert family.seen() == ["Nord", 30, 30, 30, "A Nord", 3, False]
    assert family.areas() == ["Nord", "Nord"]
    assert site.ids("customer", where='label == "A Nord"') == [family.customer]
    sound(site)


def test_links_moved(site: SmallSite) -> None:
    """A link in the middle of a path that leads elsewhere brings the values from there."""
    family = Family(site)
    south = site.create("region", name="South", rate=1)
    site.update("customer", family.customer, region=south, name="B")
    assert family.seen() == ["South", 180, 180, 180, "B South", 0, False]
    assert site.values("region", south, "weighted", "rich") == [180, True]
    site.delete("region", south)
    assert family.seen()[0] is None
    assert family.areas() == [None, None]
    assert site.values("customer", family.customer, "label") == ["B -"]
    sound(site)


def test_deleted_and_restored(site: SmallSite) -> None:
    """What comes back from the recycle bin has missed nothing."""
    family = Family(site)
    site.delete("order", family.order)
    assert site.values("customer", family.customer, "total", "mean", "scaled") == [0, None, 0]
    assert site.values("product", family.product, "busy") == [0]
    site.update("region", family.region, name="Nord")
    site.update("product", family.product, price=1)
    site.clock.turn(seconds=1)
    site.restore("order", family.order)
    assert family.seen() == ["Nord", 3, 3, 3, "A Nord", Decimal("1.5"), False]
    assert family.areas() == ["Nord", "Nord"]
    assert site.values("product", family.product, "busy") == [2]
    sound(site)


def test_own_fields_of_a_formula_over_records(site: SmallSite) -> None:
    """It follows its own record's fields too, and checks see the new value at once."""
    family = Family(site)
    site.update("customer", family.customer, factor=2)
    assert site.values("customer", family.customer, "scaled") == [360]
    found = codes(lambda: site.update("customer", family.customer, factor=20))
    assert found == [("check-failed", "")]
    site.update("order", family.order, open=False)
    assert site.values("product", family.product, "busy") == [0]
    sound(site)


def test_lines_and_record_in_one_change(site: SmallSite) -> None:
    """A rollup that reads a line's record, where both change in one write."""
    family = Family(site)
    lines = [{"product": family.product, "quantity": 5}]
    site.update("order", family.order, open=False, lines=lines)
    assert family.seen()[:3] == ["North", 300, 300]
    assert site.values("product", family.product, "busy") == [0]
    site.update("order", family.order, open=True)
    assert site.values("product", family.product, "busy") == [1]
    assert site.values("customer", family.customer, "mean") == [300]
    sound(site)


def test_many_links(site: SmallSite) -> None:
    """Lists of links, read from either end: what is named changes, comes, goes and is deleted."""
    one, two, three = (site.create("product", price=price) for price in (10, 20, 30))
    site.update("product", one, rivals=[two, three])
    site.update("product", two, rivals=[three])
    assert site.values("product", one, "dearest", "feared") == [30, 0]
    assert site.values("product", three, "dearest", "feared") == [None, 2]
    site.update("product", three, price=90)
    assert site.values("product", one, "dearest") == [90]
    site.update("product", one, price=60)
    assert site.values("product", three, "feared") == [1]
    site.update("product", one, rivals=[two])
    assert site.values("product", one, "dearest") == [20]
    assert site.values("product", two, "feared") == [0]
    site.update("product", one, price=5)
    assert site.values("product", two, "feared") == [1]
    site.delete("product", one)
    assert site.values("product", two, "feared") == [0]
    site.clock.turn(seconds=1)
    site.restore("product", one)
    assert site.values("product", two, "feared") == [1]
    sound(site)


def test_drift_is_told_and_mended(site: SmallSite) -> None:
    """A value that somebody wrote past the gate is found, told with what is right, and mended."""
    family = Family(site)
    customer = site.application.tables.table("customer")
    wrong = {"total": 5, "label": "x", "label__f": "y", "name__s": "z"}
    columns = {customer.c[n]: v for n, v in wrong.items() if n in customer.c}
    with site.databases.writing() as connection:
        connection.execute(
            sa.update(customer).where(customer.c.id == family.customer).values(columns)
        )
    found = {(d.field, d.what): (d.stored, d.right) for d in verify(site.gate, ["customer"])}
    assert found["total", "value"] == (5, 180)
    assert found["label", "value"] == ("x", "A North")
    assert found["label", "folded"] == ("y", "x")
    assert found["name", "sort key"] == ("z", "a")
    version = site.read("customer", family.customer).version
    assert {(d.field, d.what) for d in verify(site.gate, mend=True)} >= set(found)
    assert family.seen() == ["North", 180, 180, 180, "A North", 90, True]
    assert site.read("customer", family.customer).version == version
    last = [row for row in site.rows("fw_audit") if row["record"] == family.customer][-1]
    assert (last["cause"], last["actor"]) == ("verify", None)
    sound(site)
