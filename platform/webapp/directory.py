"""People as notices need them, from accounts and the records of people.

1. A picture of all of it (accounts with their roles, people with accounts, both trees of the
   organisation) is read in five statements and kept for a short time, so that telling hundreds
   of people asks no more than telling one.
2. A person is the one whose record names the account. Only accounts that may sign in count.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from assembly.deputising import principals
from assembly.organisation import pairs, today
from engine.definition.relations import Relation
from engine.expressions.folding import fold
from engine.permissions.actors import Actor
from engine.records.deputies import standing_today
from engine.records.events import ACCOUNT as ACCOUNT_CHANGED
from engine.records.events import Event, note_in
from engine.records.gate import Gate
from engine.schema.engines import Databases
from engine.schema.tables import DELETED
from notices.directory import Directory
from webapp.tables import ACCOUNT, GROUP_ROLE, ROLE, USER, USER_GROUP, USER_ROLE

KEPT = 2.0
"""Seconds for which a picture counts; a lock-out or a new role may go unseen for so long."""

Tree = Mapping[int, Sequence[int]]
"""Ids of the records right below each record."""


@dataclass(frozen=True, slots=True)
class _Account:
    name: str
    locale: str
    mail: bool
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Person:
    account: _Account
    name: str
    department: int | None


@dataclass(frozen=True)
class _Picture:
    """Accounts and organisation at one moment."""

    revision: int
    taken: float
    people: Mapping[int, _Person]
    reports: Tree
    departments: Tree
    memberships: Tree
    teams: Tree
    standing: Mapping[int, Sequence[Any]] = field(default_factory=dict)
    """Rows of those for whom somebody stands in, by the deputy."""
    actors: dict[int, Actor] = field(default_factory=dict)

    @cached_property
    def above(self) -> Tree:
        """The departments right above each."""
        return {below: [one] for one, all_ in self.departments.items() for below in all_}


class AccountDirectory(Directory):
    """The directory of a site with accounts. Safe to be used from several threads."""

    def __init__(self, databases: Databases) -> None:
        self.databases = databases
        self._picture: _Picture | None = None

    def actor_of(self, gate: Gate, person: int) -> Actor | None:
        """As whom the person reads, or None for somebody who cannot sign in."""
        return self.actors_of(gate, (person,)).get(person)

    def actors_of(self, gate: Gate, people: Collection[int]) -> Mapping[int, Actor]:
        """As whom these people read; those who cannot sign in are left out."""
        now = self._now(gate)
        return {person: self._actor(gate, now, person) for person in people if person in now.people}

    def everybody(self, gate: Gate) -> Sequence[Actor]:
        """As whom everybody reads who can sign in and is a person."""
        now = self._now(gate)
        return [self._actor(gate, now, person) for person in sorted(now.people)]

    def people_of(self, gate: Gate, role: str) -> Sequence[int]:
        """The people with a role who can sign in, by id."""
        people = self._now(gate).people
        return sorted(id for id, person in people.items() if role in person.account.roles)

    def locale_of(self, gate: Gate, person: int) -> str:
        """The language that the person chose, else the site's first."""
        found = self._now(gate).people.get(person)
        return _locale(gate, found.account) if found else gate.catalog.site.locales[0]

    def wants_mail(self, gate: Gate, people: Collection[int]) -> set[int]:
        """Those of the people who did not say that they want no mail."""
        known = self._now(gate).people
        return {person for person in people if person in known and known[person].account.mail}

    def named(self, gate: Gate, accounts: Collection[str]) -> Mapping[str, int]:
        """The people behind names to sign in with."""
        people = self._now(gate).people.items()
        by_name = {fold(person.account.name): id for id, person in people}
        return {name: by_name[fold(name)] for name in accounts if fold(name) in by_name}

    def close(self, gate: Gate, person: int, by: Actor) -> bool:
        """Closes the person's account, if they have one that may sign in; whether it did."""
        self.look_again()
        found = self._now(gate).people.get(person)
        if found is None:
            return False
        name = found.account.name
        event = Event(action=ACCOUNT_CHANGED, data={"account": name, "active": [True, False]})
        with self.databases.writing() as connection:
            closed = sa.update(USER).where(USER.c.username == name, USER.c.active.is_(True))
            connection.execute(closed.values(active=False))
            note_in(connection, event, gate.clock(), by.person, by.via)
        self.look_again()
        return True

    def look_again(self) -> None:
        """Makes the next question look at the database."""
        self._picture = None

    def _now(self, gate: Gate) -> _Picture:
        """A picture that is not old."""
        found = self._picture
        now = time.monotonic()
        if found is None or found.revision != gate.revision or now - found.taken > KEPT:
            found = self._picture = _taken(gate, self.databases, now)
        return found

    def _actor(self, gate: Gate, now: _Picture, person: int) -> Actor:
        """The actor as `webapp.actors` makes it for a request."""
        if person not in now.actors:
            actor = self._alone(gate, now, person)
            rows = [row for row in now.standing.get(person, ()) if row.person in now.people]
            found = principals(rows, lambda one: self._alone(gate, now, one))
            now.actors[person] = actor.standing_in(found) if found else actor
        return now.actors[person]

    def _alone(self, gate: Gate, now: _Picture, person: int) -> Actor:
        """The same, standing in for nobody."""
        found = now.people[person]
        member_of = set(now.memberships.get(person, ()))
        if found.department is not None:
            member_of.add(found.department)
        below, above = set[int](), set[int]()
        for one in member_of:
            below |= _below(now.departments, one)
            above |= _below(now.above, one)
        return Actor(
            person=person,
            name=found.name,
            roles=frozenset(found.account.roles & gate.catalog.of("role").keys()),
            department=found.department,
            team=tuple(sorted(_below(now.reports, person))),
            departments=tuple(sorted(below)) if gate.catalog.site.department else (),
            memberships=tuple(sorted(member_of)),
            above=tuple(sorted(above - member_of)),
            teams=tuple(sorted(now.teams.get(person, ()))),
            locale=_locale(gate, found.account),
            via="automation",
        )


