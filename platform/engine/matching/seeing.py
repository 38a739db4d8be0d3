"""Which of some records somebody may see."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from engine.expressions.among import among_ids
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.permissions.lens import ActorView
from engine.records.contexts import reading_context
from engine.records.gate import Gate
from engine.schema.tables import DELETED


def seen_of(
    gate: Gate, connection: sa.Connection, actor: Actor, object: str, ids: Sequence[int]
) -> set[int]:
    """Those of the ids that are live records which the actor may read."""
    roles = None if actor.is_system else actor.roles
    if not ids or not gate.lenses.lens(object, roles).may("read"):
        return set()
    table, binds = gate.tables.table(object), Binds()
    seen = ActorView(gate.lenses, roles, binds).visible(object, table)
    conditions = [among_ids(table.c.id, "ids_", gate.dialect), table.c[DELETED].is_(None)]
    statement = sa.select(table.c.id).where(*conditions, *([] if seen is None else [seen]))
    context = reading_context(gate, connection, actor)
    values = binds.values(actor, context) | {"ids_": list(ids)}
    return set(connection.scalars(statement, values))
