"""The steps of a plan that guard the audit: with its tables, and where triggers are missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa
from alembic.operations import ops

from engine.problems import Text
from engine.schema.guards import GUARDED, guards_of
from engine.schema.steps import Phase, Step, statement
from engine.schema.structure import Structure

GUARDS = Text({"en": "{table}: rows can no longer be changed", "zh": "{table}：数据行不可再更改"})


def guard_operations(tables: Iterable[sa.Table], dialect: str) -> tuple[ops.MigrateOperation, ...]:
    """What guards those of new `tables` that are guarded."""
    return tuple(
        statement(sql)
        for table in tables
        if table.name in GUARDED
        for made in guards_of(table, dialect).values()
        for sql in made
    )


def missing_guards(
    tables: Mapping[str, sa.Table], structure: Structure, dialect: str
) -> Iterator[Step]:
    """A step for each guarded table that exists and lacks triggers."""
    for name in GUARDED:
        if name not in structure.tables:
            continue
        guards = guards_of(tables[name], dialect)
        missing = [sql for key, made in guards.items() if key not in structure.triggers
                   for sql in made]  # fmt: skip
        if missing:
            yield Step(
                kind="guards",
                text=Text({k: v.format(table=name) for k, v in GUARDS.by_locale.items()}),
                phase=Phase.ALTER,
                table=name,
                operations=tuple(statement(sql) for sql in missing),
            )
