"""What people are told about themselves: nothing that they cannot read."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from assembly.explaining import why
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Refusal
from engine.records.why.findings import Decision, Finding
from support.deals import SITE, World, populated, who
from support.small import KINDS_OF_DATABASE, small_site


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with small_site(request.param, tmp_path_factory.mktemp("told"), SITE) as site:
        yield populated(site, random.Random(5))


def asked(world: World, asker: Actor, deal: int, action: str = "update") -> Decision:
    return why(world.site.application, asker, asker, action, "deal", deal)


def leaves(decision: Decision) -> list[Finding]:
    waiting, found = list(decision.findings), list[Finding]()
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += one.parts
    return found


def test_parts_that_read_something_hidden_are_not_told(world: World) -> None:
    """Whether `secretly > 60` holds is no business of who cannot read it; the answer stands."""
    told = 0
    for person in world.people:
        asker = who(world, person, {"own", "rule"})
        for deal in world.deals[:10]:
            decision = asked(world, asker, deal)
            full = why(world.site.application, SYSTEM, asker, "update", "deal", deal)
            if decision.record is None:
                continue
            assert decision.allowed is full.allowed
            for one in leaves(decision):
                if one.text.in_("en").startswith("secretly") and not one.parts:
                    told += 1
                    assert one.holds is None and one.values is not None
                    assert one.values.in_("en") == "Secretly: (not shown)"
    assert told


def test_what_cannot_be_seen_is_not_there(world: World) -> None:
    """Somebody else's record and no record: the same answer, by as many statements."""
    asker = who(world, world.people[2], {"own"})
    unseen = [d for d in world.deals[:10] if asked(world, asker, d, "read").record is None]
    assert unseen
    for action in ("read", "update", "delete"):
        gone, many = counted(world, asker, 99_999, action)
        for deal in unseen:
            found, as_many = counted(world, asker, deal, action)
            assert (found, as_many) == (gone, many)
    by_administrator = why(world.site.application, SYSTEM, asker, "read", "deal", unseen[0])
    assert by_administrator.record == unseen[0] and not by_administrator.allowed


def counted(world: World, asker: Actor, deal: int, action: str) -> tuple[Decision, int]:
    statements: list[object] = []

    def note(*arguments: object) -> None:
        statements.append(arguments[2])

    engine = world.site.databases.reads
    asked(world, asker, deal, action)
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        return asked(world, asker, deal, action), len(statements)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_hidden_fields_are_unknown(world: World) -> None:
    """A field that is hidden everywhere answers like one that does not exist."""
    asker = who(world, world.people[0], {"own"})
    problems = []
    for name in ("secretly", "twise"):
        with pytest.raises(Refusal) as refused:
            why(world.site.application, asker, asker, "read", "deal", world.deals[0], name)
        problems.append(refused.value.problems[0].code)
    assert problems == ["unknown-field", "unknown-field"]


def test_only_the_owner_is_named(world: World) -> None:
    """Who else may do it can follow from hidden fields: about oneself no more than the owner."""
    people = [who(world, one, {"own", "rule"}) for one in world.people]
    named = set()
    for asker in (who(world, one, {"shared"}) for one in world.people):
        for deal in world.deals[:10]:
            decision = why(
                world.site.application, asker, asker, "update", "deal", deal, people=people
            )
            assert not decision.proposals and len(decision.ask) <= 1
            named |= {one.person for one in decision.ask}
    assert not named  # this role shows neither owners nor people


def test_actions_that_are_about_no_field(world: World) -> None:
    """Records are deleted as a whole."""
    asker = who(world, world.people[0], {"own"})
    with pytest.raises(Refusal) as refused:
        why(world.site.application, SYSTEM, asker, "delete", "deal", world.deals[0], "name")
    assert refused.value.problems[0].code == "why-field-action"
