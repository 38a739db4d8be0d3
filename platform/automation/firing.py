"""What a timer does when it fires: ask the record, as it is then, once more.

1. The record is locked, so that no save slips in between the question and the answer.
2. A moment that is too long over is let go.
3. Where the record has another moment or is gone, or the condition does not hold, nothing is
   sent, and the timer is released: the save that brings all that back arms it again.
4. Otherwise the actions become effects in the transaction that ends the firing.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable

from automation.acting import Occasion, applies, effects_of, failure
from automation.definitions import Automation
from automation.rules import automations_of
from automation.timing import armed, moment, setting
from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.rows import RowView
from engine.records.transaction import Transaction
from engine.schema.tables import DELETED
from jobs.handlers import Handler, Running
from jobs.outbox import put
from jobs.timers import TIMER, release, set_timers

log = logging.getLogger("formwright.jobs")


def fire(running: Running) -> None:
    """Carries out the effect of a timer."""
    gate, effect = running.gate, running.effect
    name, due = effect.payload["name"], dt.datetime.fromisoformat(effect.payload["due"])
    automation = automations_of(gate.catalog).get(name)
    with gate.transaction(SYSTEM, cause=f"automation:{name}") as tx:
        if automation is not None and automation.timer and automation.object == effect.object:
            _fire(tx, automation, effect.record or 0, due)
        running.finish(tx)


def _fire(tx: Transaction, automation: Automation, record: int, due: dt.datetime) -> None:
    assert automation.timer is not None
    view = next(iter(locked(tx, automation.object, [record])), None)
    if view is None or view.value(DELETED) is not None:
        release(tx, automation.name, automation.object, record, due)
        return
    try:
        if moment(automation, view, tx) != due:  # nobody is told, so it may come back to it
            release(tx, automation.name, automation.object, record, due)
            set_timers(tx, [setting(automation, record, armed(automation, view, tx))])
        elif due < tx.now - automation.timer.late:
            extra = {"timer": automation.name, "record": record, "due": due.isoformat()}
            log.info("missed", extra=extra)
        elif not applies(automation, view, tx):
            release(tx, automation.name, automation.object, record, due)
        else:
            put(tx, effects_of(automation, view, tx, Occasion(automation.name)))
    except Refusal as refusal:
        put(tx, [failure(automation, record, refusal)])


def locked(tx: Transaction, object: str, ids: Iterable[int]) -> list[RowView]:
    """The records, held until the transaction ends, as views in the order of their ids."""
    shape = tx.shape(object)
    statement = tx.gate.statements.by_ids(shape, lock=True)
    for values in statement.rows(tx.connection, {"ids": sorted(ids)}):
        tx.remember(object, shape.row(values))
    known = tx.fetch(object, ids)
    return [tx.linked(object, id) for id in sorted(ids) if id in known]


TIMER_HANDLER = Handler(kind=TIMER, run=fire)
