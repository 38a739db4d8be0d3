"""Views: what a query shows is what Python computes from what the reader may see."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assembly.establishing import establish
from assembly.kinds import KINDS
from engine.loading.loading import load
from engine.permissions.actors import SYSTEM, Actor
from engine.records.changes import Change
from engine.records.grouping import grouped
from engine.records.query import Query
from engine.records.verifying import count_records, verify
from engine.schema.engines import open_databases
from support.small import (
    KINDS_OF_DATABASE,
    PEOPLE,
    SmallSite,
    actor,
    codes,
    small_site,
    write_files,
)

SITE = (
    PEOPLE
    + """
---
object: region
owned: false
fields:
  name: {type: text, required: true}
---
object: customer
fields:
  name: {type: text, required: true}
  region: {type: link, to: region}
---
object: order
fields:
  customer: {type: link, to: customer}
  name: {type: text}
  state: {type: choice, options: {open: Open, won: Won, lost: Lost}}
  ordered_on: {type: date}
  amount: {type: money}
  effort: {type: duration}
  double: {type: money, formula: amount * 2, stored: false}
---
object: sales
kind: view
from: order
where: state != "lost"
group: {customer: customer, month: start_of_month(ordered_on), state: state}
fields:
  month: {value: month, label: {en: Month of the order, zh: 下单月份}}
  total: {value: sum(amount)}
  orders: {value: count()}
  priced: {value: count(amount)}
  least: {value: min(amount)}
  last: {value: max(ordered_on)}
  average: {value: avg(amount), type: money, scale: 2}
  doubled: {value: sum(double)}
  effort: {value: sum(effort)}
views:
  large: {where: total > 100, sort: -total, sums: [total], group: state}
---
object: everything
kind: view
from: order
seen_by: system
group: {state: state}
fields:
  total: {value: sum(amount)}
---
object: flat
kind: view
from: order
where: amount is not empty
title: caption
fields:
  order: {value: this}
  caption: {value: 'name + "!"'}
  customer: {value: customer}
  region: {value: customer.region}
  state: {value: state}
  doubled: {value: amount * 2}
  late: {value: 'state == "open" and ordered_on < today()'}
---
role: all
grants:
  region: {read: all, fields: {"*": read}}
  customer: {read: all, fields: {"*": read}}
  order: {create: true, read: all, update: all, delete: all, restore: all, import: true,
    fields: {"*": write}}
  sales: {read: all, export: all, fields: {"*": read}}
  everything: {read: all, fields: {"*": read}}
  flat: {read: all, fields: {"*": read}}
---
role: own
grants:
  person: {read: all, fields: {"*": read}}
  customer: {read: own, fields: {"*": read}}
  order: {read: own, fields: {"*": read}}
  sales: {read: all, fields: {"*": read}}
  everything: {read: all, fields: {"*": read}}
  flat: {read: own, fields: {"*": read}}
---
role: team
grants:
  customer: {read: all, fields: {"*": read}}
  order: {read: team, fields: {"*": read, amount: none}}
  sales: {read: all, fields: {"*": read}}
  flat: {read: team, fields: {"*": read, doubled: none}}
---
role: won
grants:
  customer: {read: 'region.name == "North"', fields: {"*": read}}
  region: {read: all, fields: {"*": read}}
  order: {read: 'state == "won"', fields: {"*": read}}
  sales: {read: 'customer.region.name == "North" and total > 10', fields: {"*": read, orders: none}}
  flat: {read: 'customer.region.name == "North"', fields: {"*": read}}
---
role: blind
grants:
  sales: {read: all, fields: {"*": read}}
"""
)
ROLES = ("all", "own", "team", "won")


class Made:
    """A site with random orders of two people in three regions' customers."""

    def __init__(self, site: SmallSite) -> None:
        self.site, rng = site, random.Random(7)
        self.north, south = (site.create("region", name=n) for n in ("North", "South"))
        self.people = [site.create("person", name=n) for n in ("Ann", "Bob")]
        self.customers = [
            site.create("customer", name=f"C{n}", region=r, owner=self.people[n % 2])
            for n, r in enumerate((self.north, south, None, self.north))
        ]
        for n in range(40):
            site.create(
                "order",
                name=f"O{n}",
                customer=rng.choice([*self.customers, None]),
                state=rng.choice(["open", "won", "lost"]),
                ordered_on=f"2026-0{rng.randint(1, 3)}-1{rng.randint(0, 9)}",
                amount=rng.choice([None, f"{rng.randint(1, 90)}.50"]),
                effort=rng.choice([None, "90 min"]),
                owner=rng.choice(self.people),
            )
        gone = site.create("order", name="gone", state="open", amount="1000000")
        site.delete("order", gone)


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Made]:
    with small_site(request.param, tmp_path_factory.mktemp("views"), SITE) as site:
        yield Made(site)


def somebody(made: Made, *roles: str) -> Actor:
    ann, bob = made.people
    return actor(ann, *roles, team=(ann, bob) if "won" in roles else (ann,))


