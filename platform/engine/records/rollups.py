"""Steps: rollups are kept exact by the difference that each change makes (rule 15).

1. Before children change, the records that they count for are locked, in order of object and id.
2. Each change's contribution is computed from the child as it was and as it is.
3. Sums and counts move by the difference; a minimum or maximum moves to a new extreme at once,
   and is looked up anew only where the old extreme may have gone. So is a rollup that rounds.
4. The record's formulas that read rollups follow, and it counts in turn for its own parents.

An average is looked up anew always; so is a rollup that reads through links of its children when
something that it reads there was changed by this very transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.dependencies import Kept
from engine.definition.objects import Field, Object, Rollup
from engine.expressions import evaluate
from engine.fieldtypes.number import NumberType
from engine.problems import Refusal
from engine.records.anew import by_database
from engine.records.changes import Batch, Change
from engine.records.dependents import Pair, differs
from engine.records.holding import hold, refresh
from engine.records.rows import RowView
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.records.values import as_stored
from engine.schema.tables import DELETED

LOOK_UP = object()
"""Stands for a minimum or maximum that must be looked up anew."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """A rollup and the object that keeps it."""

    object: str
    field: Field
    rollup: Rollup

    @property
    def rounds(self) -> bool:
        """Whether it has fewer decimals than what it is taken over: differences would drift."""
        value, type_ = self.rollup.value, self.field.type
        if value is None or not isinstance(type_, NumberType):
            return False
        return value.type.scale > type_.scale


def keepers(catalog: Catalog) -> dict[str, tuple[Keeper, ...]]:
    """By child object, all rollups that count its records."""
    found: dict[str, list[Keeper]] = defaultdict(list)
    for definition in catalog.objects.values():
        for field in definition.fields.values():
            if field.rollup is not None:
                found[field.rollup.child].append(Keeper(definition.name, field, field.rollup))
    return {child: tuple(kept) for child, kept in found.items()}


def lock_parents(batch: Batch) -> None:
    """Locks every record that these changes may count for, before they are written."""
    hold(batch)
    wanted: dict[str, set[int]] = defaultdict(set)
    for keeper in _outer_keepers(batch):
        for change in batch.changes:
            for row in (change.before, change.row):
                if row and row.get(keeper.rollup.via) is not None:
                    wanted[keeper.object].add(row[keeper.rollup.via])
    for object in sorted(wanted):
        _lock(batch.tx, object, wanted[object])


def _outer_keepers(batch: Batch) -> list[Keeper]:
    """Rollups over this object that are kept by records other than the lines' own parent."""
    return [
        keeper
        for keeper in batch.tx.gate.keepers.get(batch.name, ())
        if keeper.rollup.via != batch.definition.parent
    ]


def _lock(tx: Transaction, object: str, ids: Iterable[int]) -> dict[int, Row]:
    """Locked rows; those that this transaction holds already are known as they are."""
    shape = tx.shape(object)
    wanted = sorted(ids)
    missing = [id for id in wanted if (object, id) not in tx.locked]
    if missing:
        statement = tx.gate.statements.by_ids(shape, lock=True)
        for values in statement.rows(tx.connection, {"ids": missing}):
            tx.remember(object, shape.row(values))
        tx.locked.update((object, id) for id in missing)
    known = tx.fetch(object, wanted)
    return {id: known[id] for id in wanted if id in known}


def contribution(
    tx: Transaction,
    definition: Object,
    rollup: Rollup,
    row: Row | None,
    view: RowView | None = None,
) -> Any:
    """What a child counts for in a rollup: a value, 1 for a count, or None for nothing.

    A child that is about to change is given as the `view` of what it will be.
    """
    if row is None or row.get(DELETED) is not None or row.get(rollup.via) is None:
        return None
    view = view or RowView(tx, definition, row)
    context = replace(tx.context, variables={rollup.variable: view})
    if rollup.condition is not None and not evaluate(rollup.condition, view, context):
        return None
    if rollup.value is None:
        return 1
    return evaluate(rollup.value, view, context)


def moved(rollup: Rollup, current: Any, gone: Sequence[Any], come: Sequence[Any]) -> Any:
    """The rollup's value after some contributions went and others came, or LOOK_UP."""
    gone = [value for value in gone if value is not None]
    come = [value for value in come if value is not None]
    if rollup.function in ("sum", "count"):
        zero = rollup.nothing
        return (current or zero) + sum(come, zero) - sum(gone, zero)
    if rollup.function == "avg":
        return LOOK_UP
    best = min if rollup.function == "min" else max
    if current is not None and current in gone and current not in come:
        return LOOK_UP
    return best([value for value in (current, *come) if value is not None], default=None)


def own_line_rollups(batch: Batch) -> None:
    """Brings the rollups over a record's own lines up to date in its row."""
    for field in batch.definition.fields.values():
        rollup = field.rollup
        if rollup is None:
            continue
        child = batch.tx.catalog.objects[rollup.child]
        if child.parent != rollup.via:
            continue
        for change in batch.changes:
            lines = change.lines.get(rollup.collection)
            if lines is None and change.before is not None:
                continue
            _roll_lines(batch, change, field, child, lines or [])


