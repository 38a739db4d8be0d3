"""Rows of the outbox in any state, written as the handlers of a busy day would leave them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.problems import Message, Problem
from engine.records.gate import Gate
from jobs.claims import stored_problem
from jobs.outbox import Effect, put
from jobs.tables import OUTBOX

REFUSED = Message("test-refused", en="the receiver answered 410 Gone", zh="接收方返回 410 Gone")


def effect(
    gate: Gate,
    status: str = "waiting",
    *,
    kind: str = "webhook",
    payload: Mapping[str, Any] | None = None,
    object: str = "",
    record: int | None = None,
    key: str = "",
    queue: str = "default",
    due: dt.timedelta = dt.timedelta(days=1),
    attempts: int = 0,
    failed: bool | Message = False,
    finished: dt.timedelta = dt.timedelta(),
) -> int:
    """An effect of the given status; `due` and `finished` are distances from now."""
    now = gate.clock()
    with gate.transaction(SYSTEM) as tx:
        (id,) = put(
            tx,
            [
                Effect(
                    kind=kind, payload=payload or {}, object=object, record=record, key=key,
                    queue=queue, due=now + due,
                )
            ],
        )  # fmt: skip
        if status != "waiting" or failed or attempts:
            table = gate.tables.system(OUTBOX)
            over = status in ("failed", "done", "cancelled")
            values = {
                "status": status,
                "at": now + finished - dt.timedelta(minutes=30) if over else now,
                "attempts": attempts,
                "problem": stored_problem(_problem(failed)),
                "finished": now + finished if over else None,
                "holder": "host:1:abc" if status == "running" else None,
                "lease": now + dt.timedelta(minutes=2) if status == "running" else None,
            }
            tx.connection.execute(sa.update(table).where(table.c.id == id).values(values))
    return id


def _problem(failed: bool | Message) -> Problem | None:
    if not failed:
        return None
    return REFUSED() if isinstance(failed, bool) else failed()


def row_of(gate: Gate, id: int) -> sa.RowMapping:
    """The row as it stands."""
    table = gate.tables.system(OUTBOX)
    with gate.databases.reading() as connection:
        return connection.execute(sa.select(table).where(table.c.id == id)).mappings().one()


def clear(gate: Gate) -> None:
    """Takes all rows away."""
    with gate.databases.writing() as connection:
        connection.execute(sa.delete(gate.tables.system(OUTBOX)))
