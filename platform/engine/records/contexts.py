"""What expressions of a query are evaluated in, when no transaction is open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from engine.expressions import Context
from engine.permissions.actors import Actor
from engine.records.company_year import company_year
from engine.records.query import Linking
from engine.records.rows import RowView
from engine.records.settings import reading
from engine.records.shapes import Row

if TYPE_CHECKING:
    from engine.records.gate import Gate


def reading_context(gate: Gate, connection: sa.Connection, actor: Actor) -> Context:
    """The context of one query; the actor's person is read only when an expression asks."""
    user = None
    people = gate.catalog.user_object
    source = _Source(gate, connection)
    if actor.person is not None and people:
        user = RowView(source, gate.catalog.objects[people], None, id=actor.person)
    return Context(
        now=gate.clock(),
        zone=gate.zone,
        user=user,
        below=lambda object, id: gate.hierarchy.below(connection, object, id),
        variables={},
        settings=reading(gate, connection, source),
        company=company_year(gate, connection),
    )


def with_linking(
    gate: Gate, connection: sa.Connection, context: Context, linking: Linking
) -> Context:
    """The context with the linking record, under the name of its object."""
    row = dict(linking.values)
    view = RowView(_Source(gate, connection), gate.catalog.objects[linking.object], row)
    return replace(context, variables={linking.object: view})


class _Source:
    """Where the view of the actor's person gets its rows from (`rows.Source`)."""

    def __init__(self, gate: Gate, connection: sa.Connection) -> None:
        self.gate = gate
        self.connection = connection

    def fetch(self, object: str, ids: Iterable[int]) -> dict[int, Row]:
        """Rows by id."""
        shape = self.gate.shapes[object]
        statement = self.gate.statements.by_ids(shape)
        found = [shape.row(v) for v in statement.rows(self.connection, {"ids": list(ids)})]
        return {row["id"]: row for row in found}

    def linked(self, object: str, id: int) -> RowView:
        """The view of a linked record."""
        return RowView(self, self.gate.catalog.objects[object], None, id=id)

    def collection(self, object: str, by: str, id: int) -> tuple[RowView, ...]:
        """Paths from the user never lead through collections."""
        return ()

    def named(self, object: str, name: str, id: int) -> tuple[RowView, ...]:
        """Nor through lists of links."""
        return ()

    def branch(self, object: str, id: int) -> tuple[RowView, ...]:
        """Nor through branches of a tree."""
        return ()
