"""Erasing what the audit says about a record: the one door through which data leave it.

The rows stay, with the digest of what they said, so the chain still verifies (rules 11 and 40).
A row of its own says which were emptied, by whom and why.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import sqlalchemy as sa

from engine.records.auditing import digests
from engine.records.chain_verifying import ERASE
from engine.records.transaction import Transaction
from engine.schema.audit_tables import LOGS


def erase_data(tx: Transaction, object: str, record: int, reason: str) -> int:
    """Erases the data of all audit rows of a record; returns how many had any."""
    emptied: dict[str, list[int]] = {}
    for log in LOGS:
        table = tx.tables.system(log)
        names = tx.catalog.objects[object].names
        mine = (table.c.object.in_(names), table.c.record == record, table.c.data.is_not(None))
        statement = sa.select(table.c.id, table.c.data, table.c.data_digest).where(
            *mine, table.c.action != ERASE
        )
        for id, data, digest in tx.connection.execute(statement).all():
            emptied.setdefault(log, []).append(id)
            values: dict[str, str | None] = {"data": None}
            if digest is None:  # from before data had a digest of their own
                values["data_digest"] = hashlib.sha256(data.encode()).hexdigest()
            tx.connection.execute(sa.update(table).where(table.c.id == id).values(values))
    row: dict[str, Any] = {
        "at": tx.now, "actor": tx.actor.person, "via": tx.actor.via, "cause": tx.cause or None,
        "batch": tx.batch, "object": object, "record": record, "action": ERASE, "version": None,
        "data": json.dumps({**emptied, "reason": reason}, ensure_ascii=False),
    }  # fmt: skip
    tx.insert(tx.tables.system(LOGS[0]), [row | digests(row)])
    return sum(map(len, emptied.values()))
