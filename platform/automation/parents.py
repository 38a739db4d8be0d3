"""Timers of records that moved because other records were written.

A rollup or a formula over other records moves without a change of the record that keeps it (rule
14), so the timers that follow such fields are set when those others are written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from automation.acting import failure
from automation.definitions import Automation
from automation.rules import automations_of
from automation.timing import armed, setting
from engine.problems import Refusal
from engine.records.changes import Batch
from engine.records.gate import Gate
from jobs.outbox import Effect
from jobs.timers import TimerSetting, set_timers

Timed = Mapping[str, tuple[tuple[Automation, frozenset[str]], ...]]
"""By object, the automations with a timer, each with the fields that the timer follows."""


def follow_parents(batch: Batch) -> list[Effect]:
    """Sets the timers of records that the batch has moved elsewhere; what of it has no result."""
    tx = batch.tx
    timed: Timed = tx.gate.statements.once("timed elsewhere", lambda: _timed(tx.gate))
    wanted: dict[tuple[str, int], Automation] = {}
    for object, moved in tx.moved.items():
        for automation, reads in timed.get(object, ()):
            for record, names in moved.items():
                if reads & names:
                    wanted[automation.name, record] = automation
    tx.moved.clear()
    settings: list[TimerSetting] = []
    effects: list[Effect] = []
    for (_, record), automation in sorted(wanted.items(), key=lambda item: item[0]):
        due = None
        try:
            view = tx.linked(automation.object, record)
            due = armed(automation, view, tx, after=tx.now if tx.quiet else None)
        except Refusal as refusal:
            effects.append(failure(automation, record, refusal))
        settings.append(setting(automation, record, due))
    set_timers(tx, settings)
    return effects


def _timed(gate: Gate) -> Timed:
    found: dict[str, list[tuple[Automation, frozenset[str]]]] = defaultdict(list)
    for automation in automations_of(gate.catalog).values():
        if automation.timer is not None:
            expressions = [e for e in (automation.timer.at, automation.condition) if e is not None]
            reads = {n for e in expressions for o, n in e.reads if o == automation.object}
            found[automation.object].append((automation, frozenset(reads)))
    return {object: tuple(automations) for object, automations in found.items()}
