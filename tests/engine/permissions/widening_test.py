"""Dated memberships, shares, members and deputies together, in a made-up world.

Who may read and change what is worked out in Python from the rows as they were written, apart
from the engine, and compared for every person, bundle of roles and record.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from assembly.deputising import deputising
from assembly.organisation import placed
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Refusal
from engine.records.deputies import deputies_of, name_deputy, revoke_deputy
from engine.records.sharing import share, unshare
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, small_site

RELATIONS = """
people:
  object: person
  department: department
  manager: manager
  account: account
  reports: {object: reporting, to: boss, from: since, until: until}
memberships: {object: membership, from: since, until: until}
teams: {object: squad, members: {object: squad_member, team: squad, from: since, until: until}}
"""
DAYS = "  since: {type: date}\n  until: {type: date}\n"
OBJECTS = f"""
object: reporting
owned: false
number: "R-{{seq}}"
fields:
  person: {{type: link, to: person}}
  boss: {{type: link, to: person}}
{DAYS}---
object: membership
owned: false
number: "M-{{seq}}"
fields:
  person: {{type: link, to: person}}
  department: {{type: link, to: department}}
{DAYS}---
object: squad
owned: false
fields:
  name: {{type: text}}
  people: {{type: lines, of: squad_member}}
---
object: squad_member
owned: false
fields:
  squad: {{type: link, to: squad, required: true}}
  person: {{type: link, to: person}}
{DAYS}---
object: deal
sharing: true
members:
  lines: helpers
  person: person
  role: role
  from: since
  until: until
  rights: {{lead: write, support: read}}
fields:
  name: {{type: text}}
  helpers: {{type: lines, of: helper}}
---
object: helper
owned: false
fields:
  deal: {{type: link, to: deal, required: true}}
  person: {{type: link, to: person}}
  role: {{type: choice, options: {{lead: Lead, support: Support, guest: Guest}}}}
{DAYS}---
role: own
grants:
  deal: {{read: own, update: own, fields: {{"*": write}}}}
---
role: team
grants:
  deal: {{read: team, update: own, fields: {{name: write}}}}
---
role: here
grants:
  deal: {{read: department, fields: {{name: read}}}}
---
role: below
grants:
  deal: {{read: department_and_below, update: shared, fields: {{name: write}}}}
---
role: shared
grants:
  deal: {{read: shared, update: none, fields: {{name: write}}}}
---
role: nothing
grants:
  deal: {{read: none, update: all, fields: {{name: write}}}}
