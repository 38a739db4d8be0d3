"""A person's place in the organisation: what an actor is besides roles (rules 28 to 30)."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from engine.permissions.actors import Actor
from engine.records.gate import Gate
from engine.schema.tables import DELETED


def placed(gate: Gate, connection: sa.Connection, actor: Actor, person: int) -> Actor:
    """The actor as the person with the id `person`: department, team and departments below.

    Stays as it is where there is no such person.
    """
    site = gate.catalog.site
    people = gate.catalog.objects.get(site.person)
    if people is None:
        return actor
    table = gate.tables.table(people.name)
    live = sa.and_(table.c.id == person, table.c[DELETED].is_(None))
    row = connection.execute(sa.select(table).where(live)).first()
    if row is None:
        return actor
    in_ = people.fields.get(site.person_department)
    department = row._mapping[in_.column] if in_ else None
    below: frozenset[int] = frozenset()
    if department is not None and site.department:
        below = gate.hierarchy.below(connection, site.department, department)
    team = gate.hierarchy.below(connection, people.name, person)
    title = people.fields[people.title]
    return replace(
        actor,
        person=person,
        name=str(row._mapping[title.column] if title.stored else actor.name),
        department=department,
        team=tuple(sorted(team)),
        departments=tuple(sorted(below)),
    )