def _taken(gate: Gate, databases: Databases, now: float) -> _Picture:
    site = gate.catalog.site
    definition = gate.catalog.objects.get(site.person)
    account = definition.fields.get(site.person_account) if definition else None
    if definition is None or account is None:
        return _Picture(gate.revision, now, {}, {}, {}, {}, {})
    table = gate.tables.table(definition.name)
    title, in_ = definition.fields[definition.title], definition.fields.get(site.person_department)
    key = table.c[account.folded or account.column]
    shown: sa.ColumnElement[Any] = table.c[title.column] if title.stored else sa.null()
    department: sa.ColumnElement[Any] = table.c[in_.column] if in_ else sa.null()
    live = sa.and_(table.c[DELETED].is_(None), key.is_not(None))
    with databases.reading() as connection:
        accounts = {
            fold(found.name) if account.folded else found.name: found
            for found in _accounts(connection)
        }
        statement = sa.select(table.c.id, key, shown, department).where(live)
        people = {
            id: _Person(accounts[name], str(text or accounts[name].name), place)
            for id, name, text, place in connection.execute(statement)
            if name in accounts
        }
        reports = _tree(gate, connection, site.person)
        for person, to in _pairs(gate, connection, site.reports, site.person):
            reports[to].append(person)
        departments = _tree(gate, connection, site.department)
        memberships, teams = (
            _by_person(_pairs(gate, connection, relation, target))
            for relation, target in (
                (site.memberships, site.department), (site.team_members, site.team),
            )
        )  # fmt: skip
        standing: dict[int, list[Any]] = defaultdict(list)
        for row in standing_today(gate, connection):
            standing[row.deputy].append(row)
    return _Picture(gate.revision, now, people, reports, departments, memberships, teams, standing)


def _pairs(
    gate: Gate, connection: sa.Connection, relation: Relation, target: str
) -> Iterable[tuple[int, int]]:
    """The people whom a relation links to something today."""
    if not relation or not target:
        return ()
    found = connection.execute(pairs(gate, relation, target), {"today": today(gate)})
    return [(row.person, row.to) for row in found]


def _by_person(found: Iterable[tuple[int, int]]) -> Tree:
    tree: dict[int, list[int]] = defaultdict(list)
    for person, to in found:
        tree[person].append(to)
    return tree


def _accounts(connection: sa.Connection) -> Iterable[_Account]:
    """All accounts that may sign in."""
    direct = sa.select(USER_ROLE.c.user_id, USER_ROLE.c.role_id)
    by_group = sa.select(USER_GROUP.c.user_id, GROUP_ROLE.c.role_id).join(
        GROUP_ROLE, GROUP_ROLE.c.group_id == USER_GROUP.c.group_id
    )
    held = direct.union_all(by_group).subquery()
    roles: dict[int, set[str]] = defaultdict(set)
    for user, role in connection.execute(
        sa.select(held.c.user_id, ROLE.c.name).join(ROLE, ROLE.c.id == held.c.role_id)
    ):
        roles[user].add(role)
    statement = (
        sa.select(USER.c.id, USER.c.username, ACCOUNT.c.locale, ACCOUNT.c.mail)
        .select_from(USER)
        .outerjoin(ACCOUNT, ACCOUNT.c.user_id == USER.c.id)
        .where(USER.c.active.is_(True))
    )
    for id, name, locale, mail in connection.execute(statement):
        yield _Account(name, locale or "", mail is not False, frozenset(roles[id]))


def _tree(gate: Gate, connection: sa.Connection, object: str) -> dict[int, list[int]]:
    """Who or what stands right below each record, along the object's link to itself."""
    link = gate.hierarchy.link(object) if object in gate.catalog.objects else ""
    found: dict[int, list[int]] = defaultdict(list)
    if not link:
        return found
    table = gate.tables.table(object)
    above = table.c[gate.catalog.objects[object].fields[link].column]
    live = sa.and_(table.c[DELETED].is_(None), above.is_not(None))
    for id, parent in connection.execute(sa.select(table.c.id, above).where(live)):
        found[parent].append(id)
    return found


def _below(tree: Tree, root: int) -> frozenset[int]:
    """The record and all below it; circles in the data do no harm."""
    found, waiting = {root}, [root]
    while waiting:
        below = [id for id in tree.get(waiting.pop(), ()) if id not in found]
        found.update(below)
        waiting += below
    return frozenset(found)


def _locale(gate: Gate, account: _Account) -> str:
    locales = gate.catalog.site.locales
    return account.locale if account.locale in locales else locales[0]
