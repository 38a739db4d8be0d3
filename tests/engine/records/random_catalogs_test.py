"""Random small catalogs, random changes: nothing that is stored ever drifts.

Four objects in a chain of links (a region, its customers, their orders with lines, products),
with a random choice of stored formulas, rollups and copies over one another; then random
creations, changes, deletions, restorations and bulk changes.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.changes import UPDATE, Change
from engine.records.transaction import Transaction
from engine.records.verifying import verify
from support.small import SmallSite, small_site

FIXED = {
    "region": """
object: region
owned: false
fields:
  name: {type: text}
  a: {type: number, scale: 2, default: 1}
  above: {type: link, to: region, on_delete: clear}
  below: {type: related, of: region, by: above}
  customers: {type: related, of: customer}
""",
    "customer": """
object: customer
owned: false
fields:
  name: {type: text}
  a: {type: number, scale: 2, default: 1}
  region: {type: link, to: region, on_delete: clear}
  orders: {type: related, of: order}
""",
    "product": """
object: product
owned: false
fields:
  name: {type: text}
  a: {type: number, scale: 2, default: 1}
  region: {type: link, to: region, on_delete: clear}
  lines: {type: related, of: line, by: product}
""",
    "order": """
object: order
owned: false
fields:
  name: {type: text}
  a: {type: number, scale: 2, default: 1}
  customer: {type: link, to: customer, on_delete: cascade}
  lines: {type: lines, of: line}
""",
    "line": """
object: line
owned: false
fields:
  order: {type: link, to: order}
  product: {type: link, to: product, on_delete: clear}
  a: {type: number, scale: 2, default: 1}
