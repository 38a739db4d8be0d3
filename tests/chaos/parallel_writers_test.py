"""Several writers at once while columns are computed before publishing: no record is missed.

Round by round an apply adds fields with defaults, a stored formula across a link, rollups over
lines and over related records, a formula of lines, converts one field's type and replaces an option
of another. Meanwhile threads create, change, delete and restore orders, change customers, and move
lines from one order to another, by the rules of the revision that they find. Afterwards every
record's columns are what computing anew gives.

The short form is one round, FORMWRIGHT_SOAK=1 (`make soak`) goes on for `LONG` seconds with more
records. Figures are printed with `-s`.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from engine.records.verifying import verify
from engine.schema.fence import StaleRevision
from support.workshop import Workshop, workshop

SOAK = os.environ.get("FORMWRIGHT_SOAK") == "1"
ORDERS = 3_000 if SOAK else 200
CUSTOMERS = 40 if SOAK else 8
WRITERS = 4
LONG = 300.0
"""Seconds of the long form, on each database."""
PAUSE = 0.004
"""Seconds between two writes of a writer, at most: SQLite gives no turns."""
LARGE = 20
"""Records that make a table a large one here."""


def written(shop: Workshop, round: int) -> None:
    """The definitions of a round; in round 0 there is nothing that is computed."""
    replace = f"\n    replace: {{k{round - 1}: k{round}}}" if round else ""
    type_ = "{type: number, scale: 2}" if round % 2 else "{type: text}"
    order = f"""
title: name
fields:
  name: {{type: text}}
  customer: {{type: link, to: customer}}
  amount: {{type: number, scale: 2}}
  weight: {type_}
  kind:
    type: choice
    options: {{k{round}: K, other: Other}}{replace}
  lines: {{type: lines, of: order_line}}
"""
    line = """
title: name
fields:
  name: {type: text}
  order: {type: link, to: order, required: true}
  pieces: {type: integer}
"""
    customer = """
title: name
fields:
  name: {type: text}
  rating: {type: integer}
  orders: {type: related, of: order, by: customer}
"""
    if round:
        line += f"  v{round}: {{type: number, scale: 2, formula: pieces * order.amount}}\n"
        customer += (
            f"  sum{round}: {{type: number, scale: 2, rollup: sum(o.amount for o in orders)}}\n"
        )
        order += f"""
  region{round}: {{type: choice, options: {{north: N, south: S}}, default_for_existing: south}}
  code{round}: {{type: text, default_for_existing: {{from: name}}}}
  score{round}: {{type: number, scale: 2, formula: amount * customer.rating, stored: true}}
  pieces{round}: {{type: integer, rollup: sum(line.pieces for line in lines)}}
  both{round}: {{type: number, scale: 2, formula: score{round} + pieces{round}, stored: true}}
"""
    shop.write(order=order, order_line=line, customer=customer)


@dataclass
class Writers:
    """Threads that write until they are told to stop.

    `doomed` is the revision whose rollups are about to be parked: only there lines are moved past
    the gate, since nothing else keeps what is computed from them right.
    """

    shop: Workshop
    doomed: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    done: Counter[tuple[int, str]] = field(default_factory=Counter)
    failed: list[BaseException] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, seed: int) -> None:
        """Begins to write."""
        self.threads = [
            threading.Thread(target=self._run, args=(seed * WRITERS + n,)) for n in range(WRITERS)
        ]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Ends all of it; raises what one of them did not expect."""
        self.ended.set()
        for thread in self.threads:
            thread.join()
        if self.failed:
            raise self.failed[0]

    def wait(self, more: int, seconds: float = 20.0) -> None:
        """Until so many more writes are done."""
        aim, until = sum(self.done.values()) + more, time.monotonic() + seconds
        while sum(self.done.values()) < aim and not self.failed:
            assert time.monotonic() < until, self.done
            time.sleep(0.01)

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)
        try:
            gate = self.shop.application().gate
            while not self.ended.is_set():
                what, work = chance.choice(WORKS)
                try:
                    if what == "move" and gate.revision != self.doomed:
                        continue
                    work(gate, chance)
                    self.done[gate.revision, what] += 1
                except StaleRevision:
                    gate = self.shop.application().gate
                except Refusal:
                    self.done[gate.revision, "refused"] += 1
                time.sleep(chance.uniform(0, PAUSE))
        except BaseException as error:
            self.failed.append(error)


def _an_order(gate: Gate, chance: random.Random, *, deleted: bool = False) -> int:
    """Some order; Refusal where there is none."""
    table = gate.tables.table("order")
    gone = table.c.deleted_on.is_not(None) if deleted else table.c.deleted_on.is_(None)
    query = sa.select(table.c.id).where(gone, table.c.id >= chance.randrange(1, ORDERS + 40))
    with gate.databases.reading() as connection:
        found = connection.scalar(query.order_by(table.c.id).limit(1))
    if found is None:
        raise Refusal
    return int(found)


def _round(gate: Gate) -> int:
    kind = gate.catalog.objects["order"].fields["kind"].type
    return int(next(iter(kind.keys)).removeprefix("k"))  # type: ignore[attr-defined]


def _create(gate: Gate, chance: random.Random) -> None:
    round, name = _round(gate), f"n{chance.random()}"
    lines = [{"pieces": chance.randrange(9)} for _ in range(chance.randrange(3))]
    given = {"name": name, "amount": chance.randrange(99), "kind": f"k{round}", "lines": lines,
             "customer": chance.randrange(CUSTOMERS) + 1}  # fmt: skip
    if round:
        given |= {f"region{round}": "north", f"code{round}": name}
    gate.create(SYSTEM, "order", [given])


