"""View objects as SQL: a subquery stands where other objects have their table.

1. Each record of the source gives its groups, or its values, and what is to be added up. This is
   read as whoever asks, so that rows and cells that they may not see are not in it.
2. Where there are groups, they are made of that. A group's id is the smallest of its records'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import as_member
from engine.definition.objects import OWNERSHIP_FIELDS, Field, Object
from engine.definition.viewing import EVERYTHING, Value
from engine.expressions import JoinSet, to_sql
from engine.expressions.aggregating_sql import aggregated
from engine.expressions.binding import sql_type
from engine.expressions.nodes import Literal
from engine.expressions.sql import Translator
from engine.expressions.types import Kind, View
from engine.permissions.binds import Binds

Column = sa.ColumnElement[Any]


def viewed(
    definition: Object, objects: Mapping[str, Object], view: View, binds: Binds, dialect: str
) -> sa.Subquery:
    """The query of a view object over its source as `view` shows it, with a column per field.

    A view that is `seen_by: system` reads everything. `binds` takes the parameters.
    """
    assert definition.viewing is not None
    if definition.viewing.seen_by == EVERYTHING:
        view = view.inside_formula()
    return _Query(definition, objects, view, binds, dialect).subquery()


class _Query:
    """One query while it is put together."""

    def __init__(
        self,
        definition: Object,
        objects: Mapping[str, Object],
        view: View,
        binds: Binds,
        dialect: str,
    ) -> None:
        assert definition.viewing is not None
        self.definition, self.viewing = definition, definition.viewing
        self.object = objects[self.viewing.source]
        self.view, self.binds, self.dialect = view, binds, dialect
        self.source, self.joins = view.source(self.object.name), JoinSet()
        self.translator = Translator(view, dialect == "sqlite")

    def subquery(self) -> sa.Subquery:
        """The query, whose columns are named as those of a table would be."""
        if self.viewing.grouped:
            return self.grouped()
        columns = [
            self.scaled(field, value, self.read(value)).label(field.column)
            for field, value in self.fields()
        ]
        for name in OWNERSHIP_FIELDS:
            found = self.definition.fields.get(name)
            if found is not None and found.system:
                member = as_member(self.object.fields[name])
                own = self.view.column(self.object.name, member, self.source)
                columns.append(own.label(found.column))
        return self.rows(columns).subquery()

    def fields(self) -> list[tuple[Field, Value]]:
        """The fields with a value of their own."""
        return [(self.definition.fields[n], v) for n, v in self.viewing.values.items()]

    def rows(self, columns: list[Any]) -> sa.Select[Any]:
        """The source's records with their ids and these columns."""
        conditions = []
        visible = self.view.visible(self.object.name, self.source)
        if visible is not None:
            conditions.append(visible)
        if self.viewing.where is not None:
            found = to_sql(self.viewing.where, self.view, self.source, self.dialect, self.joins)
            self.binds.add(found)
            conditions.append(found.condition)
        every = sa.select(self.source.c.id.label("id"), *columns)
        return every.select_from(self.joins.applied(self.source)).where(*conditions)

    def read(self, value: Value) -> Column:
        """The value of one record of the source."""
        assert value.expression is not None
        found = to_sql(value.expression, self.view, self.source, self.dialect, self.joins)
        self.binds.add(found)
        return found.value

    def grouped(self) -> sa.Subquery:
        """The groups with what their records come to."""
        fields, groups = self.fields(), list(self.viewing.groups)
        inner: list[Any] = [
            self.read(Value(e.type, e)).label(f"g_{n}")
            for n, e in enumerate(self.viewing.groups.values())
        ]
        for number, (_, value) in enumerate(fields):
            if value.function and value.expression is not None:
                inner.append(self.read(value).label(f"a_{number}"))
        rows = self.rows(inner).subquery()
        outer: list[Any] = [sa.func.min(rows.c.id, type_=rows.c.id.type).label("id")]
        for number, (field, value) in enumerate(fields):
            found: Column
            if value.group:
                found = rows.c[f"g_{groups.index(value.group)}"]
            else:
                element = rows.c[f"a_{number}"] if value.expression is not None else None
                found = self.aggregate(value, element)
            outer.append(self.scaled(field, value, found).label(field.column))
        by = [rows.c[f"g_{number}"] for number in range(len(groups))]
        return sa.select(*outer).group_by(*by).subquery()

    def aggregate(self, value: Value, element: Column | None) -> Column:
        """One aggregate over the records of a group."""
        node = value.expression.tree if value.expression is not None else None
        found = aggregated(self.translator, value.function, value.type, node, element)
        return sa.type_coerce(found, sql_type(value.type))

    def scaled(self, field: Field, value: Value, found: Column) -> Column:
        """A number with the decimals of its field; an option as the column's own type."""
        type_ = field.type.expression_type()
        if type_.kind is not Kind.NUMBER or type_.scale == value.type.scale:
            return found
        have, want = Literal(type=value.type, value=None), Literal(type=type_, value=None)
        return self.translator.rescaled(found, have, want)
