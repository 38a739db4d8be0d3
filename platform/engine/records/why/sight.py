"""What the asking person may read of single records, so that no answer tells more.

One statement per record, and none for the system. Nothing here is noted as an access: a record
is looked at to explain a rule, not to be read.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.permissions.lens import ActorView, Lens
from engine.records.contexts import reading_context
from engine.records.gate import Gate
from engine.records.prepared import Prepared
from engine.schema.tables import DELETED


class Sight:
    """One person's sight on one connection; what was found is remembered."""

    def __init__(self, gate: Gate, connection: sa.Connection, asker: Actor) -> None:
        self.gate = gate
        self.connection = connection
        self.asker = asker
        self.roles = None if asker.is_system else asker.roles
        self._fields: dict[tuple[str, int], frozenset[str]] = {}
        self._titles: dict[tuple[str, int], str | None] = {}

    def lens(self, object: str) -> Lens:
        """The object as the person sees it."""
        return self.gate.lenses.lens(object, self.roles)

    def sees(self, object: str, id: int) -> bool:
        """Whether the record exists for them."""
        return bool(self.fields(object, id))

    def fields(self, object: str, id: int) -> frozenset[str]:
        """The fields of the record that they may read; none of what they cannot see."""
        key = (object, id)
        if key not in self._fields:
            self._fields[key] = self._readable(object, id)
        return self._fields[key]

    def title(self, object: str, id: int) -> str | None:
        """The record's title, or None where they may not read it."""
        key = (object, id)
        if key not in self._titles:
            self._titles[key] = self._title(object, id)
        return self._titles[key]

    def reads_everywhere(self, object: str, member: str, within: str = "") -> bool:
        """Whether they may read the member on whatever record, or on every line of a record of
        `within` that they see."""
        if self.roles is None:
            return True
        lens = self.lens(object)
        name = member.partition("@")[0]
        if not lens.may_read(name) or lens.showing(name) != lens.allowing("read"):
            return False
        return lens.may_read_all() or bool(within and lens.definition.parent_object == within)

    def _readable(self, object: str, id: int) -> frozenset[str]:
        lens = self.lens(object)
        if not lens.may("read"):
            return frozenset()
        names, statement, binds = self.gate.statements.once(
            ("sight", object, self.roles), lambda: self._build(lens)
        )
        rows = statement.rows(self.connection, self._values(binds) | {"id_": id})
        if not rows:
            return frozenset()
        shown = {name for name, flag in zip(names, rows[0], strict=False) if flag}
        return frozenset(shown | {n for n in lens.levels if n not in names} | {"id"})

    def _build(self, lens: Lens) -> tuple[tuple[str, ...], Prepared, Binds]:
        """The fields whose cells depend on the row, and one flag for each."""
        binds = Binds()
        source = source_of(self.gate, lens.definition, self.roles, binds)
        cells = {n: c for n in lens.levels if (c := lens.cell(n, source, binds)) is not None}
        flags: list[sa.ColumnElement[Any]] = [
            sa.case((cell, 1), else_=0) for cell in cells.values()
        ] or [sa.literal(1)]
        conditions = [source.c.id == sa.bindparam("id_", type_=sa.BigInteger())]
        rows = lens.rows("read", source, binds)
        if rows is not None:
            conditions.append(rows)
        statement = sa.select(*flags).select_from(source).where(*conditions)
        return tuple(cells), self.gate.statements.prepared(statement), binds

    def _title(self, object: str, id: int) -> str | None:
        definition = self.gate.catalog.objects[object]
        found = definition.fields.get(definition.title)
        if found is None or not found.stored or found.name not in self.fields(object, id):
            return None
        table = self.gate.tables.table(object)
        value = self.connection.execute(
            sa.select(table.c[found.column]).where(table.c.id == id)
        ).scalar()
        return f"#{id}" if value is None else str(value)

    def _values(self, binds: Binds) -> dict[str, Any]:
        context = reading_context(self.gate, self.connection, self.asker)
        return binds.values(self.asker, context)

    def find(self, object: str, record: int | str, *, known: bool) -> tuple[int, bool] | None:
        """Id of a record by id or number, and whether it is deleted.

        None where there is none; unless `known`, also where the person cannot see it.
        """
        definition = self.gate.catalog.objects[object]
        digits = isinstance(record, int) or (str(record).isascii() and str(record).isdigit())
        key = "id" if digits else "number"
        if key not in definition.fields or len(str(record)) > 60:
            return None
        if definition.is_view:
            return (int(record), False) if digits and self.sees(object, int(record)) else None
        table = self.gate.tables.table(object)
        column = table.c[definition.fields[key].column]
        value: int | str = int(record) if digits else str(record)
        if digits and len(str(value)) > 18:
            return None
        row = self.connection.execute(
            sa.select(table.c.id, table.c[DELETED]).where(column == value)
        ).first()
        if row is None:
            self.sees(object, 0)  # as long as for a record that is there
            return None
        if not known and not (self.sees(object, row[0]) and key in self.fields(object, row[0])):
            return None
        return row[0], row[1] is not None


def source_of(
    gate: Gate, definition: Object, roles: frozenset[str] | None, binds: Binds
) -> sa.FromClause:
    """An object's rows: its table, or the query of a view as the roles see it."""
    if definition.is_view:
        return ActorView(gate.lenses, roles, binds).query(definition.name)
    return gate.tables.table(definition.name)
