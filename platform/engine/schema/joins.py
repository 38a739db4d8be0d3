"""Join tables: one for every field of many links (rule 1: its name follows the permanent keys).

A row says that `from_id` names `to_id`, at `position` of its list. Rows stay while one of the two
records lies in the recycle bin, so that it comes back with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa
from alembic.operations import ops

from engine.definition.joining import join_name
from engine.definition.objects import Field, Object
from engine.expressions.joined_sql import FROM, TO, join_table
from engine.expressions.sqltypes import Id
from engine.fieldtypes.links import Links
from engine.schema import wording
from engine.schema.naming import derived_name
from engine.schema.steps import Phase, Step
from engine.schema.structure import columns_of

POSITION = "position"


def join_tables(
    definition: Object, tables: Mapping[str, sa.Table], metadata: sa.MetaData
) -> Iterator[sa.Table]:
    """The join tables of an object's many links; `tables` are those of all objects."""
    for field in definition.many:
        assert isinstance(field.type, Links)
        name = field.type.table
        links = [
            sa.ForeignKey(f"{target.name}.id", name=derived_name("fk", name, column))
            for column, target in ((FROM, tables[definition.name]), (TO, tables[field.type.to]))
        ]
        yield _join(name, metadata, [links[0]], [links[1]])


def running_join(name: str) -> sa.Table:
    """A join table as statements are written with it, by itself."""
    return _join(name, sa.MetaData(), [], [])


def _join(
    name: str, metadata: sa.MetaData, source: list[sa.ForeignKey], target: list[sa.ForeignKey]
) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column(FROM, Id(), *source, primary_key=True, autoincrement=False),
        sa.Column(TO, Id(), *target, primary_key=True, autoincrement=False),
        sa.Column(POSITION, Id(), nullable=False),
        sa.Index(derived_name("ix", name, TO), TO),
        sqlite_strict=True,
    )


def joined_fields(objects: Iterable[Object]) -> dict[str, tuple[Object, Field]]:
    """The fields of many links, each with its object, by their join table."""
    return {
        field.type.table: (definition, field)
        for definition in objects
        for field in definition.many
        if isinstance(field.type, Links)
    }


def new_join(
    definition: Object, field: Field, operations: tuple[ops.MigrateOperation, ...]
) -> Step:
    """The step that creates a field's join table."""
    return Step(
        kind="new-field",
        text=wording.new_field(definition, field),
        phase=Phase.CREATE,
        table=definition.table,
        operations=operations,
    )


def joined_records(connection: sa.Connection, table: str, column: str) -> int:
    """How many records the join table of the field with these keys holds something for."""
    name = join_name(table, column)
    if not columns_of(connection, name):
        return 0
    counted = sa.select(sa.func.count(join_table(name).c[FROM].distinct()))
    return connection.scalar(counted) or 0
