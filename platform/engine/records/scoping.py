"""Whether a list on SQLite walks its own order, or first finds what its actor's scope holds.

SQLite knows nothing about how many records the people of a scope own. Where they own nearly all
of them, reading these by owner and sorting them costs a thousand times what walking the list's
index costs; where they own very few, walking it costs as much. So their records are counted, up
to a limit, in the index by owner; this settles it, as with words (decision 10). PostgreSQL knows.
"""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.expressions import Context
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.permissions.lens import Lens
from engine.records.keyset import Ordering
from engine.records.listing import Builder
from engine.records.prepared import Prepared
from engine.records.query import Query
from engine.schema.tables import DELETED

MOST_SORTED = 1_000
"""Up to so many records of a scope are found first and sorted after."""
KEPT = 10.0
"""Seconds for which a person's count is remembered: an old one costs time, never rows."""
MOST_KNOWN = 10_000
"""The most people whose counts are remembered."""


def walks(
    gate: Any, connection: sa.Connection, definition: Object, query: Query, actor: Actor,
    context: Context,
) -> bool:  # fmt: skip
    """Whether the list's own index is the way to the actor's records."""
    roles = None if actor.is_system else actor.roles
    lens: Lens = gate.lenses.lens(definition.name, roles)
    plain = query.action == "read" and not (query.deleted or query.words or query.where)
    plain = plain and not definition.is_view  # which has no index
    if gate.dialect != "sqlite" or not plain or not lens.is_by_owner():
        return False
    key = ("served", definition.name, roles, query.sort, tuple(query.filters))
    served = gate.statements.lately(
        key, lambda: (_is_served(Builder(gate, definition, roles), query),)
    )
    if not served[0]:
        return False
    known: dict[int | None, tuple[float, bool]]
    statement, binds, known = gate.statements.once(
        ("held", definition.name, roles), lambda: (*_counting(gate, lens), {})
    )
    now = time.monotonic()
    until, many = known.get(actor.person, (now, False))
    if until <= now:
        values = binds.values(actor, context) | {"most_": MOST_SORTED + 1}
        many = statement.rows(connection, values)[0][0] > MOST_SORTED
        if len(known) >= MOST_KNOWN:
            known.clear()
        known[actor.person] = (now + KEPT, many)
    return many


def _counting(gate: Any, lens: Lens) -> tuple[Prepared, Binds]:
    """How many live records the scope holds, up to the parameter `most_`."""
    binds, table = Binds(), gate.tables.table(lens.definition.name)
    rows = lens.rows("read", table, binds)
    assert rows is not None
    limited = (
        sa.select(sa.literal(1))
        .select_from(table)
        .where(table.c[DELETED].is_(None), rows)
        .limit(sa.bindparam("most_", type_=sa.BigInteger()))
    )
    counted = sa.select(sa.func.count()).select_from(limited.subquery())
    return gate.statements.prepared(counted), binds


def _is_served(builder: Builder, query: Query) -> bool:
    """Whether an index that also holds the owner has the list's order (rule 25)."""
    order = Ordering.of(builder, query.sort)
    if not all(isinstance(column, sa.Column) for column in order.columns):
        return False
    if not order.columns:  # the newest first, as the table itself stands
        return not query.filters
    definition = builder.definition
    equal = {definition.fields[name].column for name in query.filters if name in definition.fields}
    wanted = [column.name for column in order.columns]
    return any(
        _serves([column.name for column in index.columns], equal, wanted, definition)
        for index in builder.gate.tables.table(definition.name).indexes
    )


def _serves(columns: list[str], equal: set[str], wanted: list[str], definition: Object) -> bool:
    leading = 0
    while leading < len(columns) and columns[leading] in equal:
        leading += 1
    owner = definition.fields.get("owner")
    return (
        leading == len(equal)
        and columns[leading : leading + len(wanted)] == wanted
        and owner is not None
        and owner.column in columns
    )
