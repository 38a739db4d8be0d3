"""Timers and schedules follow the definitions: what came, changed or went since the last time.

`fw_state` keeps, under one name, what the timers and schedules of the database were made for. A
process that finds it different from its own revision brings them up to date.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from automation.digests import digest_of
from automation.refilling import refilling
from automation.rules import automations_of
from engine.permissions.actors import SYSTEM
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from jobs.outbox import put
from jobs.schedules import ScheduleSetting, sync_schedules
from jobs.timers import remove_timers

STATE = "automations"
"""The name in `fw_state`."""


def sync(gate: Gate) -> bool:
    """Brings timers and schedules up to date with the gate's revision; whether there was a need.

    Costs one short query when there is none. Any number of processes may do it at once. Raises
    StaleRevision when another revision is in force.
    """
    wanted = _wanted(gate)
    with gate.databases.reading() as connection:
        known = connection.scalar(_known(gate))
    if known == wanted:
        return False
    gate.write(SYSTEM, lambda tx: _sync(tx, wanted), quiet=True, cause="automations")
    return True


def _wanted(gate: Gate) -> str:
    """What this revision needs timers and schedules for."""
    found: dict[str, Any] = {}
    for name, automation in sorted(automations_of(gate.catalog).items()):
        if automation.timer is not None:
            found[name] = [automation.object, digest_of(automation, gate.catalog)]
        elif automation.schedule is not None:
            schedule = automation.schedule
            found[name] = [schedule.every, schedule.missed, gate.zone.key]
    return json.dumps(found, ensure_ascii=False)


def _known(gate: Gate) -> sa.Select[Any]:
    table = gate.tables.system("fw_state")
    return sa.select(table.c.value).where(table.c.name == STATE)


def _sync(tx: Transaction, wanted: str) -> None:
    known = tx.connection.scalar(_known(tx.gate).with_for_update())
    if known == wanted:  # another process was first
        return
    _sync_timers(tx, json.loads(known or "{}"))
    settings = [
        ScheduleSetting(name, a.schedule.every, tx.gate.zone, a.schedule.missed)
        for name, a in automations_of(tx.catalog).items()
        if a.schedule is not None
    ]
    sync_schedules(tx, settings)
    table = tx.tables.system("fw_state")
    if known is None:
        tx.insert(table, [{"name": STATE, "value": wanted}])
    else:
        change = sa.update(table).where(table.c.name == STATE).values(value=wanted)
        tx.connection.execute(change)


def _sync_timers(tx: Transaction, known: dict[str, list[str]]) -> None:
    """Removes the timers of automations that went, asks for those of what came or changed."""
    timed = {n: a for n, a in automations_of(tx.catalog).items() if a.timer is not None}
    gone = [
        name
        for name, (object, *_) in known.items()
        if name not in timed or timed[name].object != object
    ]
    if gone:
        remove_timers(tx, gone)
    effects = []
    for name, automation in timed.items():
        digest = digest_of(automation, tx.catalog)
        if known.get(name) == [automation.object, digest]:
            continue
        there_before = name in known and name not in gone
        effects.append(refilling(automation, digest, None if there_before else tx.now))
    put(tx, effects)
