"""Numbering (rule 12): from blocks by default, from the counter itself where gaps are forbidden.

A block is taken in a short transaction of its own, so numbers never make writers wait for each
other; what a process has not used of a block when it ends is lost. A gapless counter is taken
as the last step before the write, and held to the end of the transaction. On SQLite, where
there is one writer at a time anyway, numbers always come from the counter itself.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from engine.definition.numbering import NumberPattern
from engine.records import messages as say
from engine.records.changes import CREATE, Batch, Change

if TYPE_CHECKING:
    from engine.records.gate import Gate
    from engine.records.transaction import Transaction

BLOCK = 20
"""Numbers that a process takes at once for single records."""


class Numbering:
    """Hands out numbers to one process."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._lock = threading.Lock()
        self._blocks: dict[tuple[str, str], tuple[int, int]] = {}

    def take(self, batch: Batch, pattern: NumberPattern, period: str, count: int) -> list[int]:
        """`count` sequence values of a period."""
        if pattern.gapless or self.gate.dialect == "sqlite":
            last = self._advance(batch.tx.connection, batch.name, period, count)
            return list(range(last - count + 1, last + 1))
        key = (batch.name, period)
        with self._lock:
            next_, end = self._blocks.get(key, (1, 0))
            if end - next_ + 1 < count:
                size = max(BLOCK, count)
                with self._apart() as connection:
                    last = self._advance(connection, batch.name, period, size)
                next_, end = last - size + 1, last
            self._blocks[key] = (next_ + count, end)
            return list(range(next_, next_ + count))

    @contextmanager
    def _apart(self) -> Iterator[sa.Connection]:
        """A short transaction of its own, so that no counter is locked for long.

        Its connection is of the reading pool: whoever counts already holds one of the writing
        pool, which might have no other left.
        """
        with self.gate.databases.reads.begin() as connection:
            yield connection

    def _advance(self, connection: sa.Connection, object: str, period: str, by: int) -> int:
        """Moves the counter on and returns its last value."""
        counter = self.gate.tables.system("fw_counter")
        insert: Any = postgresql.insert if self.gate.dialect == "postgresql" else sqlite.insert
        statement = insert(counter).values(object=object, period=period, value=by)
        statement = statement.on_conflict_do_update(
            index_elements=["object", "period"], set_={"value": counter.c.value + by}
        ).returning(counter.c.value)
        return int(connection.execute(statement).scalar_one())

    def raise_to(self, batch: Batch, pattern: NumberPattern, period: str, value: int) -> None:
        """Makes sure that the counter is at least at `value` (imported numbers)."""
        if pattern.gapless or self.gate.dialect == "sqlite":
            self._raise(batch.tx.connection, batch.name, period, value)
        else:
            with self._apart() as connection:
                self._raise(connection, batch.name, period, value)
            with self._lock:
                self._blocks.pop((batch.name, period), None)

    def _raise(self, connection: sa.Connection, object: str, period: str, value: int) -> None:
        counter = self.gate.tables.system("fw_counter")
        insert: Any = postgresql.insert if self.gate.dialect == "postgresql" else sqlite.insert
        statement = insert(counter).values(object=object, period=period, value=value)
        higher = sa.case((counter.c.value < value, value), else_=counter.c.value)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["object", "period"], set_={"value": higher}
            )
        )


def day_of(tx: Transaction, change: Change) -> dt.date:
    """The day that a record is numbered by: history by when it happened, all else by today."""
    created: dt.datetime | None = change.row.get("created_on")
    if tx.historical and created is not None:
        return created.astimezone(tx.gate.zone).date()
    return tx.today


def number(batch: Batch) -> None:
    """Gives new records their numbers; imported ones keep theirs and move the counter."""
    pattern = batch.definition.number
    if pattern is None or batch.action != CREATE:
        return
    tx, numbering = batch.tx, batch.tx.gate.numbering
    waiting: dict[str, list[Change]] = defaultdict(list)
    imported: dict[str, int] = {}
    for change in batch.changes:
        given = change.row.get("number")
        if given is None:
            waiting[pattern.period(day_of(tx, change))].append(change)
            continue
        if given.isdigit():
            change.refuse(say.NUMBER_TAKEN(found=given), "number")
            continue
        found = pattern.sequence_of(given)
        if found:
            imported[found[0]] = max(found[1], imported.get(found[0], 0))
    batch.settle()
    for period, value in imported.items():
        numbering.raise_to(batch, pattern, period, value)
    for period, changes in waiting.items():
        values = numbering.take(batch, pattern, period, len(changes))
        for change, value in zip(changes, values, strict=True):
            change.row["number"] = pattern.format(value, day_of(tx, change))
