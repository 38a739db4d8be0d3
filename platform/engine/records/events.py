"""Events that are no change of a record: exports, sign-ins, batches, revisions.

They stand in the audit beside the changes. Where an event is about no record its `object` is
empty and its `record` 0; everything else about it is said by `data`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.permissions.actors import Actor
from engine.records.auditing import digests
from engine.records.gate import Gate
from engine.schema.audit_tables import AUDIT, add_audit_tables

EXPORT, BATCH, APPLY = "export", "batch", "apply"
SIGN_IN, SIGN_IN_FAILED, SIGN_OUT = "sign-in", "sign-in failed", "sign-out"
PASSWORD, ROLES, ACCOUNT = "password", "roles", "account"
ALARM = "alarm"
PRUNED = "audit pruned"
DEPUTY_NAMED, DEPUTY_REVOKED = "deputy", "deputy revoked"
EVENTS = (
    EXPORT, BATCH, APPLY, SIGN_IN, SIGN_IN_FAILED, SIGN_OUT, PASSWORD, ROLES, ACCOUNT, ALARM,
    DEPUTY_NAMED, DEPUTY_REVOKED, PRUNED,
)  # fmt: skip

_METADATA = sa.MetaData()
add_audit_tables(_METADATA)
_AUDIT = _METADATA.tables[AUDIT]


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened, to what, and what else is to be known of it (JSON)."""

    action: str
    object: str = ""
    record: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)


def row_of(event: Event, now: dt.datetime, person: int | None, via: str) -> dict[str, Any]:
    """The row of an event, with its digests."""
    row = {
        "at": now, "actor": person, "via": via, "cause": None, "batch": None,
        "object": event.object, "record": event.record, "action": event.action, "version": None,
        "data": json.dumps(event.data, ensure_ascii=False, separators=(",", ":"), default=str),
    }  # fmt: skip
    return row | digests(row)


def note_in(
    connection: sa.Connection, event: Event, now: dt.datetime, person: int | None, via: str
) -> None:
    """Writes the event in the transaction that is open on the connection."""
    connection.execute(sa.insert(_AUDIT).values(row_of(event, now, person, via)))


def note(gate: Gate, actor: Actor, event: Event) -> None:
    """Writes the event in a short transaction of its own; when this returns, it is written."""
    with gate.databases.writing() as connection:
        note_in(connection, event, gate.clock(), actor.person, actor.via)
