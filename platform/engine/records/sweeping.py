"""Removing files that nobody needs any more; safe at any moment, and against whoever uploads.

1. What waited for a record for longer than a day goes.
2. What belonged to a record that is gone for good (not in the recycle bin) goes.
3. Contents that no row names go, unless they were written within the last day: their row may be
   about to be written.

The row with the highest id stays, without its content: on SQLite the next id is counted from it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import sqlalchemy as sa

from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.records.filing import file_fields
from engine.records.gate import Gate
from engine.records.uploading import AREA
from engine.schema.files import ATTACHED, FILES, WAITING

KEPT = dt.timedelta(days=1)
"""For so long a file waits for its record."""
AT_ONCE = 500


def anything_to_sweep(gate: Gate) -> bool:
    """Whether there are rows that are to go."""
    with gate.databases.reading() as connection:
        for condition in _over(gate, gate.clock()):
            t = gate.tables.system(FILES)
            if connection.execute(sa.select(t.c.id).where(condition).limit(1)).first():
                return True
    return False


def sweep(gate: Gate, files: Files, real_now: dt.datetime) -> int:
    """Removes rows and contents; returns how many rows. `files` is the whole store, `real_now`
    the time that it goes by."""
    gone = sum(_sweep_rows(gate, condition) for condition in _over(gate, gate.clock()))
    t, area = gate.tables.system(FILES), files.area(AREA)
    with gate.databases.reading() as connection:
        known = {
            digest for row in connection.execute(sa.select(t.c.digest, t.c.thumb)) for digest in row
        }
    for digest, written in area.everything():
        if digest not in known and (written is None or written < real_now - KEPT):
            area.delete(digest)
    area.drop_drafts(real_now - KEPT)
    return gone


def _over(gate: Gate, now: dt.datetime) -> Iterator[sa.ColumnElement[bool]]:
    """The conditions of rows that are to go."""
    t = gate.tables.system(FILES)
    named = sa.or_(t.c.digest != "", t.c.id < _highest(t))
    yield sa.and_(t.c.state == WAITING, t.c.at < now - KEPT, named)
    for definition in gate.catalog.objects.values():
        if not file_fields(definition):
            continue
        table = gate.tables.table(definition.name)
        there = sa.exists(sa.select(sa.literal(1)).where(table.c.id == t.c.record))
        own = sa.and_(t.c.state == ATTACHED, t.c.object == definition.table)
        yield sa.and_(own, sa.not_(there), named)


def _sweep_rows(gate: Gate, condition: sa.ColumnElement[bool]) -> int:
    t, gone = gate.tables.system(FILES), 0
    while True:
        with gate.transaction(SYSTEM) as tx:
            ids = list(tx.connection.scalars(sa.select(t.c.id).where(condition).limit(AT_ONCE)))
            these = sa.and_(t.c.id.in_(ids), condition)  # what was saved meanwhile stays
            emptied = {"digest": "", "thumb": None, "state": WAITING}
            tx.connection.execute(sa.update(t).where(these, t.c.id == _highest(t)).values(emptied))
            tx.connection.execute(sa.delete(t).where(these, t.c.id < _highest(t)))
        gone += len(ids)
        if len(ids) < AT_ONCE:
            return gone


def _highest(table: sa.Table) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.max(table.alias().c.id)).scalar_subquery()
