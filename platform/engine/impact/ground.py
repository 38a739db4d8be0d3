"""What findings are made on: the two catalogs, and the database between them.

Counting is set-wise and bounded: exact up to `CAP`, "more than" after that, with a few examples.
What is counted are live records, in the columns that stand in the database now.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as field_
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.expressions import Context, Expression, JoinSet, to_sql
from engine.fieldtypes.choice import Choice, Choices
from engine.schema.differences import Plain
from engine.schema.findings import CAP, MOST_EXAMPLES, Count, Example
from engine.schema.structure import Structure
from engine.schema.tables import DELETED, Tables

LONGEST = 60
"""Characters of a value that an example shows."""
MOST_VALUES = 300_000
"""Different values of a field that are looked at one by one."""

Condition = Callable[[sa.ColumnElement[Any]], sa.ColumnElement[bool]]
"""Makes a condition of a column."""


@dataclass(frozen=True)
class Pair:
    """An object that is there before and after; its fields by their name after.

    `by_column`: what has the same column is the same field, whatever it is called (going back,
    where nothing says `was:`).
    """

    before: Object
    after: Object
    by_column: bool = False

    @cached_property
    def fields(self) -> Mapping[str, tuple[Field, Field]]:
        """The fields that are there before and after, by the name after."""
        found: dict[str, tuple[Field, Field]] = {}
        for name, field in self.after.fields.items():
            was = str(field.source.plain("was", "")) if field.source else ""
            former = self.before.fields.get(name)
            if was and was in self.before.fields and was not in self.after.fields:
                former = former or self.before.fields[was]
            if self.by_column:
                taken = former is not None and former.name in self._kept
                former = self._same.get(field.column, None if taken else former)
                former = former or self._renamed.get(name)
            if former is not None:
                found[name] = (former, field)
        return found

    @cached_property
    def _same(self) -> Mapping[str, Field]:
        """The fields before, by the column that a field has afterwards, too."""
        kept = {field.column for field in self.after.fields.values() if field.stored}
        before = self.before.fields.values()
        return {f.column: f for f in before if f.stored and f.column in kept}

    @cached_property
    def _renamed(self) -> Mapping[str, Field]:
        """The fields before that say what they were called, in another column."""
        return {
            str(field.source.plain("was", "")): field
            for field in self.before.fields.values()
            if field.source and field.name not in self._kept | self.after.fields.keys()
        }

    @cached_property
    def _kept(self) -> frozenset[str]:
        return frozenset(field.name for field in self._same.values())


@dataclass(frozen=True)
class Selection:
    """Some live records of an object: a table, what is joined to it (`source`), a condition."""

    definition: Object
    table: sa.FromClause
    condition: sa.ColumnElement[bool]
    joined: sa.FromClause | None = None
    parameters: Mapping[str, Any] = field_(default_factory=dict)

    @property
    def source(self) -> sa.FromClause:
        """Where the records are selected from."""
        return self.table if self.joined is None else self.joined

    def narrowed(self, condition: sa.ColumnElement[bool]) -> Selection:
        """Those of them that fulfil one more condition."""
        return replace(self, condition=sa.and_(self.condition, condition))


@dataclass(frozen=True)
class Ground:
    """The applied catalog, the coming tables (with their catalog), the database.

    `plain_before` and `plain_after` are the definitions without places. `batches`: of a way back,
    the batches of values that the revisions wrote which are gone back over, the oldest first.
    """

    connection: sa.Connection
    before: Catalog
    tables: Tables
    structure: Structure
    plain_before: Plain
    plain_after: Plain
    batches: tuple[int, ...] | None = None

    @property
    def back(self) -> bool:
        """Whether it is a way back to an earlier revision."""
        return self.batches is not None

    @property
    def after(self) -> Catalog:
        """The coming catalog, on its permanent keys."""
        return self.tables.catalog

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The objects with a table that are there before and after."""
        former = {o.table: o for o in self.before.objects.values() if not o.is_view}
        return tuple(
            Pair(former[o.table], o, self.back)
            for o in self.after.objects.values()
            if not o.is_view and o.table in former and o.table in self.structure.tables
        )

    def has(self, definition: Object, *columns: str) -> bool:
        """Whether the object's table has these columns now."""
        found = self.structure.tables.get(definition.table)
        return found is not None and found.columns.issuperset(columns)

    def rows(self, definition: Object, *fields: Field) -> sa.TableClause:
        """The object's table as it stands, with the columns that counting needs."""
        title = title_of(definition)
        known: dict[str, sa.ColumnClause[Any]] = {n: sa.column(n) for n in ("id", DELETED)}
        for field in (*fields, *((title,) if title else ())):
            known[field.column] = sa.column(field.column, field.type.column_type())
        return sa.table(definition.table, *known.values())

    def count(self, some: Selection) -> Count:
        """How many live records are selected."""
        table = some.table
        query = sa.select(sa.literal(1).label("one")).select_from(some.source)
        query = query.where(table.c[DELETED].is_(None), some.condition).limit(CAP + 1)
        counted = sa.select(sa.func.count()).select_from(query.subquery())
        found = self.connection.scalar(counted, some.parameters) or 0
        return Count(min(found, CAP), found <= CAP)

    def examples(self, some: Selection, value: Field | None = None) -> tuple[Example, ...]:
        """The first of the selected records, with the value of a field."""
        title, table = title_of(some.definition), some.table
        columns = [table.c.id, table.c[title.column] if title else sa.null()]
        columns.append(table.c[value.column] if value else sa.null())
        query = sa.select(*columns).select_from(some.source)
        query = query.where(table.c[DELETED].is_(None), some.condition).order_by(table.c.id)
        rows = self.connection.execute(query.limit(MOST_EXAMPLES), some.parameters)
        return tuple(
            Example(id, shown(named), shown(decoded(value, found)) if value else "")
            for id, named, found in rows
        )

    def values(
        self, definition: Object, field: Field, only: Condition | None = None
    ) -> Iterator[tuple[Any, int]]:
        """The different values of a field with the number of live records that hold each.

        `only` makes of the column what they have to fulfil.
        """
        table = self.rows(definition, field)
        column = table.c[field.column]
        wanted = (column.is_not(None), only(column)) if only else (column.is_not(None),)
        query = (
            sa.select(column, sa.func.count())
            .where(table.c[DELETED].is_(None), *wanted)
            .group_by(column)
            .limit(MOST_VALUES + 1)
        )
        for value, number in self.connection.execute(query).all():
            yield decoded(field, value), number

    def holding(self, definition: Object, field: Field, value: Any) -> tuple[Example, ...]:
        """The first record that holds a value, as it is stored."""
        table = self.rows(definition, field)
        some = Selection(definition, table, table.c[field.column] == value)
        return self.examples(some, field)[:1]

    def fulfilling(
        self, definition: Object, expression: Expression, *, wanted: bool = True
    ) -> Selection | None:
        """The records of an object (as it will be) that fulfil a condition, or do not.

        None where that cannot be told before the change: the condition reads settings, the person
        who asks, or a column that is not there yet.
        """
        if expression.uses_settings or expression.uses_user:
            return None
        if not all(self._stands(*read) for read in expression.reads):
            return None
        joins, table = JoinSet(), self.tables.source(definition.name)
        compiled = to_sql(expression, self.tables, table, self.connection.dialect.name, joins)
        context = Context(now=dt.datetime.now(dt.UTC), zone=self.after.site.zone)
        condition = compiled.condition if wanted else compiled.value.is_not(sa.true())
        parameters = compiled.parameters(context)
        return Selection(definition, table, condition, joins.applied(table), parameters)

    def _stands(self, object: str, name: str) -> bool:
        definition = self.after.objects.get(object)
        found = self.after.member(object, name.split("@")[0])
        if definition is None or found is None or definition.is_view:
            return False
        if found.formula is not None:
            return True  # what it reads is among the reads
        if found.join:
            return found.join in self.structure.tables
        return not found.column or self.has(definition, found.column)


def title_of(definition: Object) -> Field | None:
    """The stored field that tells records apart for people."""
    for name in (definition.title, "number"):
        found = definition.fields.get(name)
        if found is not None and found.stored and found.type.textual:
            return found
    return None


def decoded(field: Field | None, value: Any) -> Any:
    """A value from the column with the names of options in the place of their keys (rule 1)."""
    if field is None or not isinstance(field.type, Choice) or value is None:
        return value
    names = {key: name for name, key in field.type.keys.items()}
    if isinstance(field.type, Choices):
        return tuple(names.get(one, one) for one in value)
    return names.get(value, value)


def shown(value: Any) -> str:
    """A value in short, on one line."""
    if value is None:
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
