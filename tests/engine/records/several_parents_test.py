"""Lines of several objects: one definition, on a database through the gate like any lines."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.serial import to_json
from engine.records.verifying import verify
from exchange.exporting import ExportOrder, export_records
from support.small import KINDS_OF_DATABASE, SmallSite, actor, codes, small_site
from workflow.conversions.service import Conversions

SITE = """
object: offer
owned: false
title: name
fields:
  name: {type: text, required: true}
  discount: {type: percent, default: "0"}
  hidden: {type: boolean, default: false}
  lines: {type: lines, of: priced_line}
  total: {type: money, rollup: sum(l.amount for l in lines)}
checks:
  - {that: count(l for l in lines) <= 3, field: lines, say: At most three lines.}
---
object: sale
label: {en: Sale, zh: 订单}
owned: false
title: name
fields:
  name: {type: text, required: true}
  discount: {type: percent, default: "0"}
  offer: {type: link, to: offer, on_delete: clear}
  positions: {type: lines, of: priced_line, by: parent}
  total: {type: money, rollup: sum(l.amount for l in positions)}
  late: {type: integer, rollup: count(l for l in positions if not l.sent)}
---
object: priced_line
label: {en: Line, zh: 明细}
title: thing
lines_of: {offer: offer_line, sale: sale_line}
fields:
  thing: {type: text, required: true}
  price: {type: money, default: "1"}
  discount: {type: percent, suggest: parent.discount}
  amount: {type: money, formula: "round(price * (1 - parent.discount), 2)"}
  cost: {type: money, restricted: true}
unique: [[parent, thing]]
---
object: sale_line
label: {en: Position, zh: 订单行}
fields:
  sent: {type: boolean, default: false, after: thing}
---
role: clerk
grants:
  offer: {create: true, read: not hidden, update: all, delete: all, fields: {"*": write}}
  sale: {create: true, read: all, update: all, fields: {"*": write}}
  priced_line: {fields: {"*": write}}
  sale_line: {fields: {"*": read, sent: write}}
---
conversion: to_sale
object: offer
label: To a sale
creates:
  sale:
    set: {name: name, discount: discount}
    back: offer
    lines:
      positions: {from: lines, set: {thing: thing, price: price}}
"""
CLERK = actor(None, "clerk")


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("lines"), SITE) as made:
        yield made


def offer(site: SmallSite, *things: str, **values: Any) -> int:
    lines = [{"thing": thing, "price": 10} for thing in things]
    return site.create("offer", name="An offer", lines=lines, **values)


def test_each_parent_has_its_own(site: SmallSite) -> None:
    """Tables, links and labels of their own; what differs stands in the one that differs."""
    objects = site.gate.catalog.objects
    assert "priced_line" not in objects
    found = {n: (o.parent, o.parent_object, o.label.in_("zh")) for n, o in objects.items()}
    assert found["offer_line"] == ("parent", "offer", "明细")
    assert found["sale_line"] == ("parent", "sale", "订单行")
    assert list(objects["sale_line"].fields)[:4] == ["id", "parent", "thing", "sent"]
    assert "sent" not in objects["offer_line"].fields
    assert objects["sale_line"].fields["parent"].label == objects["sale"].label


def test_formulas_and_rollups(site: SmallSite) -> None:
    """`parent.x` is that of the record that the line is part of; totals follow at once."""
    id = offer(site, "Bolt", "Nut", discount="0.1")
    sale = site.create("sale", name="S", positions=[{"thing": "Bolt"}, {"thing": "Nut"}])
    assert site.values("offer", id, "total") == [Decimal(18)]
    assert site.values("sale", sale, "total", "late") == [Decimal(2), 2]
    site.update("offer", id, discount="0.5")
    assert site.values("offer", id, "total") == [Decimal(10)]
    suggested = {line.values["discount"] for line in site.read("offer", id).values["lines"]}
    assert suggested == {Decimal("0.5")}
    assert site.values("sale", sale, "total") == [Decimal(2)]


def test_rules(site: SmallSite) -> None:
    """Checks over lines and keys within the record hold for each parent by itself."""
    assert codes(lambda: offer(site, "a", "b", "c", "d")) == [("check-failed", "lines")]
    assert codes(lambda: offer(site, "a", "a"))[0][0] == "not-unique"
    made = [{"thing": thing} for thing in "abcd"]
    site.create("sale", name="Four", positions=made)


def test_rights_follow_the_parent(site: SmallSite) -> None:
    """Who may not read the offer sees none of its lines; fields follow the grant on the lines."""
    dark = offer(site, "Secret", hidden=True)
    light = offer(site, "Open")
    with pytest.raises(Refusal):
        site.read("offer", dark, CLERK)
    line = site.read("offer", light, CLERK).values["lines"][0]
    assert line.values["thing"] == "Open"
    assert "cost" not in line.values
    site.update("offer", light, CLERK, lines=[{"id": line.id, "thing": "New"}])
    sale = site.create("sale", name="S", positions=[{"thing": "Bolt"}])
    position = site.read("sale", sale).values["positions"][0].id
    closed = [{"id": position, "thing": "Nut"}]
    assert codes(lambda: site.update("sale", sale, CLERK, positions=closed)) == [
        ("forbidden-field", "positions[0].thing")
    ]
    site.update("sale", sale, CLERK, positions=[{"id": position, "sent": True}])
    assert site.values("sale", sale, "late") == [0]


def test_recycling(site: SmallSite) -> None:
    """Lines go and come back with their record."""
    id = offer(site, "Bolt")
    site.delete("offer", id)
    site.restore("offer", id)
    assert [line.values["thing"] for line in site.read("offer", id).values["lines"]] == ["Bolt"]


def test_conversion_and_export(site: SmallSite) -> None:
    """An offer's lines become a sale's positions; files hold those of their own object."""
    id = offer(site, "Bolt", "Nut")
    conversion = site.gate.catalog.of("conversion")["to_sale"]
    done = Conversions(site.gate, site.reader).convert(SYSTEM, conversion, id, {})
    sale = done.made["sale"].id
    assert sale is not None
    shown = to_json(site.gate.catalog, site.read("sale", sale))
    assert [line["thing"] for line in shown["positions"]] == ["Bolt", "Nut"]
    out = io.BytesIO()
    order = ExportOrder(object="sale", format="json", where=f"id == {sale}")
    export_records(site.reader, SYSTEM, order, out)
    assert out.getvalue().decode().count('"thing"') == 2


def test_nothing_drifts(site: SmallSite) -> None:
    """After all of this, every stored formula and rollup is right."""
    assert list(verify(site.gate)) == []
