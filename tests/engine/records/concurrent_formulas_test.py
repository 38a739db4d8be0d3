"""Several writers at once on what reads each other: nothing that is stored drifts."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.changes import UPDATE, Change
from engine.records.transaction import Transaction
from engine.records.verifying import verify
from support.small import KINDS_OF_DATABASE, SmallSite, small_site

SITE = """
object: region
owned: false
fields:
  name: {type: text}
  rate: {type: number, default: 1}
  customers: {type: related, of: customer}
  value: {type: number, scale: 2, rollup: sum(c.total * c.region.rate for c in customers)}
---
object: customer
owned: false
fields:
  name: {type: text}
  factor: {type: number, default: 1}
  region: {type: link, to: region}
  orders: {type: related, of: order}
  total: {type: number, scale: 2, rollup: sum(o.amount for o in orders)}
  doubled: {type: number, scale: 2, stored: true, formula: 2 * sum(o.size for o in orders)}
---
object: order
owned: false
fields:
  name: {type: text}
  size: {type: number, default: 1}
  customer: {type: link, to: customer}
  lines: {type: lines, of: line}
  rate: {copy: customer.region.rate, keep: in_step}
  amount: {type: number, scale: 2, stored: true, formula: size * customer.factor}
---
object: line
owned: false
fields:
  order: {type: link, to: order}
  part: {type: number, default: 1}
  scaled: {type: number, scale: 2, stored: true, formula: part * order.customer.factor}
"""
PASSED = {"still-used", "link-not-found"}


def in_turn(
    site: SmallSite, first: Callable[[Transaction], None], then: Callable[[], object]
) -> None:
    """`first` writes and does not commit before `then`, in a thread of its own, has had time to."""
    inside, errors = threading.Event(), list[BaseException]()

    def other() -> None:
        inside.wait()
        try:
            then()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=other)
    thread.start()

    def work(tx: Transaction) -> None:
        first(tx)
        inside.set()
        thread.join(timeout=0.3)

    site.gate.write(SYSTEM, work)
    thread.join()
    assert errors == []


def changing(object: str, id: int | None, **values: object) -> Callable[[Transaction], None]:
    """The change, or creation, as work in a transaction."""

    def work(tx: Transaction) -> None:
        action = "create" if id is None else UPDATE
        tx.gate.pass_steps(tx, object, action, [Change(given=dict(values), id=id)])

    return work


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("turns"), SITE) as made:
        yield made


def test_two_children_of_one_parent(site: SmallSite) -> None:
    """Both transactions change the parent's formula over its children: the second one waits."""
    customer = site.create("customer", region=site.create("region"))
    orders = [site.create("order", customer=customer) for _ in range(2)]
    in_turn(
        site,
        changing("order", orders[0], size=10),
        lambda: site.update("order", orders[1], size=5),
    )
    assert site.values("customer", customer, "doubled", "total") == [30, 15]
    assert list(verify(site.gate)) == []


def test_target_changes_while_another_links_to_it(site: SmallSite) -> None:
    """The new link is not there yet when the target looks for its dependents, and yet is right."""
    customer = site.create("customer", region=site.create("region"))
    in_turn(
        site,
        changing("customer", customer, factor=3),
        lambda: site.create("order", customer=customer, lines=[{}]),
    )
    in_turn(
        site,
        changing("order", None, customer=customer, lines=[{}]),
        lambda: site.update("customer", customer, factor=7),
    )
    assert site.values("customer", customer, "total") == [14]
    assert list(verify(site.gate)) == []


def test_links_in_the_middle_move(site: SmallSite) -> None:
    """A customer moves to another region while that region's rate changes, either one first."""
    one, two = site.create("region"), site.create("region")
    customer = site.create("customer", region=one)
    site.create("order", customer=customer)
    in_turn(
        site,
        changing("customer", customer, region=two),
        lambda: site.update("region", two, rate=5),
    )
    assert list(verify(site.gate)) == []
    in_turn(
        site,
        changing("region", one, rate=6),
        lambda: site.update("customer", customer, region=one),
    )
    assert site.values("region", one, "value") == [6]
    assert list(verify(site.gate)) == []


ROUNDS = 30


def test_many_writers(tmp_path: Path) -> None:
    """Six writers on the same few records on PostgreSQL: no drift, no error."""
    failures = list[BaseException]()

    def work(site: SmallSite, seed: int, known: dict[str, list[int]]) -> None:
        chance = random.Random(seed)
        mine: list[int] = []
        try:
            for _ in range(ROUNDS):
                kind = chance.random()
                customer = chance.choice(known["customer"])
                lines = [{"part": chance.randint(1, 9)} for _ in range(chance.randint(0, 2))]
                try:
                    if kind < 0.35 or not mine:
                        mine.append(site.create("order", customer=customer, lines=lines))
                    elif kind < 0.6:
                        size = chance.randint(1, 9)
                        site.update("order", chance.choice(mine), size=size, customer=customer)
                    elif kind < 0.7:
                        site.delete("order", mine.pop())
                    elif kind < 0.9:
                        region = chance.choice(known["region"])
                        site.update(
                            "customer", customer, region=region, factor=chance.randint(1, 9)
                        )
                    else:
                        region = chance.choice(known["region"])
                        site.update("region", region, rate=chance.randint(1, 9))
                except Refusal as refusal:
                    assert {p.code for p in refusal.problems} <= PASSED
        except BaseException as error:
            failures.append(error)

    with small_site("postgresql", tmp_path, SITE) as site:
        known = {"region": [site.create("region") for _ in range(4)]}
        known["customer"] = [site.create("customer", region=r) for r in known["region"] * 2]
        threads = [threading.Thread(target=work, args=(site, seed, known)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert list(verify(site.gate)) == []
