"""Timers of records whose rollups moved because a record that they count was written.

A rollup over related records moves without a change of the record that keeps it (rule 14), so the
timers that follow such rollups are set when the children are written, also further up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from automation.acting import failure
from automation.definitions import Automation
from automation.rules import automations_of
from automation.timing import armed, setting
from engine.definition.catalog import Catalog
from engine.problems import Refusal
from engine.records.changes import UPDATE, Batch, Change
from engine.records.gate import Gate
from engine.records.rollups import Keeper
from engine.records.transaction import Transaction
from jobs.outbox import Effect
from jobs.timers import TimerSetting, set_timers


@dataclass(frozen=True, slots=True)
class Hop:
    """A way from a record up to the one that counts it, by the link `via`.

    It is taken when one of the child's fields `reads` changes. Above, the fields `moves` follow,
    and with them the timers of `automations`.
    """

    via: str
    object: str
    reads: frozenset[str]
    moves: frozenset[str]
    automations: tuple[Automation, ...]


Hops = Mapping[str, tuple[Hop, ...]]
"""The ways that lead to a timer, by the object of the child."""


def follow_parents(batch: Batch) -> list[Effect]:
    """Sets the timers of records that count those of the batch; what of it has no result."""
    tx = batch.tx
    hops: Hops = tx.gate.statements.once("timed parents", lambda: _hops(tx.gate))
    wanted: dict[tuple[str, int], Automation] = {}
    seen: set[tuple[int, int]] = set()
    for child, changes in _children(batch, hops):
        for hop in hops[child]:
            ids = {id for change in changes for id in _counted_for(hop, batch.action, change)}
            if ids:
                _climb(tx, hops, hop, ids, wanted, seen)
    settings: list[TimerSetting] = []
    effects: list[Effect] = []
    for (_, record), automation in sorted(wanted.items()):
        due = None
        try:
            view = tx.linked(automation.object, record)
            due = armed(automation, view, tx, after=tx.now if tx.quiet else None)
        except Refusal as refusal:
            effects.append(failure(automation, record, refusal))
        settings.append(setting(automation, record, due))
    set_timers(tx, settings)
    return effects


def _children(batch: Batch, hops: Hops) -> Iterator[tuple[str, list[Change]]]:
    """What was written and is counted by others: the records, and their lines."""
    if batch.name in hops:
        yield batch.name, batch.changes
    for field in batch.definition.lines:
        child = batch.tx.gate.line_object(batch.definition, field.name).name
        if child in hops:
            lines = [line for c in batch.changes for line in c.lines.get(field.name, ())]
            yield child, lines


def _counted_for(hop: Hop, action: str, change: Change) -> Iterator[int]:
    """The records that the change may count for, before it and after."""
    if action == UPDATE and change.action == UPDATE and change.before is not None:
        if not hop.reads & change.changed():
            return
    for row in (change.before, change.row):
        if row and row.get(hop.via) is not None:
            yield row[hop.via]


def _climb(
    tx: Transaction,
    hops: Hops,
    hop: Hop,
    ids: set[int],
    wanted: dict[tuple[str, int], Automation],
    seen: set[tuple[int, int]],
) -> None:
    """Notes the timers of these records, and of those that count them in turn.

    `seen` are the ways with their records that were gone already, lest they lead in a circle.
    """
    ids = {record for record in ids if (id(hop), record) not in seen}
    seen |= {(id(hop), record) for record in ids}
    known = tx.fetch(hop.object, ids)
    for automation in hop.automations:
        wanted |= {(automation.name, record): automation for record in ids if record in known}
    for further in hops.get(hop.object, ()):
        if further.reads & hop.moves:
            rows = [known[record] for record in ids if record in known]
            above = {row[further.via] for row in rows if row.get(further.via) is not None}
            if above:
                _climb(tx, hops, further, above, wanted, seen)


def _hops(gate: Gate) -> Hops:
    """The ways that lead to a timer, found from their ends."""
    every = {
        child: [_hop(gate.catalog, child, keeper) for keeper in _outer(gate, child, keepers)]
        for child, keepers in gate.keepers.items()
    }
    useful: dict[str, list[Hop]] = defaultdict(list)
    found = True
    while found:
        found = False
        for child, hops in every.items():
            for hop in hops:
                leads = any(above.reads & hop.moves for above in useful.get(hop.object, ()))
                if (hop.automations or leads) and hop not in useful[child]:
                    useful[child].append(hop)
                    found = True
    return {child: tuple(hops) for child, hops in useful.items() if hops}


def _outer(gate: Gate, child: str, keepers: Iterable[Keeper]) -> list[Keeper]:
    """The rollups that are not a record's own over its lines; those move with the record."""
    definition = gate.catalog.objects[child]
    return [keeper for keeper in keepers if keeper.rollup.via != definition.parent]


def _hop(catalog: Catalog, child: str, keeper: Keeper) -> Hop:
    rollup = keeper.rollup
    read = {
        name for e in (rollup.value, rollup.condition) if e for o, name in e.reads if o == child
    }
    moves = _moved(catalog, keeper)
    automations = [
        automation
        for automation in automations_of(catalog).values()
        if automation.object == keeper.object and _reads(automation) & moves
    ]
    return Hop(
        via=rollup.via,
        object=keeper.object,
        reads=frozenset({rollup.via, *read}),
        moves=moves,
        automations=tuple(automations),
    )


def _moved(catalog: Catalog, keeper: Keeper) -> frozenset[str]:
    """The rollup's field and the formulas over it."""
    moved = {keeper.field.name}
    for _ in catalog.objects[keeper.object].fields:
        more = {
            field.name
            for field in catalog.objects[keeper.object].fields.values()
            if field.formula and any((keeper.object, name) in field.formula.reads for name in moved)
        }
        if more <= moved:
            break
        moved |= more
    return frozenset(moved)


def _reads(automation: Automation) -> set[str]:
    """The fields of its own object that a timer follows."""
    if automation.timer is None:
        return set()
    expressions = [e for e in (automation.timer.at, automation.condition) if e is not None]
    return {name for e in expressions for object, name in e.reads if object == automation.object}
