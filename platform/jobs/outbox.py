"""Asking for effects: rows of the transaction that causes them.

    put(tx, [Effect(kind="mail", object="invoice", record=7, payload={"to": 3}, queue=URGENT)])

They are carried out after the commit, at least once each (`jobs.carrying`); after a rollback they
were never asked for.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.records.transaction import Transaction
from engine.tracing import current_trace
from jobs.tables import DEFAULT, OUTBOX, WAITING, is_


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Something that shall happen after the commit.

    `kind` names its handler. `payload` is plain JSON and holds no secrets. `due` is the earliest
    moment for it (None: at once). Of several effects with the same `key` one is kept, as long as
    it waits.
    """

    kind: str
    object: str = ""
    record: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    queue: str = DEFAULT
    due: dt.datetime | None = None
    key: str = ""


def put(tx: Transaction, effects: Sequence[Effect]) -> list[int]:
    """Writes the effects in the transaction; returns the ids of those that were not there yet."""
    wanted = _unknown(tx, effects)
    if not wanted:
        return []
    table = tx.tables.system(OUTBOX)
    ids = tx.take_ids(table, len(wanted))
    trace = current_trace() or None
    tx.insert(
        table,
        [
            {
                "id": id,
                "at": tx.now,
                "kind": effect.kind,
                "queue": effect.queue,
                "object": effect.object or None,
                "record": effect.record,
                "payload": json.dumps(effect.payload, ensure_ascii=False),
                "key": effect.key or None,
                "token": secrets.token_hex(16),
                "trace": trace,
                "due": effect.due or tx.now,
            }
            for id, effect in zip(ids, wanted, strict=True)
        ],
    )
    _wake_later(tx, ids, wanted)
    return ids


def _unknown(tx: Transaction, effects: Sequence[Effect]) -> list[Effect]:
    """The effects whose key does not wait already; each key once."""
    keys = sorted({effect.key for effect in effects if effect.key})
    if not keys:
        return list(effects)
    if tx.dialect == "postgresql":
        # until the commit nobody else puts one of these; in order, so that no two wait in a circle
        for key in keys:
            statement = sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 0))
            tx.connection.execute(sa.select(statement))
    table = tx.tables.system(OUTBOX)
    query = sa.select(table.c.key).where(table.c.key.in_(keys), is_(table, WAITING))
    # a row that stands for ours stays unclaimed until we have committed what it is about; one that
    # is being claimed right now does not count
    query = query.with_for_update(skip_locked=True)
    known = set(tx.connection.scalars(query))
    result = []
    for effect in effects:
        if not effect.key or effect.key not in known:
            result.append(effect)
            known.add(effect.key)
    return result


def _wake_later(tx: Transaction, ids: Sequence[int], effects: Sequence[Effect]) -> None:
    """Tells those who carry out, once the transaction is committed."""
    due = defaultdict(list)
    for id, effect in zip(ids, effects, strict=True):
        if effect.due is None or effect.due <= tx.now:
            due[effect.queue].append(id)
    if due:
        tx.after_commit.append(lambda: tx.gate.wake(due))
