"""Stored formulas and rollups are always what a computation from scratch would give."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.problems import Refusal
from support.small import KINDS_OF_DATABASE, SmallSite, codes, small_site

SITE = """
object: region
owned: false
fields:
  name: {type: text}
  customers: {type: related, of: customer}
  value: {type: money, rollup: sum(c.worth for c in customers)}
  best: {type: money, rollup: max(c.worth for c in customers)}
  rich: {type: integer, rollup: count(c for c in customers if c.worth > 100)}
---
object: customer
owned: false
fields:
  name: {type: text}
  region: {type: link, to: region}
  factor: {type: number, default: 1}
  orders: {type: related, of: order}
  total: {type: money, rollup: sum(o.total for o in orders if o.open)}
  orders_open: {type: integer, rollup: count(o for o in orders if o.open)}
  largest: {type: money, rollup: max(o.total for o in orders)}
  smallest: {type: money, rollup: min(o.total for o in orders if o.total > 0)}
  last_day: {type: date, rollup: max(o.day for o in orders if o.open)}
  rough: {type: integer, rollup: sum(o.weight for o in orders)}
  heaviest: {type: number, scale: 1, rollup: max(o.weight for o in orders)}
  worth: {type: money, formula: total * factor}
---
object: product
owned: false
fields:
  name: {type: text}
  lines: {type: related, of: line, by: product}
  sold: {type: number, rollup: sum(l.quantity for l in lines if l.open)}
  dearest: {type: money, rollup: max(l.amount for l in lines)}
---
object: order
owned: false
fields:
  name: {type: text}
  customer: {type: link, to: customer}
  day: {type: date}
  open: {type: boolean, default: true}
  weight: {type: number, scale: 3}
  rate: {type: percent, default: 0}
  lines: {type: lines, of: line}
  payments: {type: related, of: payment}
  paid: {type: money, rollup: sum(p.amount for p in payments)}
  total: {type: money, rollup: sum(l.amount for l in lines)}
  dear: {type: integer, rollup: count(l for l in lines if l.price >= 10)}
  top: {type: money, rollup: max(l.price for l in lines)}
  left: {type: money, formula: total - paid}
---
object: payment
owned: false
fields:
  name: {type: text}
  order: {type: link, to: order}
  amount: {type: money}
---
object: line
owned: false
fields:
  order: {type: link, to: order}
  product: {type: link, to: product}
  quantity: {type: number, default: 1}
  price: {type: money, default: 1}
  amount: {type: money, formula: quantity * price * (1 - order.rate)}
  share: {type: percent, formula: amount / order.total}
  covered: {type: money, formula: order.paid * share}
  open: {type: boolean, formula: order.open}
