"""What came after long work: whether it was taken back, and what was started from it."""

from __future__ import annotations

import sqlalchemy as sa

from engine.records.gate import Gate
from jobs.work_rows import WorkRow, work_row
from jobs.work_tables import CANCELLED, FAILED, WORK

FOLLOWED = "followed_by"
"""Where the parameters of a work name the one that was started from it."""


def undone_by(connection: sa.Connection, table: sa.Table, batch: int) -> int | None:
    """The long work of the table that took the batch back, or is at it.

    None where there is none, where it ended before it began, and where it was taken back itself.
    """
    statement = (
        sa.select(table.c.id, table.c.batch, table.c.status)
        .where(table.c.undo_of == batch)
        .order_by(table.c.id.desc())
    )
    for id, own, status in connection.execute(statement).all():
        if own is None and status in (FAILED, CANCELLED):
            continue
        if own is None or undone_by(connection, table, own) is None:
            return int(id)
    return None


def undo_of_work(gate: Gate, row: WorkRow) -> int | None:
    """The long work that took back what this one wrote; None where there is none."""
    if row.batch is None:
        return None
    with gate.databases.reading() as connection:
        return undone_by(connection, gate.tables.system(WORK), row.batch)


def work_of_batch(gate: Gate, batch: int) -> WorkRow | None:
    """The long work that wrote the batch; None where it was written without."""
    table = gate.tables.system(WORK)
    statement = sa.select(table).where(table.c.batch == batch).order_by(table.c.id).limit(1)
    with gate.databases.reading() as connection:
        row = connection.execute(statement).mappings().first()
    return None if row is None else work_row(row)


def following(row: WorkRow) -> int | None:
    """The long work that was started from this one."""
    found = row.params.get(FOLLOWED)
    return int(found) if found is not None else None
