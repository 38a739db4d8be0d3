"""Which roles have a record among their rows, and in which ways: one statement, one predicate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.permissions.lens import Lens
from engine.permissions.roles import ROW_ACTIONS
from engine.permissions.ways import ways_of
from engine.records.contexts import reading_context
from engine.records.gate import Gate
from engine.records.why.sight import source_of

Flags = Mapping[tuple[str, str], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the predicate says of one record.

    `roles` are the roles that grant an action on it, by action. `scopes` tells by role and action
    whether the scope alone has it, `ways` by way and action whether that way leads to it.
    """

    roles: Mapping[str, frozenset[str]]
    scopes: Flags
    ways: Flags

    def granting(self, action: str) -> frozenset[str]:
        """The roles that grant the action on the record."""
        return self.roles.get(action, frozenset())


def deciding(gate: Gate, connection: sa.Connection, lens: Lens, id: int) -> tuple[Lens, int]:
    """The lens and the id of the record whose rows decide: of a line, those of its record."""
    while lens.parent is not None:
        table = gate.tables.table(lens.definition.name)
        column = table.c[lens.definition.fields[lens.definition.parent].column]
        id = connection.execute(sa.select(column).where(table.c.id == id)).scalar() or 0
        lens = lens.parent
    return lens, id


def verdict(
    gate: Gate, connection: sa.Connection, subject: Actor, lens: Lens, action: str, id: int
) -> Verdict:
    """What the predicate says of the record `id` to `subject`, for reading and for the action."""
    actions = [one for one in dict.fromkeys(("read", action)) if one in ROW_ACTIONS]
    binds = Binds()
    source = source_of(gate, lens.definition, subject.roles, binds)
    asked: list[tuple[str, str, str]] = []
    columns: list[sa.ColumnElement[bool]] = []
    for one in actions:
        for grant in lens.grants:
            asked.append(("granted", grant.role, one))
            columns.append(lens.granting(grant, one, source, binds))
            asked.append(("scope", grant.role, one))
            columns.append(lens.condition(grant.scope(one), source, binds))
        for way in ways_of(lens, one):
            asked.append(("way", way.name, one))
            columns.append(way.rows(lens, one, source, binds))
    if not columns:
        return Verdict({}, {}, {})
    flags = [sa.case((column, 1), else_=0) for column in columns]
    statement = sa.select(*flags).select_from(source).where(source.c.id == id)
    context = reading_context(gate, connection, subject)
    row = connection.execute(statement, binds.values(subject, context)).first()
    true = {key for key, flag in zip(asked, row or (0,) * len(asked), strict=True) if flag}
    return Verdict(
        roles={
            one: frozenset(name for kind, name, of in true if (kind, of) == ("granted", one))
            & lens.allowing(one)
            for one in actions
        },
        scopes={key[1:]: key in true for key in asked if key[0] == "scope"},
        ways={key[1:]: key in true for key in asked if key[0] == "way"},
    )
