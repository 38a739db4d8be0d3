"""Removing what the audit need no longer keep: the one door through which rows leave it.

1. Whole seals go, from the oldest on, as long as they were made before the retention reaches
   back to (`site.yaml`, `audit: {keep: …}`); the latest seal of a log always stays.
2. A cut is written first: the last seal that goes, with its hash, so that the chain still has a
   beginning and `formwright audit verify` says from where it verifies. Triggers let nothing be
   deleted that no cut covers.
3. An event says what was removed and repeats the cuts of both logs. It is sealed like any other,
   and a cut without it is a fault.

A round begins when there is a day's worth to remove, so that there is an event a day, not a
thousand.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.definition.retention import Span
from engine.permissions.actors import SYSTEM
from engine.records.chaining import SEALING_LOCK
from engine.records.events import PRUNED, Event, note_in
from engine.records.gate import Gate
from engine.schema.audit_tables import ACCESS, AUDIT, CUTS, SEALS

AT_ONCE = 50
"""Seals that go in one transaction."""
GATHERED = dt.timedelta(days=1)
"""How much longer than asked for the oldest rows stay, until a round begins."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Up to which seal the rows of a log were removed; they were made up to `until`.

    `noted` tells whether the latest event about it names the same.
    """

    log: str
    number: int
    hash: str
    until: dt.datetime
    at: dt.datetime
    noted: bool


def prune_audit(gate: Gate) -> int:
    """Removes some of the rows that are older than the site keeps them; how many it were."""
    retention = gate.catalog.site.retention
    for log, keep in ((ACCESS, retention.keep_access), (AUDIT, retention.keep)):
        if keep is not None and (removed := _removed(gate, log, keep)):
            return removed
    return 0


def cuts(gate: Gate) -> list[Cut]:
    """The cuts of all logs that were cut."""
    with gate.databases.reading() as connection:
        return cuts_in(gate, connection)


def cuts_in(gate: Gate, connection: sa.Connection) -> list[Cut]:
    """The same, on an open connection."""
    table = gate.tables.system(CUTS)
    noted = _noted(gate, connection)
    rows = connection.execute(sa.select(table).order_by(table.c.log)).all()
    return [
        Cut(r.log, r.number, r.hash, r.until, r.at, noted.get(r.log) == [r.number, r.hash])
        for r in rows
    ]


def cut_of(gate: Gate, connection: sa.Connection, log: str) -> Cut | None:
    """The cut of one log."""
    return next((cut for cut in cuts_in(gate, connection) if cut.log == log), None)


def _noted(gate: Gate, connection: sa.Connection) -> dict[str, Any]:
    """The cuts that the latest event names: number and hash by log."""
    table = gate.tables.system(AUDIT)
    statement = sa.select(table.c.data).where(table.c.action == PRUNED, table.c.object == "")
    data = connection.scalar(statement.order_by(table.c.id.desc()).limit(1))
    found: dict[str, Any] = json.loads(data or "{}").get("cuts", {})
    return found


def _removed(gate: Gate, log: str, keep: Span) -> int:
    """Removes one batch of a log's oldest seals with their rows; 0 when there is nothing due."""
    seals, table = gate.tables.system(SEALS), gate.tables.system(log)
    limit = keep.before(gate.clock())
    oldest = sa.select(seals.c.number, seals.c.at, seals.c.hash).where(seals.c.log == log)
    oldest = oldest.order_by(seals.c.number)
    with gate.databases.reading() as connection:
        first = connection.execute(oldest.limit(1)).first()
    if first is None or first.at >= limit - GATHERED:
        return 0
    with gate.databases.writing() as connection:
        if gate.dialect == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SEALING_LOCK})")
        latest = connection.scalar(sa.select(sa.func.max(seals.c.number)).where(seals.c.log == log))
        due = [
            row
            for row in connection.execute(oldest.limit(AT_ONCE))
            if row.at < limit and row.number != latest
        ]
        if not due:
            return 0
        last = due[-1]
        _cut(gate, connection, log, last)
        gone = connection.execute(sa.delete(table).where(table.c.seal <= last.number)).rowcount
        below = sa.and_(seals.c.log == log, seals.c.number <= last.number)
        connection.execute(sa.delete(seals).where(below))
        _note(gate, connection, log, gone)
    return int(gone) or len(due)


def _cut(gate: Gate, connection: sa.Connection, log: str, last: Any) -> None:
    table = gate.tables.system(CUTS)
    values = {"number": last.number, "hash": last.hash, "until": last.at, "at": gate.clock()}
    changed = connection.execute(sa.update(table).where(table.c.log == log).values(values))
    if not changed.rowcount:
        connection.execute(sa.insert(table).values(log=log, **values))


def _note(gate: Gate, connection: sa.Connection, log: str, rows: int) -> None:
    table = gate.tables.system(CUTS)
    found = connection.execute(sa.select(table.c.log, table.c.number, table.c.hash)).all()
    all_cuts = {row.log: [row.number, row.hash] for row in found}
    event = Event(action=PRUNED, data={"log": log, "rows": rows, "cuts": all_cuts})
    note_in(connection, event, gate.clock(), SYSTEM.person, SYSTEM.via)
