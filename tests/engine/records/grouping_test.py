"""Groups of a list: counts and sums by one statement, as the actor sees the records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Refusal
from engine.records import grouping
from engine.records.grouping import grouped, order_of
from engine.records.query import Query
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, small_site

SITE = (
    PEOPLE
    + """---
object: firm
owned: true
fields:
  name: {type: text}
---
object: deal
owned: true
fields:
  name: {type: text}
  kind: {type: choice, options: {a: A, b: B}}
  firm: {type: link, to: firm}
  day: {type: date}
  hot: {type: boolean}
  amount: {type: money}
  cost: {type: money, restricted: true}
---
role: seller
grants:
  firm: {read: own, fields: {"*": read}}
  deal: {read: all, fields: {"*": read}}
---
role: clerk
grants:
  deal: {read: all, fields: {name: read}}
"""
)


@dataclass
class Floor:
    """A site, and who asks."""

    site: SmallSite
    actors: dict[str, Actor]


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def floor(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Floor]:
    """Four deals: two with a firm that the seller sees, one with another, one with none."""
    folder = tmp_path_factory.mktemp("grouping")
    with small_site(request.param, folder, SITE) as made:
        people = [made.create("person", name=name) for name in "AB"]
        firms = [
            made.create("firm", name=name, owner=person)
            for name, person in zip(("Seen", "Hidden"), people, strict=True)
        ]
        for number, (kind, firm, day, hot) in enumerate(
            (("a", firms[0], "2026-01-05", True), ("b", firms[0], "2026-01-20", False),
             ("a", firms[1], "2026-02-01", True), (None, None, None, None))
        ):  # fmt: skip
            made.create(
                "deal", name=f"d{number}", kind=kind, firm=firm, day=day, hot=hot,
                amount=str(10 ** number), cost="1",
            )  # fmt: skip
        yield Floor(made, {"system": SYSTEM, "seller": actor(people[0], "seller"),
                           "clerk": actor(people[1], "clerk")})  # fmt: skip


def groups(floor: Floor, by: str, *sums: str, who: str = "seller", **query: Any) -> dict[Any, Any]:
    """Count and sums by key."""
    asked = Query(fields=("id",), sort=("id",), **query)
    found = grouped(floor.site.reader, floor.actors[who], "deal", asked, by, sums)
    assert found.exact
    return {g.key: (g.count, *g.sums) for g in found.groups}


def test_values(floor: Floor) -> None:
    """By choice, by yes and no, by month; what has no value is a group too."""
    assert groups(floor, "kind", "amount") == {
        "a": (2, Decimal(101)), "b": (1, Decimal(10)), None: (1, Decimal(1000)),
    }  # fmt: skip
    assert {k: v[0] for k, v in groups(floor, "hot").items()} == {True: 2, False: 1, None: 1}
    months = groups(floor, "day", "amount", "cost", who="system")
    assert months["2026-01"] == (2, Decimal(11), Decimal(2))
    assert months["2026-02"] == (1, Decimal(100), Decimal(1))


def test_conditions_and_all(floor: Floor) -> None:
    """The query's conditions hold; without a field there is one group of all."""
    assert groups(floor, "", "amount") == {0: (4, Decimal(1111))}
    assert groups(floor, "kind", where="amount > 5", filters={"kind": "a"}) == {"a": (1,)}


def test_links(floor: Floor) -> None:
    """A link by its title; one to a record that the actor may not see counts as empty."""
    asked = Query(fields=("id",), sort=("id",))
    found = grouped(floor.site.reader, floor.actors["seller"], "deal", asked, "firm", ())
    assert sorted((g.title, g.count) for g in found.groups) == [("", 2), ("Seen", 2)]
    found = grouped(floor.site.reader, SYSTEM, "deal", asked, "firm", ())
    assert sorted(g.title for g in found.groups) == ["", "Hidden", "Seen"]


def test_refused(floor: Floor) -> None:
    """Fields that the actor may not read are neither grouped by nor added up."""
    for who, by, sums in (("seller", "kind", ["cost"]), ("clerk", "kind", []), ("seller", "x", [])):
        with pytest.raises(Refusal):
            grouped(floor.site.reader, floor.actors[who], "deal", Query(fields=("id",)), by, sums)


def test_cap(floor: Floor) -> None:
    """Beyond the cap the answer says that it is not exact."""
    asked = Query(fields=("id",), sort=("id",))
    found = grouped(floor.site.reader, SYSTEM, "deal", asked, "kind", (), most=3)
    assert not found.exact and sum(g.count for g in found.groups) == 4
    assert grouping.MOST == 10_000


def test_order(floor: Floor) -> None:
    """Options as declared and nothing last, months falling."""
    fields = floor.site.gate.catalog.objects["deal"].fields
    asked = Query(fields=("id",), sort=("id",))
    for by, keys in (("kind", ["a", "b", None]), ("day", ["2026-02", "2026-01", None])):
        found = grouped(floor.site.reader, SYSTEM, "deal", asked, by, ())
        assert [g.key for g in order_of(fields[by], found.groups)] == keys
