"""From the catalog to SQLAlchemy Core tables (rules 1, 2, 13, 18, 21).

Every object has a table with its physical key as name and a column per stored field. Beside a
searched or unique text stands its folded form (`<column>__f`), beside the title its sort key
(`<column>__s`), and `grams` holds the search grams. No business rule is a NOT NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.expressions.sqltypes import Id, Moment, Names, String
from engine.expressions.types import Member
from engine.fieldtypes.link import Link
from engine.fieldtypes.links import Links
from engine.pausing import collector_paused
from engine.schema.indexes import Unserved, derived_indexes
from engine.schema.joins import add_join_tables
from engine.schema.naming import derived_name
from engine.schema.system import add_system_tables

GRAMS = "grams"
POSITION = "position"
DELETED = "deleted_on"


@dataclass(frozen=True)
class Tables:
    """The tables of one revision. `unserved` names declared lists that got no index.

    A view has none in the database: its table here only names its columns and their types.
    """

    catalog: Catalog
    metadata: sa.MetaData
    by_object: Mapping[str, sa.Table]
    unserved: tuple[Unserved, ...] = ()

    def table(self, object: str) -> sa.Table:
        """The object's table."""
        return self.by_object[object]

    def system(self, name: str) -> sa.Table:
        """A table of the platform, such as `fw_audit`."""
        return self.metadata.tables[name]

    def join(self, field: Field) -> sa.Table:
        """The join table of a field of many links."""
        assert isinstance(field.type, Links)
        return self.metadata.tables[field.type.table]

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
    add_system_tables(metadata)
    for add in additions:
        add(metadata)
    unserved: list[Unserved] = []
    with collector_paused():
        tables = {
            name: _view_table(definition)
            if definition.is_view
            else _object_table(definition, catalog, metadata, unserved)
            for name, definition in catalog.objects.items()
        }
    for definition in catalog.objects.values():
        add_join_tables(definition, tables, metadata)
    return Tables(catalog, metadata, MappingProxyType(tables), tuple(unserved))


def _object_table(
    definition: Object, catalog: Catalog, metadata: sa.MetaData, unserved: list[Unserved]
) -> sa.Table:
    columns: list[sa.schema.SchemaItem] = []
    for field in definition.stored_fields:
        columns.extend(_columns(definition, field, catalog))
    if definition.parent:
        columns.append(sa.Column(POSITION, Id()))
        columns.append(sa.Column(DELETED, Moment()))
    if definition.search and not definition.parent:
        columns.append(sa.Column(GRAMS, Names()))
    table = sa.Table(definition.table, metadata, *columns, sqlite_strict=True)
    derived_indexes(definition, table, unserved)
    if path := definition.path_column:  # not only of live rows: what is deleted moves along
        sa.Index(derived_name("ix", table.name, path), table.c[path])
    return table


def _view_table(definition: Object) -> sa.Table:
    """The columns of a view, in no database: its rows come from `engine.permissions.viewing`."""
    columns = [sa.Column(f.column, f.type.column_type()) for f in definition.stored_fields]
    return sa.Table(definition.table, sa.MetaData(), *columns)


def _columns(definition: Object, field: Field, catalog: Catalog) -> list[sa.Column[Any]]:
    if field.name == "id":
        return [sa.Column("id", Id(), sa.Identity(), primary_key=True)]
    type_ = field.type
    constraints: list[sa.ForeignKey] = []
    if isinstance(type_, Link):
        target = catalog.objects[type_.to].table
        name = derived_name("fk", definition.table, field.column)
        constraints.append(sa.ForeignKey(f"{target}.id", name=name))
    column_type = type_.column_type()
    assert column_type is not None, field.name
    columns = [sa.Column(field.column, column_type, *constraints)]
    if field.folded:
        columns.append(sa.Column(field.folded, String()))
    if field.name == definition.tree:
        columns.append(sa.Column(definition.path_column, String()))
    if field.name == definition.title and type_.textual and field.name != "number":
        columns.append(sa.Column(f"{field.column}__s", String()))
    return columns


def sort_column(definition: Object, field: Field) -> str:
    """The column that puts records in the order people expect for this field."""
    if definition.is_view:
        return field.column
    if field.name == definition.title and field.type.textual and field.name != "number":
        return f"{field.column}__s"
    return field.folded or field.column
