"""Timers: something named that shall happen to a record at a moment, once.

    set_timers(tx, [TimerSetting("quote_expires", "invoice", 7, due)])

They are rows of the transaction that causes them and move with the field that they follow: the
setting that is made again with every save is the whole truth. Firing turns a timer into an effect
of kind `timer` in one transaction, so that whatever dies, and however many schedulers are at it,
each moment fires exactly once. A moment that has fired is not armed again by the next save.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from engine.expressions.among import among_words
from engine.expressions.sqltypes import Id, Ids, Moment, Names, String
from engine.permissions.actors import SYSTEM
from engine.records.gate import Gate
from engine.records.prepared import Prepared
from engine.records.transaction import Transaction
from jobs.outbox import Effect, put
from jobs.tables import is_

TIMERS = "fw_timer"
WAITING, FIRED, IDLE = "waiting", "fired", "idle"
"""What a timer can be: armed, fired for the moment that it is set to, neither."""

TIMER = "timer"
"""The kind of the effects that timers cause; payload: name, due (ISO 8601, UTC)."""
MOST = 500
"""Timers that fire in one transaction."""
CHUNK = 10_000
"""Timers that are set by one statement."""


@dataclass(frozen=True, slots=True)
class TimerSetting:
    """The timer `name` of a record is due at `due`; None: it is not armed."""

    name: str
    object: str
    record: int
    due: dt.datetime | None


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the timers to the platform's own tables.

    `due`    when it fires, by the application's clock; empty while it was called off
    `fired`  the moment that it fired for last: the `due` of then, not the time of day

    Only armed timers are in the index that schedulers look into, so that it begins with the next
    one, however many wait behind.
    """
    table = sa.Table(
        TIMERS,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("name", String(), nullable=False),
        sa.Column("object", String(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column("due", Moment()),
        sa.Column("status", String(), nullable=False, server_default=WAITING),
        sa.Column("fired", Moment()),
        sqlite_strict=True,
    )
    sa.Index("uq_fw_timer_what", table.c.name, table.c.object, table.c.record, unique=True)
    waiting = table.c.status == WAITING
    sa.Index(
        "ix_fw_timer_waiting", table.c.due, table.c.id,
        sqlite_where=waiting, postgresql_where=waiting,
    )  # fmt: skip


def set_timers(tx: Transaction, settings: Sequence[TimerSetting]) -> None:
    """Arms, moves and calls off timers, set-wise; of several settings of one timer the last counts.

    A moment that has already fired is not armed again; that a timer once fired for another
    moment is no obstacle.
    """
    last = {(s.name, s.object, s.record): s for s in settings}
    ordered = [last[key] for key in sorted(last)]  # so that no two wait for one another in a circle
    armed = [s for s in ordered if s.due is not None]
    off = [s for s in ordered if s.due is None]
    for chunk in _chunks(armed):
        _run(tx, _statement(tx, "arm"), chunk)
    for chunk in _chunks(off):
        _run(tx, _statement(tx, "call off"), chunk)


def release(tx: Transaction, name: str, object: str, record: int, due: dt.datetime) -> None:
    """Lets a later save arm the timer for the same moment again, which it had fired for.

    For who finds, when it fires, that its condition does not hold. A timer that was set to
    another moment meanwhile stays armed for that.
    """
    t = tx.tables.system(TIMERS)
    tx.connection.execute(
        sa.update(t)
        .where(t.c.name == name, t.c.object == object, t.c.record == record)
        .where(t.c.fired == due)
        .values(fired=None, status=sa.case((t.c.status == FIRED, IDLE), else_=t.c.status))
    )


def remove_timers(tx: Transaction, names: Sequence[str]) -> int:
    """Forgets all timers of these names; returns how many it were."""
    t = tx.tables.system(TIMERS)
    statement = sa.delete(t).where(among_words(t.c.name, "names", tx.dialect))
    return tx.connection.execute(statement, {"names": tuple(names)}).rowcount


def fire_due(gate: Gate, most: int = MOST) -> int:
    """Fires up to `most` timers that are due by the gate's clock, in one transaction.

    Returns how many it were; when that is `most`, there may be more. Any number of processes may
    do this at once. Raises StaleRevision when another revision is in force.
    """
    t = gate.tables.system(TIMERS)
    with gate.transaction(SYSTEM, cause="timers") as tx:
        due = (
            sa.select(t.c.id)
            .where(is_(t, WAITING), t.c.due <= tx.now)
            .order_by(t.c.due, t.c.id)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        # by a common table expression, or PostgreSQL may lock more rows than the limit says
        these = sa.select(due.cte("due").c.id)
        statement = (
            sa.update(t)
            .where(t.c.id.in_(these))
            .values(status=FIRED, fired=t.c.due)
            .returning(t.c.name, t.c.object, t.c.record, t.c.due, t.c.id)
        )
        rows = sorted(tx.connection.execute(statement).all(), key=lambda row: (row.due, row.id))
        put(tx, [_effect(row) for row in rows])
    return len(rows)


def _effect(row: Any) -> Effect:
    payload = {"name": row.name, "due": row.due.isoformat()}
    return Effect(kind=TIMER, object=row.object, record=row.record, payload=payload)


def _chunks(settings: Sequence[TimerSetting]) -> list[Sequence[TimerSetting]]:
    return [settings[start : start + CHUNK] for start in range(0, len(settings), CHUNK)]


def _run(tx: Transaction, statement: Prepared, settings: Sequence[TimerSetting]) -> None:
    """Runs a statement for many timers: SQLite takes one after the other, PostgreSQL arrays."""
    if tx.dialect == "sqlite":
        rows = [{"name": s.name, "object": s.object, "record": s.record, "due": s.due}
                for s in settings]  # fmt: skip
        statement.run(tx.connection, rows)
        return
    values = {
        "names": [s.name for s in settings],
        "objects": [s.object for s in settings],
        "records": [s.record for s in settings],
        "dues": [s.due for s in settings],
    }
    statement.run(tx.connection, [values])


def _statement(tx: Transaction, what: str) -> Prepared:
    build = _arming if what == "arm" else _calling_off

    def prepared() -> Prepared:
        return tx.gate.statements.prepared(build(tx.tables.system(TIMERS), tx.dialect))

    found: Prepared = tx.gate.statements.once((TIMERS, what), prepared)
    return found


def _arming(t: sa.Table, dialect: str) -> sa.Executable:
    """The upsert. A timer goes back to the moment that it fired for last without firing again."""
    names = ("name", "object", "record", "due")
    insert: Any
    if dialect == "sqlite":
        insert = sqlite.insert(t).values({n: sa.bindparam(n, type_=t.c[n].type) for n in names})
    else:
        insert = postgresql.insert(t).from_select(names, sa.select(*_given()))
    given = insert.excluded.due
    statement: sa.Executable = insert.on_conflict_do_update(
        index_elements=[t.c.name, t.c.object, t.c.record],
        set_={"due": given, "status": sa.case((t.c.fired == given, FIRED), else_=WAITING)},
        where=sa.or_(t.c.due.is_distinct_from(given), t.c.status == IDLE),
    )
    return statement


def _calling_off(t: sa.Table, dialect: str) -> sa.Executable:
    """Only what waits is called off; what has fired stays as it is."""
    off = sa.update(t).where(t.c.status == WAITING).values(status=IDLE, due=None)
    if dialect == "sqlite":
        same = [t.c[n] == sa.bindparam(n, type_=t.c[n].type) for n in ("name", "object", "record")]
        return off.where(*same)
    name, object, record, _ = _given()
    return off.where(t.c.name == name, t.c.object == object, t.c.record == record)


def _given() -> Sequence[sa.ColumnElement[Any]]:
    """The columns of the settings, from arrays of equal length."""
    moments = postgresql.ARRAY(sa.DateTime(timezone=True))
    columns = (("names", Names()), ("objects", Names()), ("records", Ids()), ("dues", moments))
    arrays = [sa.bindparam(name, type_=kind) for name, kind in columns]
    given = sa.func.unnest(*arrays).table_valued(
        sa.column("name", String()),
        sa.column("object", String()),
        sa.column("record", Id()),
        sa.column("due", Moment()),
        name="given",
    )
    return list(given.render_derived().c)
