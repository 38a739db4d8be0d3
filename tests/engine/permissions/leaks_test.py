"""Nothing that an actor may not see can be told from any answer (rules 27 and 31).

Roles, people and records are made up; which rows and cells each role shows is worked out in
Python, apart from the engine, and compared with every way of asking: lists, values, counts,
filters, conditions, orders, words, titles, conflicts and refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from engine.permissions.actors import SYSTEM, Actor
from engine.permissions.lens import Lens
from engine.records.reading import Linked
from support.leak_checks import check_conditions, check_filters, check_orders, check_words
from support.leak_definitions import BUNDLES, LINKS, OWN, Row, definitions
from support.leak_world import World, populated
from support.small import KINDS_OF_DATABASE, codes, refusal, small_site


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with small_site(request.param, tmp_path_factory.mktemp("leaks"), definitions()) as site:
        yield populated(site)


def check_lists(world: World, who: Actor) -> None:
    """Rows, values, titles and counts."""
    for object in ("client", "item", "region"):
        wanted = world.visible(who, object)
        if not world.site.gate.lenses.lens(object, who.roles).may("read"):
            assert wanted == []
            assert codes(lambda o=object: world.site.page(o, who)) == [("forbidden", "")]
            continue
        page = world.site.page(object, who, sort=("id",), limit=100, count="exact")
        assert [record.id for record in page.items] == [row["id"] for row in wanted], object
        assert page.count is not None and page.count.value == len(wanted)
        capped = world.site.page(object, who, limit=1, count="capped").count
        assert capped is not None and (capped.value, capped.exact) == (len(wanted), True)
        for record, row in zip(page.items, wanted, strict=True):
            check_record(world, who, object, record.values, row)
            if object == "client":
                check_record(
                    world, who, object, world.site.read(object, row["id"], who).values, row
                )


def check_record(world: World, who: Actor, object: str, values: Row, row: Row) -> None:
    for name, value in values.items():
        assert name in ("id", "version") or world.sees_field(who, object, name), (object, name)
        if name == "items":
            lines = [r for r in world.rows["item"] if r["client"] == row["id"]]
            lines = [line for line in lines if world.sees_row(who, "item", line)]
            assert [line.id for line in value] == [line["id"] for line in lines]
            for shown, line in zip(value, lines, strict=True):
                check_record(world, who, "item", shown.values, line)
            continue
        visible = world.sees_cell(who, object, row, name) or name in ("id", "version")
        if isinstance(value, Linked):
            assert visible and row[name] is not None
            target = LINKS.get((object, name), "person")
            open_ = world.sees_row(who, target, world.row(target, row[name]))
            assert value.restricted is not open_, (name, row)
            assert value.id == (row[name] if open_ else None)
            assert value.title == (title(world, who, target, row[name]) if open_ else None)
        else:
            assert value == (row[name] if visible else None), (object, name, row["id"])


def title(world: World, who: Actor, object: str, id: int) -> str:
    if object == "person":
        return f"p{[row['id'] for row in world.rows['person']].index(id)}"
    row = world.row(object, id)
    name = world.seen(who, object, row, "name")
    if name is None and row["name"] and world.sees_mask(who, object, row, "name"):
        return "••••"
    return name if name is not None else f"#{id}"


def check_masks(world: World, who: Actor) -> None:
    """A mask stands where a single role shows it on that row, and none shows the value."""
    for object in ("client", "item", "region"):
        if not world.visible(who, object):
            continue
        page = world.site.page(object, who, sort=("id",), limit=100, masks=True)
        for record, row in zip(page.items, world.visible(who, object), strict=True):
            for name in OWN[object]:
                if name == "items" or world.sees_cell(who, object, row, name):
                    continue
                shown = row[name] is not None and world.sees_mask(who, object, row, name)
                wanted = "••••" if shown else None
                value = record.values.get(name)
                if wanted and isinstance(row[name], str) and len(row[name]) >= 8:
                    wanted += row[name][-4:] if name != "kind" else ""
                assert value == wanted, (object, name, row["id"])


def check_refusals(world: World, who: Actor) -> None:
    """What is hidden answers as if it did not exist, and a conflict does not tell with whom."""
    site = world.site
    for row in world.rows["client"]:
        id = row["id"]
        if not world.sees_row(who, "client", row):
            for act in (
                lambda id: site.read("client", id, who),
                lambda id: site.update("client", id, who, name="x"),
                lambda id: site.delete("client", id, actor=who),
                lambda id: site.gate.update(who, "client", id, {"name": "x"}, version=99),
            ):
                there = refusal(lambda a=act, i=id: a(i)).replace(str(id), "N")
                assert there == refusal(lambda a=act: a(98765)).replace("98765", "N")
    if "creator" not in who.roles:
        return
    for row in world.rows["client"]:
        if row["code"] is None:
            continue
        text = refusal(lambda r=row: site.create("client", who, name="new", code=r["code"]))
        if world.sees_cell(who, "client", row, "code"):
            name = world.seen(who, "client", row, "name") or f"#{row['id']}"
            assert text.startswith("not-unique") and text.endswith(f"used by {name}")
        else:
            assert (
                text
                == f"not-available Code {row['code']!r} is not available (choose another value)"
            )
            assert codes(lambda r=row: site.create("client", who, friend=r["code"])) == [
                ("link-not-found", "friend")
            ]
        if not world.sees_row(who, "client", row):
            for word in (row["id"], row["name"], row["number"]):
                found = codes(lambda w=word: site.create("client", who, name="new", friend=w))
                assert found == [("link-not-found", "friend")]


CHECKS = (
    check_lists, check_filters, check_conditions, check_orders, check_words, check_refusals,
    check_masks,
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(BUNDLES)))
@pytest.mark.parametrize("check", CHECKS)
def test_no_leak(world: World, number: int, check: Callable[[World, Actor], None]) -> None:
    """The engine's answer is the oracle's."""
    who = world.actors[number]
    slow = check in (check_filters, check_conditions, check_orders)
    if slow and (number % 3 or number > 7) and world.site.gate.dialect == "postgresql":
        return  # the predicates are the same: some of them will do on the second database
    if not world.site.gate.lenses.lens("client", who.roles).may("read") and check not in (
        check_lists, check_refusals,
    ):  # fmt: skip
        assert codes(lambda: world.site.page("client", who)) == [("forbidden", "")]
    else:
        check(world, who)


def test_stale_names_are_those_one_may_read(world: World) -> None:
    """A conflict of versions names no field that is hidden on this very record."""
    site = world.site
    row = next(r for r in world.rows["client"] if (r["amount"] or 0) in (15, 25))
    who = Actor(person=None, roles=frozenset({"little", "above20"}))
    site.update("client", row["id"], SYSTEM, code=f"{row['code']}x", name=row["name"] + "x")
    text = refusal(lambda: site.gate.update(who, "client", row["id"], {}, version=1))
    assert ("Code" in text) is world.sees_cell(who, "client", row, "code")
    assert "Name" in text
    site.update("client", row["id"], SYSTEM, code=row["code"], name=row["name"])


@pytest.mark.parametrize(
    ("planted", "checks"),
    [
        ("cell", (check_lists, check_filters, check_orders, check_words)),
        ("rows", (check_lists, check_refusals)),
    ],
)
def test_a_planted_leak_is_found(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    planted: str,
    checks: tuple[Callable[[World, Actor], None], ...],
) -> None:
    """Where masks or row conditions are left out, each of these checks fails for somebody."""
    with small_site("sqlite", tmp_path_factory.mktemp("planted"), definitions()) as site:
        world = populated(site)
        monkeypatch.setattr(Lens, planted, lambda *args: None)
        for check in checks:
            found = 0
            for who in world.actors[:3]:
                try:
                    check(world, who)
                except AssertionError:
                    found += 1
            assert found, check.__name__
