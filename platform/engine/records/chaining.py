"""Seals over the audit: each covers a batch of rows, and the seal before it (rule 11).

1. Take up to `MOST` rows without a seal, lowest ids first, and give them the next number. A row
   that commits late, with an id below others, is simply part of a later seal.
2. The hash is SHA-256 over the previous hash, the seal's own columns, and of each row in the
   order of ids what identifies it (`leaf`).
3. `rows` keeps the ids with the beginning of each leaf's hash, so that a check can name a row.

One process at a time seals; the others find nothing left to do.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from engine.records.auditing import plain
from engine.records.gate import Gate
from engine.schema.audit_tables import LOGS, SEALS
from engine.schema.fence import FENCE

MOST = 1_000
"""Rows in one seal at most."""
SEALING_LOCK = FENCE + 7
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def seal_rows(gate: Gate) -> int:
    """Seals one batch of each log; returns how many rows that were, 0 when none was left."""
    return sum(_seal(gate, log) for log in LOGS)


def _seal(gate: Gate, log: str) -> int:
    table, seals = gate.tables.system(log), gate.tables.system(SEALS)
    open_rows = sa.select(table.c.id).where(table.c.seal.is_(None))
    with gate.databases.reading() as connection:
        if connection.execute(open_rows.limit(1)).first() is None:
            return 0
    with gate.databases.writing() as connection:
        if gate.dialect == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SEALING_LOCK})")
        last = connection.execute(
            sa.select(seals.c.number, seals.c.hash)
            .where(seals.c.log == log)
            .order_by(seals.c.number.desc())
            .limit(1)
        ).first()
        number, previous = (last.number + 1, last.hash) if last else (1, "")
        found = connection.execute(
            sa.update(table)
            .where(table.c.id.in_(open_rows.order_by(table.c.id).limit(MOST).scalar_subquery()))
            .values(seal=number)
            .returning(table.c.id, table.c.digest, table.c.cause, table.c.batch)
        ).all()
        if not found:
            return 0
        leaves = {row.id: leaf(dict(row._mapping)) for row in sorted(found)}
        seal = {
            "log": log, "number": number, "at": gate.clock(), "first": min(leaves),
            "last": max(leaves), "count": len(leaves), "rows": listed(leaves),
            "previous": previous,
        }  # fmt: skip
        connection.execute(sa.insert(seals).values(seal | {"hash": seal_hash(seal, leaves)}))
    return len(leaves)


def leaf(row: Mapping[str, Any]) -> str:
    """What stands for a row in its seal: its digest with what older digests do not cover."""
    text = _ENCODE([row["id"], row["digest"], row["cause"], row["batch"]])
    return hashlib.sha256(text.encode()).hexdigest()


def listed(leaves: Mapping[int, str]) -> str:
    """The rows of a seal, in short: each id with twelve digits of its leaf."""
    return " ".join(f"{id}:{found[:12]}" for id, found in leaves.items())


def seal_hash(seal: Mapping[str, Any], leaves: Mapping[int, str]) -> str:
    """The hash of a seal over rows with these leaves, in the order of their ids."""
    own: Iterable[Any] = (plain(seal[key]) for key in _HASHED)
    total = hashlib.sha256(_ENCODE([*own]).encode())
    for id in sorted(leaves):
        total.update(leaves[id].encode())
    return total.hexdigest()


_HASHED = ("previous", "log", "number", "at", "first", "last", "count", "rows")


def last_seals(gate: Gate) -> list[tuple[str, int, dt.datetime, str]]:
    """The latest seal of each log: log, number, moment and hash."""
    seals = gate.tables.system(SEALS)
    found = []
    with gate.databases.reading() as connection:
        for log in LOGS:
            row = connection.execute(
                sa.select(seals.c.number, seals.c.at, seals.c.hash)
                .where(seals.c.log == log)
                .order_by(seals.c.number.desc())
                .limit(1)
            ).first()
            if row is not None:
                found.append((log, row.number, row.at, row.hash))
    return found