def _change(gate: Gate, chance: random.Random) -> None:
    """An amount, a customer; what the apply reads for its fixes only until it has published."""
    order = _an_order(gate, chance)
    given: dict[str, Any] = {"amount": chance.randrange(99)}
    if chance.random() < 0.4:
        given["customer"] = chance.randrange(CUSTOMERS) + 1
    gate.update(SYSTEM, "order", order, given)


def _rename(gate: Gate, chance: random.Random) -> None:
    """A name, a weight, a kind: only before there are codes of the last round to compare."""
    round = _round(gate)
    name = f"r{chance.random()}"
    given = {"name": name, "kind": chance.choice([f"k{round}", "other"])}
    if round:
        given[f"code{round}"] = name
    else:
        given["weight"] = f"{chance.randrange(99)}.5"
    gate.update(SYSTEM, "order", _an_order(gate, chance), given)


def _rate(gate: Gate, chance: random.Random) -> None:
    gate.update(SYSTEM, "customer", chance.randrange(CUSTOMERS) + 1,
                {"rating": chance.randrange(9)})  # fmt: skip


def _delete(gate: Gate, chance: random.Random) -> None:
    gate.delete(SYSTEM, "order", [_an_order(gate, chance)])


def _restore(gate: Gate, chance: random.Random) -> None:
    gate.restore(SYSTEM, "order", [_an_order(gate, chance, deleted=True)])


def _edit_lines(gate: Gate, chance: random.Random) -> None:
    """One line changed or removed, another one added."""
    order = _an_order(gate, chance)

    def work(tx: Transaction) -> list[int]:
        return tx.lines_below(tx.catalog.objects["order_line"], [order])

    rows = gate.write(SYSTEM, work)
    lines: list[dict[str, Any]] = [{"id": id} for id in rows[chance.randrange(2) :]]
    if lines:
        lines[0]["pieces"] = chance.randrange(9)
    lines.append({"pieces": chance.randrange(9)})
    gate.update(SYSTEM, "order", order, {"lines": lines[-4:]})


def _move(gate: Gate, chance: random.Random) -> None:
    """A line goes to another order, as only an earlier version or a script would do it."""
    source, target = _an_order(gate, chance), _an_order(gate, chance)
    line = gate.tables.table("order_line")

    def work(tx: Transaction) -> None:
        first = sa.select(sa.func.min(line.c.id)).where(line.c.order == source)
        tx.connection.execute(
            sa.update(line).where(line.c.id == first.scalar_subquery()).values(order=target)
        )

    gate.write(SYSTEM, work)


WORKS = [
    ("create", _create), ("change", _change), ("change", _change), ("rename", _rename),
    ("rate", _rate), ("delete", _delete), ("restore", _restore), ("lines", _edit_lines),
    ("lines", _edit_lines), ("move", _move),
]  # fmt: skip


def begun(shop: Workshop) -> None:
    written(shop, 0)
    shop.apply()
    gate = shop.application().gate
    gate.create(SYSTEM, "customer", [{"name": f"c{n}", "rating": n} for n in range(CUSTOMERS)])
    rows = [
        {"name": f"o{n}", "customer": n % CUSTOMERS + 1, "weight": f"{n}.5", "amount": n % 90,
         "kind": "k0", "lines": [{"pieces": n % 7}, {"pieces": 1}]}
        for n in range(ORDERS)
    ]  # fmt: skip
    gate.create(SYSTEM, "order", rows)


def one_round(shop: Workshop, round: int, before: Field) -> tuple[Counter[tuple[int, str]], float]:
    """An apply among writers; what they did, by revision, and how long the apply took."""
    written(shop, round)
    writers = Writers(shop, doomed=round)
    writers.start(round)
    try:
        writers.wait(10)
        began = time.monotonic()
        assert shop.apply(online_from=LARGE, allow_loss=True) == round + 1
        took = time.monotonic() - began
        writers.wait(30)
    finally:
        writers.stop()
    whole(shop, round, before)
    return writers.done, took


def whole(shop: Workshop, round: int, before: Field) -> None:
    """Every record has in every column what computing anew gives."""
    gate = shop.application().gate
    assert list(verify(gate)) == []
    fields = gate.catalog.objects["order"].fields
    kind, now = fields["kind"], fields["weight"]
    names = ("name", f"code{round}", f"region{round}")
    columns: list[sa.ColumnElement[Any]] = [sa.column(fields[name].column) for name in names]
    columns += [sa.column(one.column, one.type.column_type()) for one in (before, now)]
    keys = set(kind.type.keys.values())  # type: ignore[attr-defined]
    with shop.databases.reading() as connection:
        query = sa.select(sa.column("id"), sa.column(kind.column), *columns)
        rows = connection.execute(query.select_from(sa.table("order"))).all()
    assert len(rows) >= ORDERS
    for id, stored, name, code, region, old, new in rows:
        assert stored in keys, id
        assert code == name, id
        assert region is not None, id
        assert (old is None and new is None) or Decimal(old) == Decimal(new), (id, old, new)


def test_parallel_writers(tmp_path: Path, database_url: str) -> None:
    """Whatever is written while columns are computed is computed as well."""
    with workshop(tmp_path / "layer", database_url) as shop:
        begun(shop)
        round, until = 0, time.monotonic() + (LONG if SOAK else 0)
        total: Counter[str] = Counter()
        times = []
        while not round or time.monotonic() < until:
            before = shop.application().catalog.objects["order"].fields["weight"]
            round += 1
            done, took = one_round(shop, round, before)
            times.append(took)
            for (revision, what), count in done.items():
                total[what] += count
                total["before publishing" if revision == round else "after it"] += count
        assert total["before publishing"] > 20 and total["after it"] > 10
        dialect, slowest = shop.databases.dialect, max(times)
        print(f"{dialect}: {round} rounds, slowest apply {slowest:.1f} s: {dict(total)}")
