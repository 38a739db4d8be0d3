"""The step that automations add to the gate, so that every caller meets them (rule 9).

1. Triggers are matched with each change, conditions asked of the record as it will be.
2. What applies becomes effects: rows of this very transaction, put together for the whole batch.
3. Timers of the record are armed, moved and called off, as the record now is.

A quiet transaction (seeds, historical imports) starts nothing; it arms timers for what is still to
come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from automation.acting import Occasion, effects_of, failure
from automation.definitions import Automation, Trigger
from automation.parents import follow_parents
from automation.rules import Rules, rules_of
from automation.timing import armed, setting
from engine.fieldtypes.choice import Stage
from engine.problems import Refusal
from engine.records.auditing import QUIET
from engine.records.changes import CREATE, DELETE, RESTORE, UPDATE, Batch, Change, Step
from engine.records.gate import with_steps
from jobs.outbox import Effect, put
from jobs.timers import TimerSetting, set_timers

NAME = "automations"


def automation_steps(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The gate's steps, approvals among them, with that of automations.

    It stands before the end of approvals that nobody is asked for: what they do to the record is
    a change of its own.
    """
    every = frozenset((CREATE, UPDATE, DELETE, RESTORE))
    return with_steps(steps, ("approval end", Step(NAME, run_automations, every)))


def run_automations(batch: Batch) -> None:
    """Asks for everything that follows from the batch."""
    effects: list[Effect] = []
    rules = rules_of(batch.tx.gate).get((batch.name, batch.action))
    if rules is not None:
        changes = [change for change in batch.changes if "unchanged" not in change.notes]
        if not batch.tx.quiet:
            effects += _pulled(batch, rules, changes)
        settings: list[TimerSetting] = []
        for change in changes:
            _set(batch, rules, change, settings, effects)
        set_timers(batch.tx, settings)
    put(batch.tx, effects + follow_parents(batch))


def _pulled(batch: Batch, rules: Rules, changes: Sequence[Change]) -> list[Effect]:
    """What the automations ask for whose triggers the changes pull."""
    tx, definition = batch.tx, batch.definition
    matched: list[tuple[Change, Automation, str]] = []
    for automation, triggers in rules.pulled:
        of_this = [(c, automation, w) for c in changes if (w := _pulling(triggers, batch, c))]
        if automation.paths and of_this:  # linked records are fetched for all changes at once
            tx.prefetch(definition, [change.row for change, *_ in of_this], automation.paths)
        matched += of_this
    effects: list[Effect] = []
    for change, automation, word in matched:
        fields = _changed(batch, change) if batch.action == UPDATE else []
        view = tx.gate.view_of(tx, definition, change)
        effects += effects_of(automation, view, tx, Occasion(word, fields, tx.actor.person))
    return effects


def _pulling(triggers: Sequence[Trigger], batch: Batch, change: Change) -> str:
    """The word of the first trigger that the change pulls; an empty string where it pulls none."""
    return next((word for t in triggers if (word := _word(t, batch, change))), "")


def _word(trigger: Trigger, batch: Batch, change: Change) -> str:
    """What pulls the trigger, in a word for receivers; an empty string where nothing does."""
    match trigger.kind:
        case "changed":
            return "changed" if any(_has_changed(trigger, n, change) for n in trigger.names) else ""
        case "transition":
            ways = change.notes.get("ways", {}).values()
            return next((way.name for way in ways if way.name in trigger.names), "")
        case "stage":
            return next((stage for stage in _entered(batch, change) if stage in trigger.names), "")
    return trigger.kind


def _has_changed(trigger: Trigger, name: str, change: Change) -> bool:
    if name in change.lines:
        return any(line.action != UPDATE or line.changed() for line in change.lines[name])
    was, becomes = (change.before or {}).get(name), change.row.get(name)
    return (
        was != becomes
        and (not trigger.was or was in trigger.was)
        and (not trigger.becomes or becomes in trigger.becomes)
    )


def _entered(batch: Batch, change: Change) -> Iterator[str]:
    """The stages that the record is in now and was not in before."""
    for field in batch.definition.fields.values():
        if isinstance(field.type, Stage):
            stage = change.row.get(field.name)
            if stage is not None and stage != (change.before or {}).get(field.name):
                yield stage


def _changed(batch: Batch, change: Change) -> list[str]:
    """The fields of the record that changed, lines among them."""
    names = {name for name in change.changed() if name in batch.definition.fields} - QUIET
    touched = (
        name
        for name, lines in change.lines.items()
        if any(line.action != UPDATE or line.changed() for line in lines)
    )
    return sorted(names.union(touched))


def _set(
    batch: Batch,
    rules: Rules,
    change: Change,
    settings: list[TimerSetting],
    effects: list[Effect],
) -> None:
    """What becomes of the record's timers, and of those whose moment has no result."""
    tx = batch.tx
    view = tx.gate.view_of(tx, batch.definition, change)
    for automation in rules.timed:
        if batch.action == UPDATE and _untouched(automation, change):
            continue
        due = None
        if batch.action != DELETE:
            try:
                due = armed(automation, view, tx, after=tx.now if tx.quiet else None)
            except Refusal as refusal:
                effects.append(failure(automation, change.id or 0, refusal))
        if due is not None or batch.action != CREATE:  # a new record has no timer to call off
            settings.append(setting(automation, change.id or 0, due))


def _untouched(automation: Automation, change: Change) -> bool:
    own = automation.timer.own if automation.timer else None
    return own is not None and not own & change.changed()
