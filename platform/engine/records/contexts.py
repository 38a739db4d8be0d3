"""What expressions of a query are evaluated in, when no transaction is open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from engine.definition.objects import Object
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


def record_view(gate: Gate, connection: sa.Connection, definition: Object, id: int) -> RowView:
    """One record, read when something is asked of it; its collections are not."""
    return RowView(_Source(gate, connection), definition, None, id=id)


def with_linking(
    gate: Gate, connection: sa.Connection, context: Context, linking: Linking
) -> Context:
    """The context with the linking record, under the name of its object."""
    row = dict(linking.values)
    view = RowView(_Source(gate, connection), gate.catalog.objects[linking.object], row)
    return replace(context, variables={linking.object: view})


class Contexts:
    """The contexts of many people at once: their records are read in one statement."""

    def __init__(self, gate: Gate, connection: sa.Connection, actors: Iterable[Actor]) -> None:
        self.gate = gate
        self.connection = connection
        self._people = {actor.person for actor in actors if actor.person is not None}
        self._source = _Keeping(gate, connection, self._people)
        self._below: dict[tuple[str, int], frozenset[int]] = {}
        self._settings = reading(gate, connection, self._source)
        self._now = gate.clock()

    def of(self, actor: Actor) -> Context:
        """The context of one of them."""
        people, user = self.gate.catalog.user_object, None
        if actor.person is not None and people:
            user = RowView(self._source, self.gate.catalog.objects[people], None, id=actor.person)
        return Context(
            now=self._now,
            zone=self.gate.zone,
            user=user,
            below=self._branch,
            variables={},
            settings=self._settings,
        )

    def _branch(self, object: str, id: int) -> frozenset[int]:
        key = (object, id)
        if key not in self._below:
            self._below[key] = self.gate.hierarchy.below(self.connection, object, id)
        return self._below[key]


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


class _Keeping(_Source):
    """Reads all people when the first of them is asked for, and every record once."""

    def __init__(self, gate: Gate, connection: sa.Connection, people: set[int]) -> None:
        super().__init__(gate, connection)
        self._people = people
        self._kept: dict[tuple[str, int], Row] = {}

    def fetch(self, object: str, ids: Iterable[int]) -> dict[int, Row]:
        """Rows by id."""
        wanted = set(ids)
        missing = {id for id in wanted if (object, id) not in self._kept}
        if missing:
            if object == self.gate.catalog.user_object:
                missing |= self._people
            found = super().fetch(object, sorted(missing))
            self._kept |= {(object, id): found.get(id, {}) for id in missing}
        return {id: row for id in wanted if (row := self._kept[(object, id)])}
