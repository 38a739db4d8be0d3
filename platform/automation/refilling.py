"""Timers for the records that are there already, after an automation came or changed.

Goes through the records by id, some at a time: each chunk sets its timers and asks for the next one
in the transaction that ends it, so it goes on where it was after a crash. A chunk whose automation
has changed again meanwhile is dropped; another refill is on its way then.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from automation.acting import failure
from automation.definitions import Automation
from automation.digests import digest_of
from automation.firing import locked
from automation.rules import automations_of
from automation.timing import armed, setting
from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.transaction import Transaction
from engine.schema.tables import DELETED
from jobs.handlers import Handler, Running
from jobs.outbox import Effect, put
from jobs.tables import SLOW
from jobs.timers import set_timers

REFILL = "timers.refill"
CHUNK = 1_000
"""Records that are locked and looked at together."""


def refilling(automation: Automation, digest: str, since: dt.datetime | None) -> Effect:
    """The effect that sets the timers of all records.

    `since` is the moment before which nothing is made up for: that at which a new automation came;
    None for one that was there and has changed.
    """
    payload = {
        "name": automation.name,
        "digest": digest,
        "since": since.isoformat() if since else None,
        "after": 0,
    }
    key = f"{REFILL}:{automation.name}:{digest}"
    return Effect(kind=REFILL, object=automation.object, payload=payload, queue=SLOW, key=key)


def refill(running: Running) -> None:
    """Sets the timers of one chunk of records."""
    gate, payload = running.gate, running.effect.payload
    automation = automations_of(gate.catalog).get(payload["name"])
    if automation is None or digest_of(automation, gate.catalog) != payload["digest"]:
        return
    with gate.transaction(SYSTEM, quiet=True, cause="automations") as tx:
        ids = _next(tx, automation.object, payload["after"])
        _set(tx, automation, ids, payload["since"])
        if len(ids) == CHUNK:
            following = dict(payload) | {"after": ids[-1]}
            effect = Effect(kind=REFILL, object=automation.object, payload=following, queue=SLOW)
            put(tx, [effect])
        running.finish(tx)


def _next(tx: Transaction, object: str, after: int) -> list[int]:
    table = tx.tables.table(object)
    query = (
        sa.select(table.c.id)
        .where(table.c.id > after, table.c[DELETED].is_(None))
        .order_by(table.c.id)
        .limit(CHUNK)
    )
    return list(tx.connection.scalars(query))


def _set(tx: Transaction, automation: Automation, ids: list[int], since: str | None) -> None:
    after = dt.datetime.fromisoformat(since) if since else None
    views = locked(tx, automation.object, ids)
    rows = [view.row for view in views if view.row is not None]
    tx.prefetch(tx.catalog.objects[automation.object], rows, automation.paths)
    settings, failures = [], []
    for view in views:
        assert view.id is not None
        try:
            due = armed(automation, view, tx, after=after)
        except Refusal as refusal:
            failures.append(failure(automation, view.id, refusal))
            continue
        if due is not None or after is None:  # for a new automation there is none to call off
            settings.append(setting(automation, view.id, due))
    set_timers(tx, settings)
    put(tx, failures)


REFILL_HANDLER = Handler(kind=REFILL, run=refill, timeout=300.0)