"""
_SIMPLE = "people: {object: person, department: department, manager: manager, account: account}\n"
SITE = PEOPLE.replace(_SIMPLE, RELATIONS.lstrip("\n")) + "---\n" + OBJECTS
SCOPES: dict[str, dict[str, str]] = {
    "own": {"read": "own", "update": "own"}, "team": {"read": "team", "update": "own"},
    "here": {"read": "department"}, "below": {"read": "department_and_below", "update": "shared"},
    "shared": {"read": "shared"}, "nothing": {"update": "all"},
}  # fmt: skip
BUNDLES = (("own",), ("team",), ("here", "own"), ("below",), ("shared", "nothing"), ("nothing",))
TODAY = dt.date(2026, 3, 16)
Pair = tuple[int, int]


@dataclass
class Model:
    """What was written, as far as it counts today."""

    manager: dict[int, int] = field(default_factory=dict)
    reports: set[Pair] = field(default_factory=set)
    parent: dict[int, int] = field(default_factory=dict)
    main: dict[int, int] = field(default_factory=dict)
    memberships: set[Pair] = field(default_factory=set)
    squads: set[Pair] = field(default_factory=set)
    owner: dict[int, int] = field(default_factory=dict)
    shares: set[tuple[int, str, int | str, str]] = field(default_factory=set)
    helpers: set[tuple[int, int, str]] = field(default_factory=set)

    def team(self, person: int) -> set[int]:
        lines = self.reports | {(below, above) for below, above in self.manager.items()}
        found = {person}
        while more := {below for below, above in lines if above in found} - found:
            found |= more
        return found

    def departments(self, person: int) -> set[int]:
        return {self.main[person]} | {d for p, d in self.memberships if p == person}

    def above(self, department: int) -> set[int]:
        found = {department}
        while department in self.parent:
            department = self.parent[department]
            found.add(department)
        return found

    def level(self, person: int, roles: tuple[str, ...], deal: int) -> set[str]:
        """The actions that shares and membership of the record add."""
        places = set().union(*(self.above(d) for d in self.departments(person)))
        mine = {("person", person), *(("role", role) for role in roles)}
        mine |= {("team", s) for p, s in self.squads if p == person}
        mine |= {("department", d) for d in places}
        levels = {how for d, kind, id, how in self.shares if d == deal and (kind, id) in mine}
        named = {role for d, p, role in self.helpers if (d, p) == (deal, person)}
        if "write" in levels or "lead" in named:
            return {"read", "update"}
        return {"read"} if levels or "support" in named else set()

    def may(self, person: int, roles: tuple[str, ...], action: str, deal: int) -> bool:
        owner = self.owner[deal]
        place = self.main[owner]
        holds = {
            "own": owner == person, "team": owner in self.team(person), "all": True,
            "department": place in self.departments(person), "shared": False,
            "department_and_below": bool(self.above(place) & self.departments(person)),
        }  # fmt: skip
        scopes = [SCOPES[role][action] for role in roles if action in SCOPES[role]]
        return any(holds[s] for s in scopes) or (
            bool(scopes) and action in self.level(person, roles, deal)
        )

    def through(self, principal: int, roles: tuple[str, ...], action: str, deal: int) -> bool:
        """Whether a deputy reaches the deal by the principal: not by rights of their roles."""
        owner, place = self.owner[deal], self.main[self.owner[deal]]
        scopes = {SCOPES[role][action] for role in roles if action in SCOPES[role]}
        return bool(scopes) and (
            (owner == principal and bool(scopes & {"own", "all", "team"}))
            or ("team" in scopes and owner in self.team(principal))
            or ("department" in scopes and place in self.departments(principal))
            or (
                "department_and_below" in scopes
                and bool(self.above(place) & self.departments(principal))
            )
            or action in self.level(principal, roles, deal)
        )


@dataclass
class World:
    site: SmallSite
    model: Model
    people: list[int]
    deals: list[int]


def days(rng: random.Random) -> tuple[dict[str, Any], bool]:
    """A range of days, and whether it holds today."""
    one = dt.timedelta(days=1)
    since = rng.choice([None, TODAY - one, TODAY, TODAY + one])
    until = rng.choice([None, None, TODAY + one, TODAY, TODAY - one])
    counts = (since is None or since <= TODAY) and (until is None or until >= TODAY)
    return {"since": since, "until": until}, counts


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with small_site(request.param, tmp_path_factory.mktemp("widening"), SITE) as site:
        yield populated(site, random.Random(11))


def populated(site: SmallSite, rng: random.Random) -> World:
    model = Model()
    departments = [site.create("department", name="top")]
    for name in "abcd":
        above = rng.choice(departments)
        departments.append(site.create("department", name=name, parent=above))
        model.parent[departments[-1]] = above
    people: list[int] = []
    for name in "pqrstu":
        place, boss = rng.choice(departments), rng.choice([*people, None])
        person = site.create("person", name=name, department=place, manager=boss)
        people.append(person)
        model.main[person] = place
        if boss is not None:
            model.manager[person] = boss
    squads = organised(site, rng, model, people, departments)
    deals = []
    for number in range(24):
        owner, helpers = rng.choice(people), []
        for _ in range(rng.choice([0, 0, 1, 2])):
            range_, counts = days(rng)
            who, role = rng.choice(people), rng.choice(["lead", "support", "guest"])
            helpers.append({"person": who, "role": role, **range_})
            if counts:
                model.helpers.add((number, who, role))
        deals.append(site.create("deal", name=f"d{number}", owner=owner, helpers=helpers))
        model.owner[deals[-1]] = owner
    model.helpers = {(deals[n], who, role) for n, who, role in model.helpers}
    choices: dict[str, list[Any]] = {
        "person": people,
        "team": squads,
        "department": departments,
        "role": ["own", "below"],
    }
    for _ in range(30):
        shared(site, rng, model, rng.choice(deals), choices)
    return World(site, model, people, deals)


def organised(
    site: SmallSite, rng: random.Random, model: Model, people: list[int], departments: list[int]
) -> list[int]:
    """Further reporting lines and departments, and two squads."""
    for _ in range(5):
        range_, counts = days(rng)
        below, boss = rng.choice(people), rng.choice(people)
        site.create("reporting", person=below, boss=boss, **range_)
        if counts:
            model.reports.add((below, boss))
        range_, counts = days(rng)
        who, place = rng.choice(people), rng.choice(departments)
        site.create("membership", person=who, department=place, **range_)
        if counts:
            model.memberships.add((who, place))
    squads = []
    for name in "xy":
        found = [(rng.choice(people), *days(rng)) for _ in range(3)]
        lines = [{"person": who, **range_} for who, range_, _ in found]
        squads.append(site.create("squad", name=name, people=lines))
        model.squads |= {(who, squads[-1]) for who, _, counts in found if counts}
    return squads


def shared(
    site: SmallSite, rng: random.Random, model: Model, deal: int, choices: dict[str, list[Any]]
) -> None:
    kind = rng.choice(list(choices))
    whom, level = rng.choice(choices[kind]), rng.choice(["read", "write"])
    range_, _ = days(rng)
    until = range_["until"]
    if until is not None and until < TODAY:
        until = None
    given = {kind: whom, "level": level, "from": range_["since"], "until": until}
    try:
        made = share(site.gate, SYSTEM, "deal", deal, given)
    except Refusal:  # the last day lies before the first
        return
    model.shares = {s for s in model.shares if s[:3] != (deal, kind, whom)}
    if rng.random() < 0.2:
        unshare(site.gate, SYSTEM, "deal", deal, made.id)
    elif range_["since"] is None or range_["since"] <= TODAY:
        model.shares.add((deal, kind, whom, level))


@pytest.mark.parametrize("roles", BUNDLES, ids="+".join)
def test_every_pair(world: World, roles: tuple[str, ...]) -> None:
    """Lists and counts for reading and changing, and each single record, are the model's."""
    site, model = world.site, world.model
    for person in world.people:
        with site.databases.reading() as connection:
            who = placed(site.gate, connection, Actor(roles=frozenset(roles)), person)
        assert who.team == tuple(sorted(model.team(person)))
        assert set(who.memberships) == model.departments(person)
        reads, changes = (
            [d for d in world.deals if model.may(person, roles, action, d)]
            for action in ("read", "update")
        )
        if not any("read" in SCOPES[role] for role in roles):
            with pytest.raises(Refusal):
                site.ids("deal", who)
            continue
        page = site.page("deal", who, sort=("id",), limit=100, count="exact")
        assert [item.id for item in page.items] == reads
        assert page.count is not None and page.count.value == len(reads)
        if any("update" in SCOPES[role] for role in roles):
            assert site.ids("deal", who, action="update") == [d for d in reads if d in changes]
        for deal in world.deals:
            assert seen(site, who, deal) is (deal in reads), (person, deal)


