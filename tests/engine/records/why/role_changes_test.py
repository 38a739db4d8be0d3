"""What a change of roles would do: counted before it is made, the same as found after it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assembly.effects import effects_json, lines_of
from assembly.proposing import planner
from engine.permissions.actors import Actor
from engine.problems import Refusal
from engine.records.query import Query
from engine.records.why.budget import Budget
from engine.records.why.role_changes import Effect, effects
from engine.schema.tables import Tables
from support.deals import SITE, World, populated, who
from support.small import KINDS_OF_DATABASE, loaded, small_site

AFTER = (
    SITE.replace("create: true, read: own, update: own", "read: team, update: own")
    .replace("read: team, update: team", "read: own, update: none")
    .replace("read: secretly > 30 or owner", "read: secretly > 60 or owner")
    .replace("phone: mask", "phone: read")
    .replace("sharing: true\n", "")
)
"""Own reads the team's, the team its own and changes nothing, fewer by rule, no shares."""
ROLES = ({"own"}, {"team"}, {"rule"}, {"shared"}, {"own", "shared"})


@dataclass
class Both:
    before: World
    after: World
    folder: Path


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("changes")
    (folder / "a").mkdir(), (folder / "b").mkdir()
    with small_site(request.param, folder / "a", SITE) as a:
        shared = SITE.replace("sharing: true\n", "")
        assert shared != SITE and shared != AFTER
        with small_site(request.param, folder / "b", AFTER) as b:
            yield Both(
                populated(a, random.Random(3)), populated(b, random.Random(3), shares=False), folder
            )


def people(world: World) -> list[Actor]:
    return [who(world, person, roles) for person in world.people for roles in ROLES]


def planned(both: Both) -> Tables:
    site = both.before.site
    again = loaded(both.folder / "new", AFTER)
    with site.databases.reading() as connection:
        return planner(again)(connection).target.tables


def held(world: World, actor: Actor, action: str) -> set[int]:
    try:
        page = world.site.reader.page(actor, "deal", Query(action=action, limit=100))
    except Refusal:
        return set()
    return {item.id for item in page.items}


def found(both: Both, budget: Budget | None = None) -> list[Effect]:
    return effects(both.before.site.gate, planned(both), people(both.before), budget)


@pytest.mark.parametrize("action", ["read", "update", "export"])
def test_counts_are_what_is_found_after(both: Both, action: str) -> None:
    """People and records that gain or lose, per action, as a world with the new roles has them."""
    told = {effect.action: effect for effect in found(both) if effect.object.name == "deal"}
    pairs = list(zip(people(both.before), people(both.after), strict=True))
    for way, first, second in (("gains", 0, 1), ("loses", 1, 0)):
        moved = [
            held((both.before, both.after)[second], pair[second], action)
            - held((both.before, both.after)[first], pair[first], action)
            for pair in pairs
        ]
        gaining = {pair[0] for pair, rows in zip(pairs, moved, strict=True) if rows}
        delta = getattr(told[action], way) if action in told else None
        assert set(delta.people if delta else ()) == gaining
        if delta and delta.rows is not None and delta.rows.exact:
            assert delta.rows.value == len(set().union(*moved))
        elif delta:
            assert delta.rows is not None and delta.rows.value >= len(set().union(*moved))


def test_fields_and_plain_actions(both: Both) -> None:
    """A mask that becomes a value, and records that can no longer be created, are told."""
    told = found(both)
    english = list(lines_of(told, "en"))
    assert "deal: Phone becomes readable for 5 people (was masked)" in english
    assert any(line.startswith("− deal may no longer be created by 10 people") for line in english)
    chinese = list(lines_of(told, "zh"))
    assert "deal：Phone对 5 人变为可查看（原为掩码）" in chinese
    data = effects_json(told, "en")
    create = next(one for one in data if one.get("action") == "create")
    assert create["loses"]["people"] == 10


def test_no_time_left(both: Both) -> None:
    """Without time nothing is counted, and it is said so."""
    told = [one for one in found(both, Budget(0, 1)) if one.action == "read"]
    assert told and told[0].gains.rows is None
    assert "? (not counted) deal readable for" in "\n".join(lines_of(told, "en"))


def test_nothing_changes(both: Both) -> None:
    """The same definitions have no effect."""
    site = both.before.site
    assert effects(site.gate, site.application.tables, people(both.before)) == []
