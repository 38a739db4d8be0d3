"""Computing the folded texts of records that were there before their column was."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from engine.expressions.folding import fold
from engine.schema.planning import Fill
from engine.schema.tables import Tables

Filling = Callable[[sa.Connection, Tables, Sequence[Fill]], None]
"""Computes columns of existing records inside the publishing transaction."""

BATCH = 2_000


def fill_folded(connection: sa.Connection, tables: Tables, fills: Sequence[Fill]) -> None:
    """Fills the columns with folded text; leaves the others to those who can compute them."""
    for fill in fills:
        definition = tables.catalog.objects[fill.object]
        field = definition.fields.get(fill.field)
        if field is not None and field.folded == fill.column:
            _fold_all(connection, tables.table(fill.object), field.column, field.folded)


def _fold_all(connection: sa.Connection, table: sa.Table, source: str, target: str) -> None:
    update = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("row"))
        .values({target: sa.bindparam("folded")})
    )
    last = 0
    while True:
        rows = connection.execute(
            sa.select(table.c.id, table.c[source])
            .where(table.c.id > last, table.c[source].is_not(None))
            .order_by(table.c.id)
            .limit(BATCH)
        ).all()
        if not rows:
            return
        connection.execute(update, [{"row": id_, "folded": fold(text)} for id_, text in rows])
        last = rows[-1][0]
