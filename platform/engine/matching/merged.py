"""Records that were merged into others: where they went, and what they bring with them.

A merged record lies in the recycle bin with a pointer to the one that stayed. What stands beside
records (comments, origins) is not moved: whoever reads it of the one that stayed reads it of those
merged into it as well, so undoing the merge, which brings them back, needs to move nothing either.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.matching.tables import MERGE
from engine.records.gate import Gate
from engine.schema.tables import DELETED

MOST = 200
"""Records that are followed."""


def with_merged(gate: Gate, connection: sa.Connection, object: str, id: int) -> list[int]:
    """The record and those that were merged into it, directly or one after the other."""
    merge, table = gate.tables.system(MERGE), gate.tables.table(object)
    key = gate.catalog.objects[object].table
    found, waiting = [id], [id] if DELETED in table.c else []  # not where nothing is recycled
    while waiting and len(found) < MOST:
        statement = (
            sa.select(merge.c.record)
            .join(table, table.c.id == merge.c.record)
            .where(
                merge.c.object == key, merge.c.winner.in_(waiting), table.c[DELETED].is_not(None)
            )
        )
        waiting = [one for one in connection.scalars(statement) if one not in found]
        found += waiting
    return found


def winner_of(gate: Gate, connection: sa.Connection, object: str, id: int) -> int | None:
    """The live record that a merged one has become part of, None where it was not merged.

    Nobody merges the rows of views.
    """
    if gate.catalog.objects[object].is_view:
        return None
    merge, table = gate.tables.system(MERGE), gate.tables.table(object)
    if DELETED not in table.c:  # nothing is recycled, so nothing is merged
        return None
    key = gate.catalog.objects[object].table
    seen: set[int] = set()
    current = id
    while current not in seen:
        seen.add(current)
        statement = (
            sa.select(table.c[DELETED], merge.c.winner)
            .select_from(
                table.outerjoin(merge, sa.and_(merge.c.record == table.c.id, merge.c.object == key))
            )
            .where(table.c.id == current)
        )
        row = connection.execute(statement).first()
        if row is None:
            return None
        if row[0] is None:
            return current if current != id else None
        if row[1] is None:
            return None
        current = row[1]
    return None


def batch_of(
    gate: Gate, connection: sa.Connection, object: str, winner: int, record: int
) -> int | None:
    """The batch in which the record was merged into `winner`; None where it is not, or no more."""
    merge, table = gate.tables.system(MERGE), gate.tables.table(object)
    statement = (
        sa.select(merge.c.batch)
        .join(table, table.c.id == merge.c.record)
        .where(
            merge.c.object == gate.catalog.objects[object].table, merge.c.record == record,
            merge.c.winner == winner, table.c[DELETED].is_not(None),
        )
    )  # fmt: skip
    found = connection.execute(statement).scalar()
    return None if found is None else int(found)
