"""The rows of `fw_batch`: what was written together, so that it can be taken back together.

Every audit row of an import, a bulk change or an undo refers to one (rule 11).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine.records.events import BATCH, Event, note_in
from engine.records.transaction import Transaction

LOT = "fw_batch"


def open_lot(tx: Transaction, cause: str, data: Mapping[str, Any]) -> int:
    """A new batch; returns its number."""
    table = tx.tables.system(LOT)
    values = {
        "at": tx.now,
        "actor": tx.actor.person,
        "via": tx.actor.via,
        "cause": cause,
        "data": json.dumps(data, ensure_ascii=False),
    }
    statement = sa.insert(table).values(values).returning(table.c.id)
    number = int(tx.connection.execute(statement).scalar_one())
    said = {"batch": number, "cause": cause}
    event = Event(action=BATCH, object=str(data.get("object") or ""), data=said)
    note_in(tx.connection, event, tx.now, tx.actor.person, tx.actor.via)
    return number


def describe_lot(tx: Transaction, id: int, data: Mapping[str, Any]) -> None:
    """Writes anew what the batch says of itself."""
    table = tx.tables.system(LOT)
    tx.connection.execute(
        sa.update(table).where(table.c.id == id).values(data=json.dumps(data, ensure_ascii=False))
    )
