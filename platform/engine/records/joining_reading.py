"""Lists of linked records as an actor sees them: one statement per field for a whole page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.expressions import Context
from engine.expressions.among import among_ids
from engine.expressions.joined_sql import FROM, TO
from engine.fieldtypes.links import Links
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.records.listing import Builder
from engine.records.prepared import Prepared
from engine.records.seen import Linked, Record
from engine.schema.joins import POSITION
from engine.schema.tables import DELETED

if TYPE_CHECKING:
    from engine.records.gate import Gate

HIDDEN = Linked(None, None, True)


def read_lists(
    gate: Gate,
    connection: sa.Connection,
    actor: Actor,
    context: Context,
    fields: Sequence[Field],
    items: Sequence[Record],
) -> None:
    """Gives the records of a page their lists; where a list may not be read it is None already."""
    roles = None if actor.is_system else actor.roles
    for field in fields:
        ids = [record.id for record in items if record.values[field.name] is not None]
        if not ids:
            continue
        statement, binds = _statement(gate, field, roles)
        found: dict[int, list[Linked]] = defaultdict(list)
        parameters = {"ids": ids} | binds.values(actor, context)
        for owner, id, title, seen in statement.rows(connection, parameters):
            shown = Linked(id, str(title if title is not None else f"#{id}"))
            found[owner].append(shown if seen else HIDDEN)
        for record in items:
            if record.values[field.name] is not None:
                record.values[field.name] = tuple(found.get(record.id, ()))


def _statement(gate: Gate, field: Field, roles: frozenset[str] | None) -> tuple[Prepared, Binds]:
    """Who names what, with titles, of live records, in their order."""

    def build() -> tuple[Prepared, Binds]:
        assert isinstance(field.type, Links)
        builder = Builder(gate, gate.catalog.objects[field.type.to], roles)
        target, join = builder.source, gate.tables.join(field)
        rows = builder.lens.rows("read", target, builder.binds)
        seen = sa.literal_column("1") if rows is None else sa.case((rows, 1), else_=0)
        name = builder.definition.title
        title = sa.null()
        if builder.lens.may_read(name):
            title = builder.value(builder.definition.fields[name])  # type: ignore[assignment]
        statement = (
            sa.select(join.c[FROM], target.c.id, title, seen)
            .select_from(builder.joins.applied(target).join(join, join.c[TO] == target.c.id))
            .where(among_ids(join.c[FROM], "ids", gate.dialect), target.c[DELETED].is_(None))
            .order_by(join.c[FROM], join.c[POSITION], join.c[TO])
        )
        return gate.statements.prepared(statement), builder.binds

    assert isinstance(field.type, Links)
    found: tuple[Prepared, Binds]
    found = gate.statements.once(("lists", field.type.table, roles), build)
    return found
