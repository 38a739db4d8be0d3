"""From the catalog to SQLAlchemy Core tables (rules 1, 2, 13, 18, 21).

Every object has a table with its physical key as name and a column per stored field. Beside a
searched or unique text stands its folded form (`<column>__f`), beside the title its sort key
(`<column>__s`), and `grams` holds the search grams. No business rule is a NOT NULL.

Two uses: `build_tables` makes what stands in the database, for plans. `running_tables` makes what
statements are written with: every table by itself, without constraints, so that the next
revision takes those that are described alike from the one before.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.expressions.sqltypes import Id, Moment, Names, String
from engine.expressions.types import Member
from engine.fieldtypes.links import Links
from engine.pausing import collector_paused
from engine.schema.described import Described, Description, descriptions
from engine.schema.indexes import Unserved, add_indexes, has_sort_column
from engine.schema.joins import join_tables, running_join
from engine.schema.naming import derived_name
from engine.schema.system import add_system_tables

GRAMS = "grams"
POSITION = "position"
DELETED = "deleted_on"


@dataclass(frozen=True)
class Tables:
    """The tables of one revision. `unserved` names declared lists that got no index.

    `platform` are the platform's own. A view has no table in the database: the one here only
    names its columns and their types.
    """

    catalog: Catalog
    platform: Mapping[str, sa.Table]
    by_object: Mapping[str, sa.Table]
    unserved: tuple[Unserved, ...] = ()
    joins: Mapping[str, sa.Table] = field(default_factory=dict)
    described: Mapping[str, Description] = field(default_factory=dict, repr=False)

    def table(self, object: str) -> sa.Table:
        """The object's table."""
        return self.by_object[object]

    def system(self, name: str) -> sa.Table:
        """A table of the platform, such as `fw_audit`."""
        return self.platform[name]

    def standing(self) -> dict[str, sa.Table]:
        """All tables that stand in the database, by name: the platform's come first."""
        own = (self.by_object[name] for name, one in self.described.items() if one.in_database)
        return {**self.platform, **{table.name: table for table in (*own, *self.joins.values())}}

    def join(self, field: Field) -> sa.Table:
        """The join table of a field of many links."""
        assert isinstance(field.type, Links)
        return self.joins[field.type.table]

    def source(self, object: str) -> sa.FromClause:
        """A fresh alias of the object's table (`View`)."""
        return self.by_object[object].alias()

    def visible(self, object: str, source: sa.FromClause) -> sa.ColumnElement[bool] | None:
        """Live rows only: the system sees everything that is not deleted (`View`)."""
        if self.catalog.objects[object].is_view:
            return None
        return source.c[DELETED].is_(None)

    def column(self, object: str, member: Member, source: sa.FromClause) -> sa.ColumnElement[Any]:
        """The member's column (`View`)."""
        return source.c[member.column]

    def formula(
        self, object: str, member: Member, value: sa.ColumnElement[Any], source: sa.FromClause
    ) -> sa.ColumnElement[Any]:
        """The formula's value (`View`)."""
        return value

    def inside_formula(self) -> Tables:
        """The same tables (`View`)."""
        return self


def build_tables(
    catalog: Catalog, additions: Sequence[Callable[[sa.MetaData], None]] = ()
) -> Tables:
    """The tables for a catalog; `additions` add the platform tables of higher rooms."""
    metadata = sa.MetaData()
    with collector_paused():
        described, unserved = descriptions(catalog)
        tables = {
            name: _table(one, metadata if one.in_database else sa.MetaData(), linked=True)
            for name, one in described.items()
        }
        joins = {
            table.name: table
            for definition in catalog.objects.values()
            for table in join_tables(definition, tables, metadata)
        }
    return Tables(
        catalog,
        platform_tables(tuple(additions)),
        MappingProxyType(tables),
        unserved,
        MappingProxyType(joins),
        described,
    )


def running_tables(
    catalog: Catalog,
    additions: Sequence[Callable[[sa.MetaData], None]] = (),
    former: Tables | None = None,
) -> Tables:
    """The tables that statements for a catalog are written with, each by itself.

    What is described as in `former`, which the same additions were given, is taken from there.
    """
    with collector_paused():
        described, unserved = descriptions(catalog)
        tables = {}
        known = {one.name: name for name, one in former.described.items()} if former else {}
        for name, one in described.items():
            was = known.get(one.name, "")
            if former and was and former.described[was] == one:
                tables[name] = former.by_object[was]
            else:
                tables[name] = _table(one, sa.MetaData(), linked=False)
        names = [
            field.type.table
            for definition in catalog.objects.values()
            for field in definition.many
            if isinstance(field.type, Links)
        ]
        joined = former.joins if former else {}
        joins = {name: joined[name] if name in joined else running_join(name) for name in names}
    return Tables(
        catalog,
        platform_tables(tuple(additions)),
        MappingProxyType(tables),
        unserved,
        MappingProxyType(joins),
        described,
    )


@functools.cache
def platform_tables(
    additions: tuple[Callable[[sa.MetaData], None], ...],
) -> Mapping[str, sa.Table]:
    """The platform's own tables, with those that `additions` add.

    They are the same for every revision and link to no object's table, so they are made once.
    """
    metadata = sa.MetaData()
    add_system_tables(metadata)
    for add in additions:
        add(metadata)
    return MappingProxyType(dict(metadata.tables))


def _table(described: Description, metadata: sa.MetaData, linked: bool) -> sa.Table:
    """The table; `linked` with its constraints."""
    columns: list[sa.schema.SchemaItem] = []
    for one in described.columns:
        columns.extend(_columns(described.name, one, linked))
    if not described.in_database:
        return sa.Table(described.name, metadata, *columns)
    if described.line:
        columns.append(sa.Column(POSITION, Id()))
        columns.append(sa.Column(DELETED, Moment()))
    if described.searched:
        columns.append(sa.Column(GRAMS, Names()))
    table = sa.Table(described.name, metadata, *columns, sqlite_strict=True)
    add_indexes(table, described.indexes)
    return table


def _columns(table: str, described: Described, linked: bool) -> list[sa.Column[Any]]:
    name, type_ = described.name, described.type
    if type_ is None:
        return [sa.Column("id", Id(), sa.Identity(), primary_key=True)]
    constraints: list[sa.ForeignKey] = []
    if described.target and linked:
        key = derived_name("fk", table, name)
        constraints.append(sa.ForeignKey(f"{described.target}.id", name=key))
    column_type = type_.column_type()
    assert column_type is not None, name
    columns = [sa.Column(name, column_type, *constraints)]
    if described.folded:
        columns.append(sa.Column(described.folded, String()))
    if described.paths:
        columns.append(sa.Column(described.paths, String()))
    if described.sorted:
        columns.append(sa.Column(f"{name}__s", String()))
    return columns


def sort_column(definition: Object, field: Field) -> str:
    """The column that puts records in the order people expect for this field."""
    if definition.is_view:
        return field.column
    if has_sort_column(definition, field):
        return f"{field.column}__s"
    return field.folded or field.column