def every(made: Made, object: str, who: Actor, **query: Any) -> list[dict[str, Any]]:
    """All values of an object that somebody sees, page by page."""
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = made.site.page(object, who, after=after, limit=7, **query)
        found += [record.values for record in page.items]
        if not page.next:
            return found
        after = page.next


def id_of(value: Any) -> Any:
    return getattr(value, "id", value)


def computed(made: Made, who: Actor) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The view `sales`, in Python, from the orders that somebody sees."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in every(made, "order", who, sort=("id",)):
        if row.get("state") != "lost":
            day = row.get("ordered_on")
            key = (id_of(row.get("customer")), day and day.replace(day=1), row.get("state"))
            groups[key].append(row)
    result = {}
    for key, rows in groups.items():
        amounts = [row["amount"] for row in rows if row.get("amount") is not None]
        total = sum(amounts, Decimal("0.00"))
        average = total / len(amounts) if amounts else None
        result[key] = {
            "id": min(row["id"] for row in rows),
            "total": total,
            "orders": len(rows),
            "priced": len(amounts),
            "least": min(amounts, default=None),
            "last": max((row["ordered_on"] for row in rows), default=None),
            "average": average and average.quantize(Decimal("0.01"), "ROUND_HALF_UP"),
            "doubled": sum((row.get("double") or 0 for row in rows), Decimal(0)),
            "effort": sum((row["effort"] for row in rows if row["effort"]), dt.timedelta()),
        }
    return result


@pytest.mark.parametrize("roles", [("all",), ("own",), ("team",), ("own", "team"), ("own", "won")])
def test_a_reader_sees_what_the_orders_they_see_come_to(made: Made, roles: tuple[str, ...]) -> None:
    """Every row and cell of the groups is computed from what these roles show, and no other."""
    who = somebody(made, *roles)
    rows = every(made, "sales", who, sort=("id",))
    shown = {(id_of(r["customer"]), r["month"], r["state"]): r for r in rows}
    assert len(shown) == len(rows) > 3
    expected = computed(made, who)
    assert shown.keys() == expected.keys()
    for key, values in expected.items():
        assert {name: shown[key][name] for name in values} == values, key


def test_the_system_sees_all_and_so_does_a_view_for_the_system(made: Made) -> None:
    """`seen_by: system` adds up what its reader may not see."""
    for who in (SYSTEM, somebody(made, "own"), somebody(made, "all")):
        totals = {r["state"]: r["total"] for r in every(made, "everything", who)}
        assert totals == {
            state: sum(
                (r["amount"] or 0 for r in every(made, "order", SYSTEM) if r["state"] == state),
                Decimal(0),
            )
            for state in ("open", "won", "lost")
        }
    assert every(made, "sales", somebody(made, "blind")) == []


def test_scopes_of_a_view(made: Made) -> None:
    """Conditions through links, and those of owners, narrow a view as any object."""
    won = every(made, "sales", somebody(made, "won"))
    north = {made.customers[0], made.customers[3]}
    assert won and all(id_of(r["customer"]) in north and r["state"] == "won" for r in won)
    assert all(r["total"] > 10 and "orders" not in r for r in won)
    own = every(made, "flat", somebody(made, "own"))
    assert own and {id_of(r["owner"]) for r in own} == {made.people[0]}
    assert every(made, "flat", somebody(made, "won"))


def test_rows_of_single_records(made: Made) -> None:
    """Without groups each record is a row under its own id, with its links and options."""
    who = somebody(made, "all")
    orders = {r["id"]: r for r in every(made, "order", who) if r["amount"] is not None}
    rows = {r["id"]: r for r in every(made, "flat", who, sort=("-caption",))}
    assert rows.keys() == orders.keys()
    for id, row in rows.items():
        order = orders[id]
        assert (row["order"].id, row["caption"]) == (id, order["name"] + "!")
        assert (row["doubled"], row["state"]) == (order["amount"] * 2, order["state"])
        assert id_of(row["customer"]) == id_of(order["customer"])
    one = made.site.read("flat", min(rows), who)
    assert one.values["caption"] == rows[min(rows)]["caption"]
    assert codes(partial(made.site.read, "flat", 10_000, who)) == [("not-found", "")]


def test_hidden_cells_do_not_count(made: Made) -> None:
    """Whoever may not read the amounts gets groups without sums."""
    rows = every(made, "sales", somebody(made, "team"))
    assert {(r["total"], r["priced"], r["least"]) for r in rows} == {(Decimal(0), 0, None)}
    assert any(r["doubled"] for r in rows)
    assert every(made, "flat", somebody(made, "team")) == []  # whose condition reads the amount