def seen(site: SmallSite, who: Actor, deal: int) -> bool:
    try:
        site.read("deal", deal, who)
    except Refusal:
        return False
    return True


def named(world: World, rng: random.Random) -> tuple[dict[int, tuple[str, ...]], set[Pair]]:
    """Roles of everybody, and who stands in for whom today, as (deputy, principal)."""
    roles = {person: rng.choice(BUNDLES) for person in world.people}
    counting: set[Pair] = set()
    for _ in range(10):
        person, deputy = rng.sample(world.people, 2)
        first, last = (TODAY + dt.timedelta(rng.choice([-1, 0, 1])) for _ in range(2))
        what = rng.choice(["rows", "both", "approvals"])
        given = {"person": person, "deputy": deputy, "from": first, "until": last, "what": what}
        try:
            made = name_deputy(world.site.gate, SYSTEM, given)
        except Refusal:  # it is over, or ends before it begins
            continue
        if rng.random() < 0.2:
            revoke_deputy(world.site.gate, SYSTEM, made.id)
        elif first <= TODAY and what != "approvals":
            counting.add((deputy, person))
    return roles, counting


@pytest.mark.parametrize("seed", [3, 5, 8])
def test_deputies(world: World, seed: int) -> None:
    """Deputies reach what they reach alone, and what each principal has as a person."""
    site, model = world.site, world.model
    roles, counting = named(world, random.Random(seed))
    added = 0
    for person in world.people:
        if not any("read" in SCOPES[role] for role in roles[person]):
            continue
        with site.databases.reading() as connection:
            alone = placed(site.gate, connection, Actor(roles=frozenset(roles[person])), person)
            who, _ = deputising(
                site.gate, connection, alone, lambda ids: {id: frozenset(roles[id]) for id in ids}
            )
        for action in ("read", "update"):
            if not any(action in SCOPES[role] for role in roles[person]):
                continue
            found = set(site.ids("deal", who, action=action))
            own = {d for d in world.deals if model.may(person, roles[person], action, d)}
            others = {
                deal
                for deputy, principal in counting
                for deal in world.deals
                if deputy == person and model.through(principal, roles[principal], action, deal)
            }
            readable = set(site.ids("deal", who)) if action == "update" else found
            assert found == (own | others) & readable, (person, action)
            added += len(found - own)
            if action == "read":
                assert {d for d in world.deals if seen(site, who, d)} == found
    for made in deputies_of(site.gate):
        revoke_deputy(site.gate, SYSTEM, made.id)
    assert added and counting


def test_the_world_is_worth_asking(world: World) -> None:
    """Shares, members and memberships each make a difference to somebody."""
    model = world.model
    assert model.reports and model.memberships and model.squads
    pairs = [(p, d) for p in world.people for d in world.deals]
    added = [model.level(p, ("own",), d) for p, d in pairs]
    assert set() in added and {"read"} in added and {"read", "update"} in added