def _roll_lines(
    batch: Batch, change: Change, field: Field, child: Object, lines: list[Change]
) -> None:
    """A record's lines are all at hand when they change, so the rollup is taken over all."""
    rollup = field.rollup
    assert rollup is not None
    parent = {rollup.via: -1}  # any link will do: new lines have no parent's id yet
    tx = batch.tx
    values = [
        contribution(tx, child, rollup, line.row | parent, tx.gate.view_of(tx, child, line))
        for line in lines
        if line.action != "delete"
    ]
    try:
        if rollup.function == "avg":
            whole = tx.gate.view_of(tx, batch.definition, change)
            value = evaluate(rollup.expression, whole, tx.context)
        else:
            value = moved(rollup, None, (), values)
        change.row[field.name] = as_stored(field, value)
    except Refusal as refusal:
        change.refuse_all(refusal, field.name)


def carry(
    tx: Transaction, definition: Object, pairs: Sequence[Pair], *, own_parent: bool = False
) -> None:
    """Moves all rollups over these children from their rows before to their rows after.

    A record's own over its lines only with `own_parent`: mostly it has all its lines at hand.
    """
    by_object: dict[str, list[Keeper]] = defaultdict(list)
    for keeper in tx.gate.keepers.get(definition.name, ()):
        if own_parent or keeper.rollup.via != definition.parent:
            by_object[keeper.object].append(keeper)
    for object in sorted(by_object):
        _carry_to(tx, definition, object, by_object[object], pairs)


def _carry_to(
    tx: Transaction,
    definition: Object,
    object: str,
    kept: Sequence[Keeper],
    pairs: Sequence[Pair],
) -> None:
    gone: dict[tuple[int, str], list[Any]] = defaultdict(list)
    come: dict[tuple[int, str], list[Any]] = defaultdict(list)
    anew: set[tuple[int, str]] = set()
    for keeper in kept:
        _contributions(tx, definition, keeper, _graph(tx, keeper), pairs, gone, come, anew)
    touched = {key for key in {*gone, *come} if sorted(gone[key]) != sorted(come[key])} | anew
    if not touched:
        return
    parents = _lock(tx, object, {id for id, _ in touched})
    try:
        changed = _moved(tx, kept, parents, touched, gone, come, anew)
    except Refusal as refusal:  # of another record than the one at hand
        raise Refusal(*(problem.on("") for problem in refusal.problems)) from None
    tx.gate.write_derived(tx, tx.catalog.objects[object], parents, changed)


def _contributions(
    tx: Transaction,
    definition: Object,
    keeper: Keeper,
    graph: Kept,
    pairs: Sequence[Pair],
    gone: dict[tuple[int, str], list[Any]],
    come: dict[tuple[int, str], list[Any]],
    anew: set[tuple[int, str]],
) -> None:
    """What these children counted for before, and count for now; or which records to look up."""
    rollup, name = keeper.rollup, keeper.field.name
    read = {r.field for r in graph.reads if len(r.path) == 1}
    moving = [pair for pair in pairs if differs(pair, read)]
    beyond = {(r.object, r.field) for r in graph.reads if len(r.path) > 1}
    if beyond:
        if beyond & tx.altered or any(not s.is_link for r in graph.reads for s in r.path[1:]):
            ids = (row[rollup.via] for pair in moving for row in pair if row)
            anew.update((id, name) for id in ids if id is not None)
            return
        runs = tuple(run[1:] for run in _runs_below(graph))
        refresh(tx, definition, [row for pair in moving for row in pair if row], runs)
    for before, after in moving:
        was = contribution(tx, definition, rollup, before)
        now = contribution(tx, definition, rollup, after)
        if before is not None and was is not None:
            gone[before[rollup.via], name].append(was)
        if after is not None and now is not None:
            come[after[rollup.via], name].append(now)


def _runs_below(graph: Kept) -> list[tuple[str, ...]]:
    """The links that a rollup reads through, each behind the name of its collection."""
    return sorted(
        {tuple(s.member for s in r.path) for r in graph.reads if len(r.path) > 1},
        key=lambda names: (len(names), names),
    )


def _moved(
    tx: Transaction,
    kept: Sequence[Keeper],
    parents: dict[int, Row],
    touched: set[tuple[int, str]],
    gone: dict[tuple[int, str], list[Any]],
    come: dict[tuple[int, str], list[Any]],
    anew: set[tuple[int, str]],
) -> dict[int, Row]:
    """The locked rows with their rollups moved."""
    changed: dict[int, Row] = {id: dict(row) for id, row in parents.items()}
    look_up: dict[str, set[int]] = defaultdict(set)
    by_name = {keeper.field.name: keeper for keeper in kept}
    for id, name in touched:
        if id not in changed:
            continue
        keeper = by_name[name]
        value = moved(keeper.rollup, changed[id][name], gone[id, name], come[id, name])
        if value is LOOK_UP or keeper.rounds or (id, name) in anew:
            look_up[name].add(id)
        else:
            changed[id][name] = as_stored(keeper.field, value)
    for name, ids in look_up.items():
        keeper = by_name[name]
        for id, row in by_database(tx, keeper.object, [_graph(tx, keeper)], ids).items():
            changed[id] |= row
    return changed


def _graph(tx: Transaction, keeper: Keeper) -> Kept:
    return tx.gate.dependencies.kept[keeper.object, keeper.field.name]
