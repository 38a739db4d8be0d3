"""Conversion of the values of one field, for counting before and for writing while publishing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import Catalog
from engine.definition.objects import Field
from engine.expressions import Context, Expression, Row, compile_expression, evaluate
from engine.fieldtypes.link import Link
from engine.problems import Refusal
from engine.records.values import as_stored
from engine.schema.converting import BEFORE, NotConvertible, converted, settings_of
from engine.schema.tables import DELETED, Tables

CHUNK = 1_000
"""Values that are looked up in one statement."""


class Conversion:
    """What values of `former` become in `field`, in the coming `tables`.

    Raises Refusal where the expression that `convert:` gives has problems.
    """

    def __init__(self, tables: Tables, former: Field, field: Field) -> None:
        self.tables, self.former, self.field = tables, former, field
        self.settings = settings_of(field)
        self.locale = tables.catalog.site.locales[0]
        self.expression = self._compiled(tables.catalog)
        self.by = isinstance(field.type, Link) and self.expression is None
        self._known: dict[str, int | None] = {}

    @property
    def of_record(self) -> bool:
        """Whether more of the record counts than the value as it was."""
        found = self.expression
        return found is not None and bool(found.reads or found.uses_settings or found.uses_clock)

    def learn(self, connection: sa.Connection, values: Collection[Any]) -> None:
        """Looks up, set-wise, the records that values of a coming link stand for."""
        if not self.by:
            return
        texts = {str(self._replaced(value)) for value in values if value is not None}
        missing = sorted(texts - self._known.keys())
        assert isinstance(self.field.type, Link)
        target = self.tables.catalog.objects[self.field.type.to]
        found = target.fields[str(self.settings.get("by") or target.title)]
        table = self.tables.table(target.name)
        column = table.c[found.column]
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK]
            self._known.update(dict.fromkeys(chunk))
            query = (
                sa.select(column, sa.func.min(table.c.id), sa.func.count())
                .where(table.c[DELETED].is_(None), column.in_(chunk))
                .group_by(column)
            )
            for text, id, number in connection.execute(query):
                if number == 1:
                    self._known[str(text)] = id

    def value(self, value: Any, row: Row | None, context: Context) -> Any:
        """What one value becomes; raises NotConvertible."""
        if value is None:
            return None
        try:
            if self.expression is not None:
                variables = {**context.variables, BEFORE: value}
                inside = Context(
                    context.now, context.zone, context.user, context.below, variables,
                    context.settings,
                )  # fmt: skip
                return as_stored(self.field, evaluate(self.expression, _or_nothing(row), inside))
            if self.by:
                return self._linked(value)
            return converted(self.former, self.field, value, self.locale)
        except Refusal:
            if "otherwise" in self.settings:
                return self.field.type.read(self.settings["otherwise"])
            raise NotConvertible from None

    def _linked(self, value: Any) -> int | None:
        found = self._known.get(str(self._replaced(value)))
        if found is None and "otherwise" not in self.settings:
            raise NotConvertible
        return found

    def _replaced(self, value: Any) -> Any:
        replaced: Mapping[str, Any] = self.settings.get("replace", {})
        text = self.former.type.to_text(value)
        return replaced.get(text, text)

    def _compiled(self, catalog: Catalog) -> Expression | None:
        if "from" not in self.settings:
            return None
        return compile_expression(
            str(self.settings["from"]),
            self.field.object,
            catalog,
            expected=self.field.type.expression_type(),
            place=self.field.place("convert"),
            variables={BEFORE: self.former.type.expression_type()},
        )


class _Nothing:
    """A record without values, for expressions that ask for none."""

    id = None

    def value(self, name: str) -> Any:
        """No value."""
        return None


def _or_nothing(row: Row | None) -> Row:
    return _Nothing() if row is None else row
