"""Steps of a plan: each can be described to people, shown as SQL and carried out.

The work is done by Alembic's operations; the same ones write the SQL that a plan shows.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import (
    AddConstraint,
    CreateIndex,
    CreateSequence,
    CreateTable,
    sort_tables_and_constraints,
)

from engine.problems import Text


class Phase(IntEnum):
    """When a step is due (rule 3): creating, altering and indexing expand, dropping contracts."""

    CREATE = 1
    ALTER = 2
    INDEX = 3
    NOTE = 4
    DROP = 5


@dataclass(frozen=True, kw_only=True)
class Step:
    """One part of a plan.

    `kind` is a word for programs ("new-object"). `operations` change the database's structure;
    a step without them changes only what the definitions say. `table` is what they touch;
    `columns` are those that they add to it. `loses` says that something people see now would be
    hidden.
    """

    kind: str
    text: Text
    phase: Phase = Phase.NOTE
    table: str = ""
    operations: tuple[ops.MigrateOperation, ...] = ()
    columns: tuple[str, ...] = ()
    loses: bool = False

    def sql(self, dialect: Dialect) -> str:
        """The step as SQL, statement by statement; empty when it has none."""
        buffer = io.StringIO()
        context = MigrationContext.configure(
            dialect=dialect, opts={"as_sql": True, "output_buffer": buffer}
        )
        _invoke(context, self.operations)
        return "\n".join(line for line in buffer.getvalue().splitlines() if line.strip())

    def run(self, connection: sa.Connection) -> None:
        """Carries the step out in the connection's transaction."""
        context = MigrationContext.configure(connection, opts={"transactional_ddl": True})
        _invoke(context, self.operations)

    def tidy(self, connection: sa.Connection) -> None:
        """Removes what a failed concurrent creation of indexes leaves behind."""
        for operation in self.operations:
            if isinstance(operation, ops.CreateIndexOp):
                quoted = connection.dialect.identifier_preparer.quote(str(operation.index_name))
                connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {quoted}")


def _invoke(context: MigrationContext, operations: Iterable[ops.MigrateOperation]) -> None:
    with Operations.context(context) as run:
        for operation in operations:
            run.invoke(operation)


def create_tables(
    tables: Sequence[sa.Table], dialect: str
) -> tuple[dict[str, tuple[ops.MigrateOperation, ...]], tuple[ops.MigrateOperation, ...]]:
    """What creates `tables`, by name in an order that works, and what closes circles of links.

    SQLite takes links to tables that do not exist yet; elsewhere those in a circle come last.
    """
    by_table: dict[str, tuple[ops.MigrateOperation, ...]] = {}
    circles: list[ops.MigrateOperation] = []
    chosen = {table.name for table in tables}
    ordered: list[Any] = sort_tables_and_constraints(tables)  # type: ignore[no-untyped-call]
    for table, constraints in ordered:
        if table is None:
            late = [c for c in constraints if c.table.name in chosen]
            if dialect != "sqlite":
                circles = [_ddl(AddConstraint(c, isolate_from_table=False)) for c in late]
            continue
        inline = None if dialect == "sqlite" else [*constraints]
        by_table[table.name] = (
            *(_ddl(CreateSequence(s)) for s in _sequences(table) if dialect != "sqlite"),
            _ddl(CreateTable(table, include_foreign_key_constraints=inline)),
            # Alembic would make a copy of the table for each of them
            *(_ddl(CreateIndex(index)) for index in indexes_of(table, dialect)),
        )
    return by_table, tuple(circles)


def indexes_of(table: sa.Table, dialect: str) -> list[sa.Index]:
    """The table's indexes that `dialect` can have, by name."""
    usable = [i for i in table.indexes if dialect == "postgresql" or not _gin(i)]
    return sorted(usable, key=lambda index: str(index.name))


def create_index(index: sa.Index, concurrently: bool = False) -> ops.CreateIndexOp:
    """What creates `index`; `concurrently` without stopping writers (PostgreSQL)."""
    made = ops.CreateIndexOp.from_index(index)
    if concurrently:
        made.kw["postgresql_concurrently"] = True
    return made


def drop_index(name: str, table: str, concurrently: bool = False) -> ops.DropIndexOp:
    """What drops the index `name`."""
    if concurrently:
        return ops.DropIndexOp(name, table, postgresql_concurrently=True)
    return ops.DropIndexOp(name, table)


def add_columns(table: sa.Table, columns: Iterable[str]) -> tuple[ops.MigrateOperation, ...]:
    """What adds columns, with their links. A new, empty column's link is not checked by a scan."""
    return tuple(
        ops.AddColumnOp(table.name, _loose(table.c[name]), inline_references=True)
        for name in columns
    )


def drop_columns(table: str, columns: Iterable[str]) -> tuple[ops.MigrateOperation, ...]:
    """What drops columns."""
    return tuple(ops.DropColumnOp(table, name) for name in columns)


def _loose(column: sa.Column[Any]) -> sa.Column[Any]:
    """The column apart from its table, with its links: SQLAlchemy's own copy leaves them out."""
    links = [sa.ForeignKey(link.target_fullname) for link in column.foreign_keys]
    given = column.server_default
    default: Any = given.arg if isinstance(given, sa.DefaultClause) else None
    return sa.Column(
        column.name,
        column.type,
        *links,
        server_default=default,
        nullable=column.nullable or default is None,
    )


def statement(sql: str) -> ops.ExecuteSQLOp:
    """What executes the SQL of our own making."""
    return ops.ExecuteSQLOp(sql)


def _ddl(element: sa.schema.ExecutableDDLElement) -> ops.ExecuteSQLOp:
    return ops.ExecuteSQLOp(element)


def _gin(index: sa.Index) -> bool:
    return bool(index.dialect_options["postgresql"]["using"])


def _sequences(table: sa.Table) -> list[sa.Sequence]:
    return [c.default for c in table.c if isinstance(c.default, sa.Sequence)]