def test_filters_order_counts_and_conditions(made: Made) -> None:
    """Lists of a view take what lists of other objects take."""
    who, site = somebody(made, "all"), made.site
    rows = every(made, "sales", who)
    for sort in (("-total",), ("customer", "-month"), ("state", "total"), ("last",)):
        ids = [r["id"] for r in every(made, "sales", who, sort=sort)]
        assert sorted(ids) == sorted(r["id"] for r in rows)
    totals = [r["total"] for r in every(made, "sales", who, sort=("-total",))]
    assert totals == sorted(totals, reverse=True)
    for query, fits in (
        ({"filters": {"state": "won"}}, lambda r: r["state"] == "won"),
        ({"filters": {"state": ["won", "open"]}}, lambda r: r["state"] in ("won", "open")),
        ({"filters": {"customer": None}}, lambda r: r["customer"] is None),
        ({"filters": {"month": "2026-02-01"}}, lambda r: r["month"] == dt.date(2026, 2, 1)),
        ({"where": "total > 100 and orders >= 2"}, lambda r: r["total"] > 100 and r["orders"] > 1),
        (
            {"where": 'customer.region.name == "North"'},
            lambda r: id_of(r["customer"]) in (made.customers[0], made.customers[3]),
        ),
    ):
        expected = {r["id"] for r in rows if fits(r)}
        assert {r["id"] for r in every(made, "sales", who, **query)} == expected
        for count in ("exact", "capped"):
            counted = site.page("sales", who, count=count, **query).count
            assert counted is not None and counted.value == len(expected)
    assert codes(partial(site.page, "sales", who, words="C1")) == [("view-without-search", "q")]
    assert site.page("sales", who, deleted=True).items == []


def test_groups_of_groups(made: Made) -> None:
    """The groups of a list add up a view's own sums."""
    who = somebody(made, "all")
    rows = every(made, "sales", who)
    found = grouped(made.site.reader, who, "sales", Query(), "state", ("total",))
    assert {g.key: (g.count, g.sums[0]) for g in found.groups} == {
        state: (
            sum(r["state"] == state for r in rows),
            sum((r["total"] for r in rows if r["state"] == state), Decimal(0)),
        )
        for state in {r["state"] for r in rows}
    }


def test_nobody_writes_a_view(made: Made) -> None:
    """Create, change, delete and restore are refused by name to everybody."""
    site = made.site
    refused = [("read-only-object", "")]
    for who in (SYSTEM, somebody(made, "all")):
        id = site.ids("sales", who)[0]
        for attempt in (
            partial(site.create, "sales", who, total=1),
            partial(site.update, "sales", id, who, total=1),
            partial(site.delete, "sales", id, actor=who),
            partial(site.restore, "sales", id, actor=who),
            partial(site.page, "sales", who, action="update"),
        ):
            assert codes(attempt) == refused
    lens = site.gate.lenses.lens("sales", None)
    assert [a for a in ("create", "update", "delete", "restore", "import") if lens.may(a)] == []


def test_what_goes_through_all_objects_leaves_views_out(made: Made) -> None:
    """Verifying counts stored records only; deleting a linked record asks no view."""
    assert list(verify(made.site.gate)) == []
    assert count_records(made.site.gate, ["sales", "flat"]) == 0
    spare = made.site.create("region", name="Spare")
    made.site.delete("region", spare)
    names = {t for t in made.site.application.tables.standing()}
    assert {"sales", "flat", "everything"}.isdisjoint(names)


def test_import_bulk_and_export(made: Made) -> None:
    """Importing and changing many are refused by name; exporting is reading."""
    refused = [("read-only-object", "")]
    who = somebody(made, "all")
    site = made.site

    def bulk() -> None:
        site.gate.write(
            who, lambda tx: site.gate.pass_steps(tx, "flat", "update", [Change(given={}, id=1)])
        )

    assert codes(bulk) == refused
    assert codes(partial(site.page, "flat", who, action="delete")) == refused
    assert len(site.page("sales", who, action="export").items) > 3


def test_renamed_source_fields(tmp_path: Path, database_url: str) -> None:
    """A view is no step of a plan but of its definition; it follows what its source is called."""
    before = (SITE.partition("---\nobject: flat")[0]).lstrip("\n")
    after = before.replace("  amount: {type: money}", "  worth: {type: money, was: amount}")
    after = after.replace("amount * 2", "worth * 2").replace("(amount)", "(worth)")
    databases = open_databases(database_url)
    try:
        layer = write_files(tmp_path, before)
        application = establish(databases, [layer])
        values = [{"amount": "5", "state": "open"}, {"amount": "7", "state": "won"}]
        application.gate.create(SYSTEM, "order", values)
        write_files(tmp_path, before.replace("Month of the order", "Month"))
        assert load([layer], KINDS).problems == ()
        application = establish(databases, [layer])
        write_files(tmp_path, after)
        application = establish(databases, [layer])
        found = application.reader.page(SYSTEM, "sales", Query(sort=("total",))).items
        assert [r.values["total"] for r in found] == [5, 7]
        assert [r.values["state"] for r in found] == ["open", "won"]
        kept = Query(filters={"state": "won"}, where='state == "won"')
        assert len(application.reader.page(SYSTEM, "sales", kept).items) == 1
        assert "sales" not in sa.inspect(databases.reads).get_table_names()
    finally:
        databases.dispose()
