"""What an earlier apply has left: columns that it gave up, values that the audit is still told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import ops

from engine.schema import wording
from engine.schema.backfilling import PUBLISHED, Journal
from engine.schema.steps import Phase, Step, drop_columns, statement
from engine.schema.structure import GRAMS_COLUMN, SEARCH_SUFFIX, Structure, read_structure
from engine.schema.touching import unwatch, watching


def left(
    journal: Journal, way: str, structure: Structure, connection: sa.Connection
) -> tuple[Step, ...]:
    """The step that tidies up, if there is anything that the plan with this `way` does not go on.

    What was given up is dropped: no revision has ever known it, and half of it is computed.
    """
    if journal.status == PUBLISHED:
        return (Step(kind="left-over", text=wording.LEFT_OVER),)
    if journal.target == way:
        return ()
    real, dialect = read_structure(connection), connection.dialect
    operations: list[ops.MigrateOperation] = [
        statement(sql) for table in watching(connection) for sql in unwatch(table, dialect)
    ]
    for table, column in journal.fresh:
        found = real.tables.get(table)
        if found is None or column not in found.columns:
            continue
        search = f"{table}{SEARCH_SUFFIX}"
        if column == GRAMS_COLUMN and search in real.other and search not in structure.other:
            quoted = dialect.identifier_preparer.quote(search)
            operations.append(statement(f"DROP TABLE {quoted}"))
        operations.extend(drop_columns(table, (column,)))
    return (
        Step(
            kind="given-up",
            text=wording.GIVEN_UP,
            phase=Phase.CREATE,
            operations=tuple(operations),
        ),
    )
