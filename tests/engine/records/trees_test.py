"""Trees: paths are kept right through every change, circles are refused, the language follows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa

from engine.expressions.trees import ids_on
from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.changes import UPDATE, Change
from engine.records.transaction import Transaction
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, codes, refusal, small_site

REGIONS = (
    PEOPLE.replace(
        "  manager: {type: link, to: person, on_delete: clear}",
        "  manager: {type: link, to: person, on_delete: clear}\n  region: {type: link, to: region}",
    )
    + """
---
object: region
owned: false
fields:
  name: {type: text, required: true}
  above: {type: parent}
  customers: {type: related, of: customer, by: region}
  level: {type: integer, formula: level(this)}
  top: {type: text, formula: root(this).name}
  depth: {type: integer, formula: count(r for r in descendants(this))}
  way: {type: integer, formula: count(r for r in ancestors(this))}
---
object: customer
owned: false
fields:
  name: {type: text, required: true}
  region: {type: link, to: region}
  second: {type: link, to: region}
  inside: {type: boolean, formula: "under(second, region)"}
checks:
  - that: second is empty or under(second, root(region))
    say: {en: Of another tree, zh: 不同的树}
---
role: seller
grants:
  customer:
    read: under(region, user.region)
    fields: {"*": read}
  region: {read: all, fields: {"*": read}}
  person: {read: all, fields: {"*": read}}
---
role: blind
grants:
  customer: {read: all, fields: {"*": read}}
  region: {read: all, fields: {name: read}}
"""
)


@pytest.fixture(params=KINDS_OF_DATABASE, scope="module")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("trees"), REGIONS) as small:
        yield small


def hang(site: SmallSite, **above: str | None) -> dict[str, int]:
    """Regions by name, each under the one named before it."""
    ids: dict[str, int] = {}
    for name, parent in above.items():
        ids[name] = site.create("region", name=name, above=ids.get(parent or ""))
    return ids


def chain(site: SmallSite, id: int) -> list[int]:
    """The ids on a region's stored path."""
    table = site.application.tables.table("region")
    with site.databases.reading() as connection:
        return ids_on(connection.scalar(sa.select(table.c.above__p).where(table.c.id == id)) or "")


def test_moving_a_branch(site: SmallSite) -> None:
    """A branch that moves takes everything below it along, at any depth."""
    at = hang(site, china=None, north="china", beijing="north", haidian="beijing", asia=None)
    site.update("region", at["north"], above=at["asia"])
    assert chain(site, at["haidian"]) == [at[n] for n in ("asia", "north", "beijing", "haidian")]
    assert site.values("region", at["haidian"], "level", "top", "way") == [4, "asia", 3]
    assert site.values("region", at["asia"], "level", "depth") == [1, 3]
    site.update("region", at["beijing"], above=None)
    assert chain(site, at["haidian"]) == [at["beijing"], at["haidian"]]


def test_a_circle_is_refused_by_name(site: SmallSite) -> None:
    """Under itself, under its child, and through two moves of one batch, with the whole way."""
    at = hang(site, a=None, b="a", c="b")
    for name, under in (("a", "a"), ("a", "b"), ("a", "c"), ("b", "c")):
        found = codes(lambda n=name, u=under: site.update("region", at[n], above=at[u]))
        assert found == [("hierarchy-cycle", "above")]
    told = refusal(lambda: site.update("region", at["a"], above=at["c"]))
    assert f"a → #{at['c']} → #{at['b']} → a" in told


def test_two_moves_of_one_batch(site: SmallSite) -> None:
    """Each move alone would be fine; together they close a circle."""
    at = hang(site, a=None, b=None)

    def both(values: Mapping[str, str]) -> None:
        def work(tx: Transaction) -> None:
            changes = [Change(given={"above": at[v]}, id=at[k]) for k, v in values.items()]
            site.gate.pass_steps(tx, "region", UPDATE, changes)

        site.gate.write(SYSTEM, work)

    assert {c for c, _ in codes(lambda: both({"a": "b", "b": "a"}))} == {"hierarchy-cycle"}
    at |= hang(site, c=None)
    both({"a": "b", "b": "c"})
    assert chain(site, at["a"]) == [at["c"], at["b"], at["a"]]


