"""Erasing what the audit says about a record: the one door through which data leave it.

The rows stay, with the digest of what they said, so the chain still verifies (rules 11 and 40).
A row of its own says which were emptied, by whom and why.

An apply may be under way meanwhile that computes columns which no revision knows yet
(`engine.schema.backfilling`):

1. What the audit will be told of converted values is removed, before the audit is looked at:
   whoever is just telling it has told it by then, or finds nothing to tell.
2. The columns of the record are emptied, and it is noted as touched: they are computed again from
   what the record holds then.
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
from engine.schema.backfill_tables import TOLD
from engine.schema.backfilling import hold_journal
from engine.schema.keying import FORMER
from engine.schema.structure import GRAMS_COLUMN, SEARCH_SUFFIX, read_structure
from engine.schema.touching import note_touched


def erase_data(tx: Transaction, object: str, record: int, reason: str) -> int:
    """Erases the data of all audit rows of a record, and what an apply under way has made of it.

    Returns how many audit rows had any. The values of the record itself are up to the caller.
    """
    _erase_coming(tx, object, record)
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


def _erase_coming(tx: Transaction, object: str, record: int) -> None:
    """Erases what an apply that is under way has computed for the record, or will tell of it."""
    journal = hold_journal(tx.connection)
    if journal is None:
        return
    table = tx.catalog.objects[object].table
    keys, told = tx.tables.system("fw_key"), tx.tables.system(TOLD)
    # the coming revision may call the object otherwise
    names = sa.select(keys.c.name).where(keys.c.kind.in_(("object", FORMER)), keys.c.key == table)
    mine = told.c.object.in_(names), told.c.record == record
    tx.connection.execute(sa.delete(told).where(*mine))
    columns = [column for name, column in journal.fresh if name == table]
    structure = read_structure(tx.connection)
    there = structure.tables.get(table)
    coming = sorted(there.columns.intersection(columns)) if there is not None else []
    if coming:
        row = sa.table(table, sa.column("id"), *map(sa.column, coming))
        empty = dict.fromkeys(coming)
        tx.connection.execute(sa.update(row).where(row.c.id == record).values(empty))
    search = sa.table(f"{table}{SEARCH_SUFFIX}", sa.column("rowid"))
    if GRAMS_COLUMN in columns and search.name in structure.other:
        tx.connection.execute(sa.delete(search).where(search.c.rowid == record))
    if columns:
        note_touched(tx.connection, table, record)
