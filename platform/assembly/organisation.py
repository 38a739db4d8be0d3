"""A person's place in the organisation: what an actor is besides roles (rules 28 to 30).

The reporting line (managers, and who further reports to whom today) decides the team; the tree
of departments, of which a person may be a member of several, is another matter and is kept apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from engine.definition.relations import Relation
from engine.permissions.actors import Actor
from engine.permissions.deputies import DEPUTY
from engine.records.gate import Gate
from engine.records.prepared import Prepared
from engine.schema.tables import DELETED


def placed(gate: Gate, connection: sa.Connection, actor: Actor, person: int) -> Actor:
    """The actor as the person with the id `person`: team, departments and teams, as of today.

    Stays as it is where there is no such person.
    """
    site = gate.catalog.site
    people = gate.catalog.objects.get(site.person)
    if people is None:
        return actor
    table = gate.tables.table(people.name)
    in_, title = people.fields.get(site.person_department), people.fields[people.title]

    def one_person() -> Prepared:
        shown = [
            table.c[in_.column] if in_ else sa.null(),
            table.c[title.column] if title.stored else sa.null(),
        ]
        live = (table.c.id == sa.bindparam("person"), table.c[DELETED].is_(None))
        return gate.statements.prepared(sa.select(*shown).where(*live))

    rows = _asked(gate, connection, "person", one_person, person=person)
    if not rows:
        return actor
    department, name = rows[0]
    member_of = set[int]() if department is None else {department}
    member_of |= _ends(gate, connection, site.memberships, site.department, person)
    below, above = set[int](), set[int]()
    if site.department:
        for one in member_of:
            below |= gate.hierarchy.below(connection, site.department, one)
            above |= gate.hierarchy.above(connection, site.department, one)
    return replace(
        actor,
        person=person,
        name=str(name if title.stored else actor.name),
        department=department,
        team=tuple(sorted(reporting_to(gate, connection, person))),
        departments=tuple(sorted(below)),
        memberships=tuple(sorted(member_of)),
        above=tuple(sorted(above - member_of)),
        teams=tuple(sorted(_ends(gate, connection, site.team_members, site.team, person))),
    )


def reporting_to(gate: Gate, connection: sa.Connection, person: int) -> frozenset[int]:
    """The person and everyone who reports to them today, directly or through others."""
    if not gate.catalog.site.reports:
        return gate.hierarchy.below(connection, gate.catalog.site.person, person)
    rows = _asked(gate, connection, "line", lambda: _line(gate), root=person, today=today(gate))
    return frozenset(id for (id,) in rows) | {person}


def _line(gate: Gate) -> Prepared:
    """Whoever reports to `root`, managers and further lines taken together."""
    site = gate.catalog.site
    lines = [pairs(gate, site.reports, site.person)]
    manager = gate.hierarchy.link(site.person)
    if manager:
        table = gate.tables.table(site.person)
        above = table.c[gate.catalog.objects[site.person].fields[manager].column]
        live = sa.and_(table.c[DELETED].is_(None), above.is_not(None))
        lines.append(sa.select(table.c.id.label("person"), above.label("to")).where(live))
    line = sa.union_all(*lines).subquery()
    tree = sa.select(sa.bindparam("root", type_=sa.BigInteger()).label("id")).cte(recursive=True)
    # UNION, not UNION ALL: a circle ends where it closes
    tree = tree.union(sa.select(line.c.person).where(line.c.to == tree.c.id))
    return gate.statements.prepared(sa.select(tree.c.id))


def pairs(gate: Gate, relation: Relation, target: str) -> sa.Select[Any]:
    """The people and what they are linked to on the date `today` (a parameter), both live.

    The columns are `person` and `to`.
    """
    definition = gate.catalog.objects[relation.object]
    table = gate.tables.table(relation.object)
    people, ends = gate.tables.source(gate.catalog.site.person), gate.tables.source(target)

    def column(name: str) -> sa.ColumnElement[Any]:
        return table.c[definition.fields[name].column]

    person, to = column(relation.of), column(relation.to)
    conditions: list[sa.ColumnElement[bool]] = [
        t.c[DELETED].is_(None) for t in (table, people, ends)
    ]
    day = sa.bindparam("today", type_=sa.Date())
    if relation.from_on:
        conditions.append(
            sa.or_(column(relation.from_on).is_(None), column(relation.from_on) <= day)
        )
    if relation.until_on:
        conditions.append(
            sa.or_(column(relation.until_on).is_(None), column(relation.until_on) >= day)
        )
    joined = table.join(people, people.c.id == person).join(ends, ends.c.id == to)
    return sa.select(person.label("person"), to.label("to")).select_from(joined).where(*conditions)


def _ends(
    gate: Gate, connection: sa.Connection, relation: Relation, target: str, person: int
) -> set[int]:
    """The records to which a relation links a person today."""
    if not relation or not target:
        return set()

    def build() -> Prepared:
        found = pairs(gate, relation, target).subquery()
        of_one = sa.select(found.c.to).where(found.c.person == sa.bindparam("person"))
        return gate.statements.prepared(of_one)

    key = ("ends", relation.object, relation.of, relation.to, target)
    rows = _asked(gate, connection, key, build, person=person, today=today(gate))
    return {to for (to,) in rows}


def _asked(
    gate: Gate,
    connection: sa.Connection,
    key: Any,
    build: Callable[[], Prepared],
    **values: Any,
) -> list[Any]:
    """The rows of a statement that is built once per revision: actors are placed all the time."""
    statement: Prepared = gate.statements.once(("organisation", key), build)
    return statement.rows(connection, values)


def today(gate: Gate) -> dt.date:
    """The date where the company is."""
    return gate.clock().astimezone(gate.zone).date()


def signature(gate: Gate, connection: sa.Connection) -> tuple[int, str]:
    """Changes whenever the place of somebody in the organisation may have changed.

    It is the sum of the versions of all records that say so, which every change raises, with the
    number of deputies named and taken back, and the day: memberships begin and end with it.
    """
    versions = [
        table.c.version
        for name in sorted(organisation_objects(gate))
        if "version" in (table := gate.tables.table(name)).c  # lines raise that of their record
    ]
    sums = [sa.select(sa.func.coalesce(sa.func.sum(version), 0)) for version in versions]
    deputy = gate.tables.system(DEPUTY)
    named = sa.func.coalesce(sa.func.max(deputy.c.id), 0)
    ended = sa.select(named + sa.func.count(deputy.c.revoked))
    total = sum(int(connection.execute(one).scalar_one()) for one in (*sums, ended))
    return total, today(gate).isoformat()


def organisation_objects(gate: Gate) -> frozenset[str]:
    """The objects whose records say where people stand."""
    site = gate.catalog.site
    relations = (site.reports, site.memberships, site.team_members)
    named = {site.person, site.department, *(r.object for r in relations)}
    known = named & gate.catalog.objects.keys()
    return frozenset(known | {gate.catalog.objects[name].parent_object for name in known}) - {""}
