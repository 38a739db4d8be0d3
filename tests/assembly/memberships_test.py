"""Where people stand: several departments, further reporting lines and teams, each with days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from assembly.organisation import placed, signature
from engine.permissions.actors import Actor
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, loaded, small_site

RELATIONS = """
people:
  object: person
  department: department
  manager: manager
  account: account
  reports: {object: reporting, to: boss, from: since, until: until}
memberships: {object: membership, from: since, until: until}
teams: {object: squad, members: {object: squad_member, team: squad, until: until}}
"""
OBJECTS = """
object: reporting
number: "R-{seq}"
owned: false
fields:
  person: {type: link, to: person}
  boss: {type: link, to: person}
  since: {type: date}
  until: {type: date}
---
object: membership
owned: false
fields:
  person: {type: link, to: person, required: true}
  department: {type: link, to: department}
  since: {type: date}
  until: {type: date}
---
object: squad
owned: false
fields:
  name: {type: text}
  people: {type: lines, of: squad_member}
---
object: squad_member
owned: false
fields:
  squad: {type: link, to: squad, required: true}
  person: {type: link, to: person}
  until: {type: date}
---
object: deal
fields:
  name: {type: text}
---
role: here
grants:
  deal: {read: department, fields: {"*": read}}
---
role: below
grants:
  deal: {read: department_and_below, fields: {"*": read}}
---
role: boss
grants:
  deal: {read: team, fields: {"*": read}}
"""
_SIMPLE = "people: {object: person, department: department, manager: manager, account: account}\n"
_LINES = "  memberships: {type: lines, of: membership}\n"
SITE = PEOPLE.replace(_SIMPLE, RELATIONS.lstrip("\n")) + _LINES + "---\n" + OBJECTS


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("memberships"), SITE) as made:
        yield made


def who(site: SmallSite, person: int, *roles: str) -> Actor:
    with site.databases.reading() as connection:
        return placed(site.gate, connection, Actor(roles=frozenset(roles)), person)


def day(site: SmallSite, n: int | None) -> dt.date | None:
    today = site.clock().astimezone(site.gate.zone).date()
    return None if n is None else today + dt.timedelta(days=n)


def test_lines_of_reporting(site: SmallSite) -> None:
    """Solid and dotted lines make one team, as far as they count today; circles do no harm."""
    ann, bob, cid, dan, eve = (site.create("person", name=n) for n in "abcde")
    site.update("person", cid, manager=bob)
    site.update("person", eve, manager=dan)
    line = site.create("reporting", person=bob, boss=ann, since=day(site, 0), until=day(site, 0))
    site.create("reporting", person=dan, boss=bob)
    site.create("reporting", person=ann, boss=cid, since=day(site, 1))
    site.create("reporting", person=bob, boss=eve)
    assert who(site, ann).team == (ann, bob, cid, dan, eve)
    assert who(site, dan).team == (bob, cid, dan, eve)
    assert who(site, cid).team == (cid,)
    deals = [site.create("deal", name="d", owner=owner) for owner in (ann, cid, eve)]
    assert site.ids("deal", who(site, dan, "boss")) == deals[1:]
    site.update("reporting", line, until=day(site, -1), since=None)
    assert who(site, ann).team == (ann,)
    site.delete("reporting", line)
    assert site.ids("deal", who(site, ann, "boss")) == deals[:1]


@pytest.mark.parametrize(
    ("since", "until", "counts"),
    [(None, None, True), (0, 0, True), (1, None, False), (None, -1, False), (-3, 3, True)],
)
def test_departments(site: SmallSite, since: Any, until: Any, counts: bool) -> None:
    """All departments of today count for the scopes; the main one always does."""
    top = site.create("department", name="top")
    main, other = (site.create("department", name=n, parent=top) for n in "mo")
    inner = site.create("department", name="i", parent=other)
    line = {"department": other, "since": day(site, since), "until": day(site, until)}
    person = site.create("person", name="p", department=main, memberships=[line])
    found = who(site, person)
    assert found.department == main
    assert found.memberships == ((main, other) if counts else (main,))
    assert found.departments == ((main, other, inner) if counts else (main,))
    assert found.above == (top,)
    deals = []
    for place in (main, other, inner, top):
        owner = site.create("person", name="o", department=place)
        deals.append(site.create("deal", name="d", owner=owner))
    assert site.ids("deal", who(site, person, "here")) == deals[: 2 if counts else 1]
    assert site.ids("deal", who(site, person, "below")) == deals[: 3 if counts else 1]


def test_teams_and_signature(site: SmallSite) -> None:
    """Whoever is in a team today is in it; what changes it, or the day, is noticed."""

    def now() -> Any:
        with site.databases.reading() as connection:
            return signature(site.gate, connection)

    person = site.create("person", name="p")
    seen = [now()]
    squad = site.create("squad", name="s", people=[{"person": person, "until": day(site, 0)}])
    assert who(site, person).teams == (squad,)
    seen.append(now())
    (line,) = site.read("squad", squad).values["people"]
    site.update("squad", squad, people=[{"id": line.id, "until": day(site, -1)}])
    assert who(site, person).teams == ()
    seen.append(now())
    department = site.create("department", name="d")
    site.update("person", person, memberships=[{"department": department}])
    seen.append(now())
    site.clock.now += dt.timedelta(days=1)
    seen.append(now())
    site.clock.now -= dt.timedelta(days=1)
    assert len(set(seen)) == len(seen)


def test_relations_that_mean_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Names that are no objects, links or dates are told with their place."""
    text = SITE.replace("to: boss", "to: chief")
    text = text.replace("object: membership, from: since", "object: nothing")
    text = text.replace("team: squad, until: until", "team: person, until: person")
    found = loaded(tmp_path_factory.mktemp("bad"), text)
    assert sorted(p.code for p in found.problems) == [
        "relation-field", "relation-field", "unknown-field", "unknown-object",
    ]  # fmt: skip
