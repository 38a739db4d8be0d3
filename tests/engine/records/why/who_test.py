"""Who may see a record: the very people whom the gate shows it to, in one statement a role set."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from assembly.explaining import why
from engine.permissions.actors import SYSTEM, Actor, Principal
from engine.problems import Refusal
from engine.records.query import Query
from engine.records.why.who import Holder, holders
from support.deals import ROLES, SITE, World, populated, who
from support.small import KINDS_OF_DATABASE, small_site

BUNDLES = [{role} for role in ROLES] + [{"own", "rule"}, {"team", "shared"}, {"blind", "own"}]


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with small_site(request.param, tmp_path_factory.mktemp("who"), SITE) as site:
        yield populated(site, random.Random(8))


def asked(world: World, actors: list[Actor], action: str, deal: int) -> list[Holder]:
    gate = world.site.gate
    with world.site.databases.reading() as connection:
        return holders(gate, connection, actors, action, "deal", deal)


@pytest.mark.parametrize("action", ["read", "update", "export"])
def test_the_people_whom_the_gate_shows_it_to(world: World, action: str) -> None:
    """For every live record and every person with every bundle of roles."""
    actors = [who(world, person, roles) for person in world.people for roles in BUNDLES]
    seen = {actor: may(world, actor, action) for actor in actors}
    for deal in world.deals[:10]:
        found = {one.actor for one in asked(world, actors, action, deal)}
        assert found == {actor for actor in actors if deal in seen[actor]}, deal


def may(world: World, actor: Actor, action: str) -> set[int]:
    try:
        page = world.site.reader.page(actor, "deal", Query(action=action, limit=100))
    except Refusal:
        return set()
    return {item.id for item in page.items}


def test_each_is_told_by_what(world: World) -> None:
    """Scopes by role, shares and memberships by their names, everything that applies."""
    actors = [who(world, person, {"own", "team"}) for person in world.people]
    found = [one for deal in world.deals[:10] for one in asked(world, actors, "read", deal)]
    assert {way for one in found for way in one.ways} == {"scope", "share", "member"}
    told = {reason.in_("en") for one in found for reason in one.reasons}
    assert "own: their own records" in told and "shared with them" in told
    assert {"own：本人记录", "已共享给此人"} <= {r.in_("zh") for one in found for r in one.reasons}


def test_deputies_see_what_their_principals_see(world: World) -> None:
    """Who stands in for somebody is listed by that, and `why` names it."""
    principal = who(world, world.people[0], {"own"})
    alone = who(world, world.people[2], {"own"})
    deputy = alone.standing_in((Principal(principal, rows=True, approvals=False),))
    mine, theirs = (may(world, one, "read") for one in (alone, deputy))
    assert theirs > mine
    for deal in world.deals[:10]:
        found = asked(world, [alone, deputy], "read", deal)
        assert {one.actor for one in found} == {
            actor for actor, rows in ((alone, mine), (deputy, theirs)) if deal in rows
        }
        decision = why(world.site.application, SYSTEM, deputy, "read", "deal", deal)
        assert decision.allowed is (deal in theirs)
    gained = next(iter(theirs - mine))
    (by,) = [one for one in asked(world, [deputy], "read", gained)]
    assert by.ways == ("deputy",)


def test_a_line_is_seen_with_its_record(world: World) -> None:
    """Of lines those count who see the record and a field of the lines."""
    gate = world.site.gate
    roles = [{"own"}, {"rule"}, {"team"}]
    actors = [who(world, person, one) for person in world.people for one in roles]
    line = world.site.ids("helper")[0]
    with world.site.databases.reading() as connection:
        found = {one.actor for one in holders(gate, connection, actors, "read", "helper", line)}
    shown = {actor for actor in actors if line in lines_of(world, actor)}
    assert found == shown and shown


def lines_of(world: World, actor: Actor) -> set[int]:
    try:
        return set(world.site.ids("helper", actor))
    except Refusal:
        return set()


def test_a_thousand_people(world: World) -> None:
    """One statement for each set of roles and a few besides, however many people there are."""
    real = [who(world, person, {"own"}) for person in world.people]
    actors = [
        replace(real[n % 5], name=f"n{n}", roles=frozenset(BUNDLES[n % len(BUNDLES)]), team=(n,))
        for n in range(1_000)
    ]
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    engine = world.site.databases.reads
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        began = time.process_time()
        found = asked(world, actors, "read", world.deals[3])
        spent = time.process_time() - began
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    assert found and len(statements) <= len(BUNDLES) + 3
    print(f"1,000 people, {len(BUNDLES)} sets of roles: {spent * 1_000:.0f} ms of CPU")
