"""The bell: what one person was told, the latest first, and what of it was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from notices.tables import NOTICE_TABLE

MOST_UNREAD = 99
"""Unread notices are counted up to here; one more stands for all others."""
KEPT = dt.timedelta(days=90)
"""For how long notices are kept."""
PRUNED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Rung:
    """One notice. `object` and `record` are what it is about, if it is about a record."""

    id: int
    at: dt.datetime
    object: str
    record: int | None
    title: str
    text: str
    of: str
    by: int | None
    read_on: dt.datetime | None


def unread(gate: Gate, person: int) -> int:
    """How many notices the person has not read; 100 stands for 100 and more."""
    t = gate.tables.system(NOTICE_TABLE)
    found = (
        sa.select(sa.literal(1).label("one"))
        .where(t.c.person == person, t.c.read_on.is_(None))
        .limit(MOST_UNREAD + 1)
    )
    with gate.databases.reading() as connection:
        count = connection.scalar(sa.select(sa.func.count()).select_from(found.subquery()))
    return int(count or 0)


def latest(
    gate: Gate, person: int, limit: int, after: int | None = None
) -> tuple[list[Rung], int | None]:
    """A page of the person's notices, the latest first, and where the next page begins.

    `after` is what the page before gave for that.
    """
    t = gate.tables.system(NOTICE_TABLE)
    statement = sa.select(t).where(t.c.person == person).order_by(t.c.id.desc()).limit(limit + 1)
    if after is not None:
        statement = statement.where(t.c.id < after)
    with gate.databases.reading() as connection:
        rows = connection.execute(statement).all()
    items = [_rung(gate, row) for row in rows[:limit]]
    return items, items[-1].id if len(rows) > limit else None


def one(gate: Gate, person: int, id: int) -> Rung | None:
    """One notice of the person's own, or None."""
    t = gate.tables.system(NOTICE_TABLE)
    statement = sa.select(t).where(t.c.id == id, t.c.person == person)
    with gate.databases.reading() as connection:
        row = connection.execute(statement).first()
    return None if row is None else _rung(gate, row)


def mark_read(gate: Gate, person: int, ids: Sequence[int] | None = None) -> None:
    """Marks notices of the person's own as read: these, or all of them."""
    with gate.transaction(SYSTEM) as tx:
        t = tx.tables.system(NOTICE_TABLE)
        of: list[sa.ColumnElement[bool]] = [t.c.person == person, t.c.read_on.is_(None)]
        if ids is not None:
            of.append(t.c.id.in_(ids))
        tx.connection.execute(sa.update(t).where(*of).values(read_on=tx.now))


def read_about(gate: Gate, person: int, of: str) -> None:
    """Marks the person's notices of one source as read; writes nothing where there are none."""
    t = gate.tables.system(NOTICE_TABLE)
    waiting = sa.select(t.c.id).where(t.c.person == person, t.c.read_on.is_(None), t.c.of == of)
    with gate.databases.reading() as connection:
        ids = connection.scalars(waiting).all()
    if ids:
        mark_read(gate, person, ids)


def prune(gate: Gate) -> int:
    """Deletes some of the notices that are older than `KEPT`; returns how many.

    The one with the highest id always stays: on SQLite the next id is counted from it.
    """
    t = gate.tables.system(NOTICE_TABLE)
    highest = sa.select(sa.func.max(t.alias().c.id)).scalar_subquery()
    with gate.transaction(SYSTEM) as tx:
        old = (
            sa.select(t.c.id).where(t.c.at < tx.now - KEPT, t.c.id < highest).limit(PRUNED_AT_ONCE)
        )
        return int(tx.connection.execute(sa.delete(t).where(t.c.id.in_(old))).rowcount)


def settle(tx: Transaction, of: Sequence[str], person: int | None = None) -> None:
    """Marks notices as read that call for nothing any more: everybody's, or one person's."""
    t = tx.tables.system(NOTICE_TABLE)
    those: list[sa.ColumnElement[bool]] = [t.c.of.in_(of), t.c.read_on.is_(None)]
    if person is not None:
        those.append(t.c.person == person)
    tx.connection.execute(sa.update(t).where(*those).values(read_on=tx.now))


def _rung(gate: Gate, row: Any) -> Rung:
    names = gate.statements.once(
        "notice objects", lambda: {o.table: o.name for o in gate.catalog.objects.values()}
    )
    object = names.get(row.object, "")
    return Rung(
        id=row.id,
        at=row.at,
        object=object,
        record=row.record if object else None,
        title=row.title,
        text=row.text or "",
        of=row.of or "",
        by=row.by,
        read_on=row.read_on,
    )