""",
}
NUMBERS = {
    "region": ["a", "above.a"],
    "customer": ["a", "region.a", "region.above.a"],
    "product": ["a", "region.a"],
    "order": ["a", "customer.a", "customer.region.a"],
    "line": ["a", "product.a", "order.a", "order.customer.a", "product.region.a"],
}
"""Paths to given numbers, by the object that they start from."""
LINKS = {
    "region": {"above": "region"},
    "customer": {"region": "region"},
    "product": {"region": "region"},
    "order": {"customer": "customer"},
    "line": {"product": "product", "order": "order"},
}
COLLECTIONS = {
    "region": {"below": "region", "customers": "customer"},
    "customer": {"orders": "order"},
    "product": {"lines": "line"},
    "order": {"lines": "line"},
    "line": {},
}
FUNCTIONS = ["sum", "count", "min", "max", "avg"]


def field(draw: Any, object: str, known: dict[str, list[str]]) -> str:
    """One derived field over what is known already, so that there is no circle."""

    def number(of: str) -> str:
        own = known[of]
        through = [f"{link}.{n}" for link, to in LINKS[of].items() for n in known[to]]
        return str(draw(st.sampled_from([*NUMBERS[of], *own, *own, *through, *through])))

    over = sorted(COLLECTIONS[object])
    kind = draw(
        st.sampled_from(["formula", "copy", *(["rollup", "rollup", "aggregate"] * bool(over))])
    )
    if kind == "formula":
        a, b = number(object), number(object)
        formula = f"coalesce({a}, 0) + coalesce({b}, 7)"
        return f"{{type: number, scale: 2, stored: true, formula: '{formula}'}}"
    if kind == "copy":
        paths = [n for n in (number(object) for _ in range(4)) if "." in n]
        path = paths[0] if paths else f"{sorted(LINKS[object])[0]}.a"
        return f"{{copy: {path}, keep: in_step}}"
    collection = draw(st.sampled_from(over))
    child = COLLECTIONS[object][collection]
    value, condition = number(child), number(child)
    function = draw(st.sampled_from(FUNCTIONS))
    element = "c" if function == "count" else f"c.{value}"
    where = f" if c.{condition} > 2" if draw(st.booleans()) else ""
    form = f"{function}({element} for c in {collection}{where})"
    if kind == "rollup":
        return f"{{type: number, scale: 2, rollup: '{form}'}}"
    return (
        f"{{type: number, scale: 2, stored: true, formula: 'coalesce({form}, 0) + coalesce(a, 0)'}}"
    )


@st.composite
def catalogs(draw: Any) -> str:
    """A site with two to seven derived fields; each may read those before it."""
    known: dict[str, list[str]] = {name: [] for name in FIXED}
    added: dict[str, list[str]] = {name: [] for name in FIXED}
    for index in range(draw(st.integers(2, 7))):
        object = draw(st.sampled_from(sorted(FIXED)))
        name = f"d{index}"
        added[object].append(f"  {name}: {field(draw, object, known)}\n")
        known[object].append(name)
    return "---".join(FIXED[name] + "".join(added[name]) for name in FIXED)


VALUES = st.sampled_from([None, 0, 1, "2.5", 10])
NAMES = ("region", "customer", "product", "order")


class Player:
    """Plays random changes on a site; what is refused (a circle, a reference) is as well."""

    def __init__(self, site: SmallSite, data: st.DataObject) -> None:
        self.site, self.data = site, data
        self.live: dict[str, list[int]] = {name: [] for name in NAMES}
        self.gone: dict[str, list[int]] = {name: [] for name in NAMES}

    def values(self, object: str) -> dict[str, Any]:
        found: dict[str, Any] = {"a": self.data.draw(VALUES)}
        for link, to in LINKS[object].items():
            if to in self.live and self.live[to] and self.data.draw(st.booleans()):
                found[link] = self.data.draw(st.sampled_from([None, *self.live[to]]))
        if object == "order" and self.data.draw(st.booleans()):
            found["lines"] = [self.values("line") for _ in range(self.data.draw(st.integers(0, 2)))]
        return found

    def step(self) -> None:
        data = self.data
        object = data.draw(st.sampled_from(NAMES))
        live, gone = self.live[object], self.gone[object]
        act = data.draw(
            st.sampled_from(["create", "update", "update", "bulk", "delete", "restore"])
        )
        if not live or act == "create":
            live.append(self.site.create(object, **self.values(object)))
        elif act == "update":
            self.site.update(object, data.draw(st.sampled_from(live)), **self.values(object))
        elif act == "bulk":
            self.bulk(object, self.values(object))
        elif act == "delete":
            id = data.draw(st.sampled_from(live))
            self.site.delete(object, id)
            live.remove(id)
            gone.append(id)
        elif gone:
            id = data.draw(st.sampled_from(gone))
            self.site.restore(object, id)
            gone.remove(id)
            live.append(id)

    def bulk(self, object: str, values: dict[str, Any]) -> None:
        """All live records at once, as an import or a bulk change does."""
        values.pop("lines", None)

        def work(tx: Transaction) -> None:
            changes = [Change(given=dict(values), id=id) for id in self.live[object]]
            tx.gate.pass_steps(tx, object, UPDATE, changes)

        self.site.gate.write(SYSTEM, work)

    def play(self, steps: int) -> None:
        for name in NAMES:
            self.live[name].append(self.site.create(name, **self.values(name)))
        for _ in range(steps):
            self.site.clock.turn(seconds=1)
            try:
                self.step()
            except Refusal:
                continue
            self.check()

    def check(self) -> None:
        drifts = list(verify(self.site.gate))
        assert drifts == []


FUZZ = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"


@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 12), ("postgresql", 3)])
def test_nothing_drifts(kind: str, examples: int) -> None:
    """Whatever depends on whatever: after every change each stored value is the right one."""

    @settings(max_examples=examples * (40 if FUZZ else 1), deadline=None)
    @given(text=catalogs(), data=st.data())
    def run(text: str, data: st.DataObject) -> None:
        with TemporaryDirectory() as folder, small_site(kind, Path(folder), text) as site:
            Player(site, data).play(12)

    run()