def test_a_record_with_others_below_is_not_deleted(site: SmallSite) -> None:
    """Without a word about it, deletion is refused while something stands below."""
    at = hang(site, a=None, b="a")
    assert codes(lambda: site.delete("region", at["a"]))[0][0] == "still-used"
    site.delete("region", at["b"])
    site.delete("region", at["a"])


def test_two_sides_of_the_row(site: SmallSite) -> None:
    """`under(second, region)` in a formula, a check and a filter."""
    at = hang(site, a=None, b="a", c="b", z=None)
    yes = site.create("customer", name="yes", region=at["a"], second=at["c"])
    no = site.create("customer", name="no", region=at["c"], second=at["a"])
    same = site.create("customer", name="same", region=at["c"], second=at["c"])
    none = site.create("customer", name="none", region=at["a"])
    wanted = f"id in [{yes}, {no}, {same}, {none}]"
    assert site.ids("customer", where=f"under(second, region) and {wanted}") == [yes, same]
    assert site.ids("customer", where=f"not under(second, region) and {wanted}") == [no, none]
    assert site.values("customer", yes, "inside") == [True]
    assert site.ids("customer", where=f"level(region) == 3 and {wanted}") == [no, same]
    assert site.ids("customer", where=f'root(region).name == "a" and {wanted}') == [
        yes,
        no,
        same,
        none,
    ]
    some = 'exists(r for r in ancestors(region) if r.name == "b")'
    assert site.ids("customer", where=f"{some} and {wanted}") == [no, same]
    assert codes(lambda: site.create("customer", name="x", region=at["a"], second=at["z"]))


def test_a_scope_over_a_branch(site: SmallSite) -> None:
    """Who has a region sees the customers of all regions below, also after a move."""
    at = hang(site, a=None, b="a", c="b", z=None)
    ids = {n: site.create("customer", name=n, region=at[n]) for n in "abcz"}
    person = site.create("person", name="Wang", region=at["b"])
    seller = actor(person, "seller")
    wanted = {"where": f"id in {list(ids.values())}"}
    assert site.ids("customer", seller, **wanted) == [ids["b"], ids["c"]]
    site.update("region", at["c"], above=at["z"])
    assert site.ids("customer", seller, **wanted) == [ids["b"]]


def test_who_may_not_read_the_link(site: SmallSite) -> None:
    """Without the link, the tree says nothing: neither level nor branch."""
    at = hang(site, a=None, b="a")
    site.create("customer", name="x", region=at["b"])
    for where in ("level(region) == 2", "under(region, second)", "root(region) is empty"):
        assert codes(lambda w=where: site.ids("customer", actor(None, "blind"), where=w))


def test_any_moves_keep_every_path(site: SmallSite) -> None:
    """After any moves, deletions and restores, what is stored is what following links gives."""
    chance = random.Random(7)
    ids = [site.create("region", name=f"r{i}") for i in range(12)]
    for _ in range(60):
        moved, above = chance.choice(ids), chance.choice([*ids, None])
        try:
            site.update("region", moved, above=above)
        except Refusal as refused:
            assert refused.problems[0].code == "hierarchy-cycle"
    links = {id: site.values("region", id, "above")[0] for id in ids}
    for id in ids:
        way = [id]
        while links[way[-1]] is not None:
            way.append(links[way[-1]])
        assert chain(site, id) == way[::-1]


def test_moves_at_once(tmp_path: Path) -> None:
    """Of two people who move two records under each other, one is refused."""
    with small_site("postgresql", tmp_path, REGIONS) as site:
        at = hang(site, a=None, b=None)
        start, told = Barrier(2), []

        def move(one: str, other: str) -> None:
            start.wait()
            try:
                site.update("region", at[one], above=at[other])
            except Refusal as refused:
                told.append(refused.problems[0].code)

        threads = [Thread(target=move, args=pair) for pair in (("a", "b"), ("b", "a"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert told == ["hierarchy-cycle"]
