"""The moments of timers: when one is due for a record, and whether it is armed."""

from __future__ import annotations

import datetime as dt

from automation.acting import applies
from automation.definitions import Automation
from engine.expressions import evaluate
from engine.records.rows import RowView
from engine.records.transaction import Transaction
from engine.schema.tables import DELETED
from jobs.timers import TimerSetting


def moment(automation: Automation, view: RowView, tx: Transaction) -> dt.datetime | None:
    """The moment of the record, in UTC; None where the expression has no value.

    A date means its time of day in the company's time zone; one that a change of the clock leaves
    out is that long after midnight by the clock before. Raises Refusal where there is no result.
    """
    timer = automation.timer
    assert timer is not None and timer.at is not None
    found = evaluate(timer.at, view, tx.context)
    if not isinstance(found, dt.date) or isinstance(found, dt.datetime):
        return found
    local = dt.datetime.combine(found, timer.time, tx.gate.zone)
    try:
        return local.astimezone(dt.UTC)
    except OverflowError:  # the first or last day that there is
        return None


def armed(
    automation: Automation,
    view: RowView,
    tx: Transaction,
    *,
    after: dt.datetime | None = None,
) -> dt.datetime | None:
    """The moment for which the timer is armed; None: for none.

    A moment is over when it is further back than the automation's `late`, or lies before `after`.
    A condition that the record alone decides is asked now; any other now only of a moment that
    is past already, else when the timer fires. Raises Refusal where there is no result.
    """
    timer = automation.timer
    assert timer is not None
    due = None if view.value(DELETED) is not None else moment(automation, view, tx)
    if due is None or due < tx.now - timer.late or (after is not None and due < after):
        return None
    if timer.own is None and due > tx.now:
        return due
    return due if applies(automation, view, tx) else None


def setting(automation: Automation, record: int, due: dt.datetime | None) -> TimerSetting:
    """What the table of timers is told."""
    return TimerSetting(automation.name, automation.object, record, due)