"""


def snapshot(site: SmallSite) -> dict[str, list[dict[str, Any]]]:
    """Every live record as it is stored, by object."""
    found = {}
    for name in site.gate.catalog.objects:
        items = site.page(name, limit=1_000, sort=("id",)).items
        found[name] = [
            {key: getattr(value, "id", value) for key, value in item.values.items()}
            for item in items
        ]
    return found


def scale(value: Decimal | None, digits: int) -> Decimal | None:
    return None if value is None else value.quantize(Decimal(1).scaleb(-digits), "ROUND_HALF_UP")


def check(site: SmallSite) -> None:
    """Compares every derived value with one that is computed here, from nothing but the input."""
    rows = snapshot(site)
    by_id = {name: {row["id"]: row for row in found} for name, found in rows.items()}

    def children(name: str, link: str, id: int) -> list[dict[str, Any]]:
        return [row for row in rows[name] if row[link] == id]

    def same(row: dict[str, Any], name: str, value: Any) -> None:
        assert row[name] == value, (name, row, value)

    def product(*values: Decimal | None, digits: int) -> Decimal | None:
        result = Decimal(1)
        for value in values:
            if value is None:
                return None
            result *= value
        return scale(result, digits)

    for line in rows["line"]:
        order = by_id["order"][line["order"]]
        rest = None if order["rate"] is None else 1 - order["rate"]
        whole = product(line["quantity"], line["price"], digits=4)
        same(line, "amount", scale(product(whole, rest, digits=8), 2))
        same(line, "open", order["open"])
    for order in rows["order"]:
        lines = children("line", "order", order["id"])
        amounts = [line["amount"] for line in lines if line["amount"] is not None]
        prices = [line["price"] for line in lines if line["price"] is not None]
        same(order, "total", sum(amounts))
        same(order, "dear", sum(price >= 10 for price in prices))
        same(order, "top", max(prices, default=None))
        payments = children("payment", "order", order["id"])
        same(order, "paid", sum(p["amount"] for p in payments if p["amount"] is not None))
        same(order, "left", order["total"] - order["paid"])
        for line in lines:
            if line["amount"] is None or order["total"] == 0:
                same(line, "share", None)
                same(line, "covered", None)
            else:
                same(line, "share", scale(line["amount"] / order["total"], 4))
                same(line, "covered", scale(order["paid"] * line["share"], 2))
    for item in rows["product"]:
        lines = children("line", "product", item["id"])
        sold = [line["quantity"] for line in lines if line["open"] and line["quantity"] is not None]
        same(item, "sold", sum(sold))
        amounts = [line["amount"] for line in lines if line["amount"] is not None]
        same(item, "dearest", max(amounts, default=None))
    for customer in rows["customer"]:
        orders = children("order", "customer", customer["id"])
        opened = [order for order in orders if order["open"]]
        totals = [order["total"] for order in orders]
        weights = [order["weight"] for order in orders if order["weight"] is not None]
        same(customer, "total", sum(order["total"] for order in opened))
        same(customer, "orders_open", len(opened))
        same(customer, "largest", max(totals, default=None))
        same(customer, "smallest", min((t for t in totals if t > 0), default=None))
        same(customer, "last_day", max((o["day"] for o in opened if o["day"]), default=None))
        same(customer, "rough", scale(Decimal(sum(weights)), 0))
        same(customer, "heaviest", scale(max(weights, default=None), 1))
        same(customer, "worth", product(customer["total"], customer["factor"], digits=2))
    for region in rows["region"]:
        worths = [c["worth"] for c in children("customer", "region", region["id"])]
        worths = [worth for worth in worths if worth is not None]
        same(region, "value", sum(worths))
        same(region, "best", max(worths, default=None))
        same(region, "rich", sum(worth > 100 for worth in worths))


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("derived"), SITE) as made:
        yield made


def test_chain(site: SmallSite) -> None:
    """line → order → customer → region, through formulas; the versions of those above stay."""
    region = site.create("region")
    customer = site.create("customer", region=region, factor=2)
    order = site.create("order", customer=customer, lines=[{"price": 60}])
    assert site.values("region", region, "value", "best", "rich") == [120, 120, 1]
    site.update("order", order, rate="0.5")
    assert site.values("region", region, "value", "best", "rich") == [60, 60, 0]
    site.update("customer", customer, factor=None)
    assert site.values("region", region, "value", "best", "rich") == [0, None, 0]
    assert site.read("region", region).version == 1
    assert site.read("customer", customer).version == 2
    check(site)


def test_moving_deleting_restoring(site: SmallSite) -> None:
    """A child counts where it is, and only while it is there."""
    one, two = site.create("customer"), site.create("customer")
    orders = [
        site.create("order", customer=one, lines=[{"price": p}], name=n)
        for p, n in ((5, "b"), (7, "a"))
    ]
    assert site.values("customer", one, "total", "largest", "smallest") == [12, 7, 5]
    site.update("order", orders[1], customer=two)
    assert site.values("customer", one, "total", "largest", "smallest") == [5, 5, 5]
    assert site.values("customer", two, "total", "largest", "smallest") == [7, 7, 7]
    site.delete("order", orders[1])
    assert site.values("customer", two, "total", "orders_open", "largest") == [0, 0, None]
    site.restore("order", orders[1])
    assert site.values("customer", two, "total", "orders_open", "largest") == [7, 1, 7]
    site.update("order", orders[1], customer=None)
    assert site.values("customer", two, "total", "orders_open") == [0, 0]
    check(site)


def test_sums_that_round(site: SmallSite) -> None:
    """A rollup with fewer decimals rounds the whole sum, however it came about."""
    customer = site.create("customer")
    for _ in range(3):
        site.create("order", customer=customer, weight="0.4")
    assert site.values("customer", customer, "rough", "heaviest") == [1, Decimal("0.4")]
    order = site.create("order", customer=customer, weight="0.449")
    assert site.values("customer", customer, "rough", "heaviest") == [2, Decimal("0.4")]
    site.update("order", order, weight="0.1")
    assert site.values("customer", customer, "rough", "heaviest") == [1, Decimal("0.4")]
    check(site)


def test_lines_that_read_what_others_move(site: SmallSite) -> None:
    """A line's formula over its record's rollup follows payments that arrive elsewhere."""
    order = site.create("order", lines=[{"price": 75}, {"price": 25}])
    version = site.read("order", order).version
    payment = site.create("payment", order=order, amount=10)
    covered = [line.values["covered"] for line in site.read("order", order).values["lines"]]
    assert covered == [Decimal("7.5"), Decimal("2.5")]
    site.delete("payment", payment)
    assert site.read("order", order).values["lines"][0].values["covered"] == 0
    assert site.read("order", order).version == version
    check(site)


def test_too_large_a_sum_is_refused(site: SmallSite) -> None:
    """A total of more than 18 digits refuses the change that would make it."""
    order = site.create("order")
    site.create("payment", order=order, amount="9" * 16)
    found = codes(lambda: site.create("payment", order=order, amount="9" * 16))
    assert found == [("result-too-large", "")]
    assert site.values("order", order, "paid") == [Decimal("9" * 16)]


PRICES = st.sampled_from([None, 0, 1, 5, 10, 15])


class Company(RuleBasedStateMachine):
    """Random changes; after each, everything derived is right."""

    kind = ""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.site = self.stack.enter_context(small_site(self.kind, folder, SITE))
        self.live: dict[str, list[int]] = {}
        self.gone: dict[str, list[int]] = {}

    def teardown(self) -> None:
        self.stack.close()

    @initialize()
    def start(self) -> None:
        for name in ("region", "customer", "product"):
            self.live[name] = [self.site.create(name) for _ in range(2)]
        self.live |= {"order": [], "payment": []}
        self.gone = {name: [] for name in self.live}

    def pick(self, data: st.DataObject, name: str) -> int | None:
        found = self.live[name]
        return data.draw(st.sampled_from([*found, None])) if found else None

    def lines(self, data: st.DataObject, known: list[int]) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        for _ in range(data.draw(st.integers(0, 3))):
            entry: dict[str, Any] = {"product": self.pick(data, "product")}
            if known and data.draw(st.booleans()):
                entry = {"id": known.pop(data.draw(st.integers(0, len(known) - 1)))}
            if data.draw(st.booleans()):
                entry["price"] = data.draw(PRICES)
                entry["quantity"] = data.draw(st.sampled_from(["0.5", 1, 3]))
            entries.append(entry)
        return entries

    def order_values(self, data: st.DataObject) -> dict[str, Any]:
        values = {
            "customer": self.pick(data, "customer"),
            "open": data.draw(st.booleans()),
            "rate": data.draw(st.sampled_from([0, "0.25", None])),
            "day": data.draw(st.sampled_from([None, "2026-01-01", "2026-02-01"])),
            "weight": data.draw(st.sampled_from([None, "0.4", "0.449", "1.5", "-2"])),
            "name": data.draw(st.sampled_from([None, "a", "b", "中"])),
        }
        keep = data.draw(st.sets(st.sampled_from(sorted(values)), min_size=1))
        return {name: value for name, value in values.items() if name in keep}

    @rule(data=st.data())
    def create_order(self, data: st.DataObject) -> None:
        values = self.order_values(data) | {"lines": self.lines(data, [])}
        self.live["order"].append(self.site.create("order", **values))

    @rule(data=st.data())
    def create_payment(self, data: st.DataObject) -> None:
        order = self.pick(data, "order")
        self.live["payment"].append(
            self.site.create("payment", order=order, amount=data.draw(PRICES))
        )

    @precondition(lambda self: self.live["order"])
    @rule(data=st.data(), with_lines=st.booleans())
    def change_order(self, data: st.DataObject, with_lines: bool) -> None:
        id = data.draw(st.sampled_from(self.live["order"]))
        values = self.order_values(data)
        if with_lines:
            known = [line.id for line in self.site.read("order", id).values["lines"]]
            values["lines"] = self.lines(data, known)
        self.site.update("order", id, **values)

    @precondition(lambda self: self.live["payment"])
    @rule(data=st.data())
    def change_payment(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(self.live["payment"]))
        self.site.update("payment", id, order=self.pick(data, "order"), amount=data.draw(PRICES))

    @rule(data=st.data())
    def change_customer(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(self.live["customer"]))
        region = self.pick(data, "region")
        factor = data.draw(st.sampled_from([None, 0, 1, "2.5"]))
        self.site.update("customer", id, region=region, factor=factor)

    @rule(data=st.data(), name=st.sampled_from(["order", "payment"]))
    def delete(self, data: st.DataObject, name: str) -> None:
        if self.live[name]:
            id = data.draw(st.sampled_from(self.live[name]))
            try:
                self.site.delete(name, id)
            except Refusal:
                return  # payments still refer to the order
            self.site.clock.turn(seconds=1)
            self.live[name].remove(id)
            self.gone[name].append(id)

    @rule(data=st.data(), name=st.sampled_from(["order", "payment"]))
    def restore(self, data: st.DataObject, name: str) -> None:
        if self.gone[name]:
            id = data.draw(st.sampled_from(self.gone[name]))
            try:
                self.site.restore(name, id)
            except Refusal:
                return  # what it refers to is still gone
            self.gone[name].remove(id)
            self.live[name].append(id)

    @invariant()
    def right(self) -> None:
        if self.live:
            check(self.site)


@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 12), ("postgresql", 4)])
def test_random_changes(kind: str, examples: int) -> None:
    """Whatever is done in whatever order: what is derived is right after every step."""
    from hypothesis.stateful import run_state_machine_as_test

    machine = type("Company", (Company,), {"kind": kind})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=25, deadline=None)
    )


ROUNDS = 30


def test_many_writers_at_once(tmp_path: Path) -> None:
    """Eight writers on the same few records on PostgreSQL: no drift, no deadlock, no error."""
    failures = list[BaseException]()

    def work(site: SmallSite, seed: int, known: dict[str, list[int]]) -> None:
        random_ = random.Random(seed)
        choose: Callable[[str], int] = lambda name: random_.choice(known[name])  # noqa: E731
        mine: list[int] = []
        try:
            for _ in range(ROUNDS):
                lines = [
                    {"product": choose("product"), "price": random_.randint(0, 20)}
                    for _ in range(random_.randint(0, 3))
                ]
                kind = random_.random()
                try:
                    if kind < 0.4 or not mine:
                        mine.append(site.create("order", customer=choose("customer"), lines=lines))
                    elif kind < 0.6:
                        site.update("order", random_.choice(mine), customer=choose("customer"))
                    elif kind < 0.75:
                        site.update("order", random_.choice(mine), lines=lines, rate="0.25")
                    elif kind < 0.85:
                        site.create("payment", order=choose("order"), amount=random_.randint(0, 9))
                    elif kind < 0.95:
                        region = choose("region")
                        site.update("customer", choose("customer"), region=region, factor=2)
                    else:
                        site.delete("order", mine.pop())
                except Refusal as refusal:
                    assert {p.code for p in refusal.problems} <= {"still-used", "link-not-found"}
        except BaseException as error:
            failures.append(error)

    with small_site("postgresql", tmp_path, SITE) as site:
        known = {
            name: [site.create(name) for _ in range(2)]
            for name in ("region", "customer", "product")
        }
        known["order"] = [site.create("order", customer=c) for c in known["customer"]]
        threads = [threading.Thread(target=work, args=(site, seed, known)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        check_all(site)


def check_all(site: SmallSite) -> None:
    """Like `check`, however many records there are (a page holds 1,000)."""
    for name in site.gate.catalog.objects:
        count = site.page(name, count="exact", limit=1).count
        assert count is not None and count.value <= 1_000, (name, count)
    check(site)
