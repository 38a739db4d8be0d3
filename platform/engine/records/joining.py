"""Steps: lists of linked records are fetched, resolved, checked and written (many links).

1. *joined*: every record of the batch gets the lists that it has, as tuples of ids in its row, so
   that rules, the comparison with before, the audit and undo see them as they see any value.
   Lines get theirs as they are opened.
2. *join input*: numbers and titles become ids. What the actor may not see stays in the list,
   whatever they send (rule 31); what they may not see cannot be added.
3. *join rules*: required lists, and the condition that the records named must fulfil.
4. *join*: changed lists are written to their join tables, all records of the batch at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.expressions import evaluate
from engine.expressions.among import among_ids
from engine.expressions.folding import fold
from engine.expressions.joined_sql import FROM, TO
from engine.fieldtypes.link import UNCHANGED, Reference
from engine.fieldtypes.links import Links, Moving, Named
from engine.records import messages as say
from engine.records.changes import RESTORE, Batch, Change
from engine.records.inputs import targets_by_word, visible_targets
from engine.records.joins import load_lists
from engine.schema.joins import POSITION
from engine.schema.tables import DELETED


def load(batch: Batch) -> None:
    """Gives the records their lists; new ones have none."""
    load_lists(batch)
    if batch.action == RESTORE:
        for field in batch.definition.many:
            _drop_gone(batch, field)


def _drop_gone(batch: Batch, field: Field) -> None:
    """A record that comes back parts with what has gone meanwhile, or may not come back."""
    type_, tx = _type(field), batch.tx
    rows = tx.fetch(type_.to, {id for c in batch.changes for id in c.row[field.name] or ()})
    for change in batch.changes:
        held = change.row[field.name] or ()
        live = tuple(id for id in held if id in rows and rows[id].get(DELETED) is None)
        change.row[field.name] = live or None
        if live != held and type_.on_delete == "refuse":
            gone = next(id for id in held if id not in live)
            label = tx.catalog.objects[type_.to].label
            change.refuse(
                say.LINK_NOT_FOUND(field=field.label, target=label, found=f"#{gone}"), field.name
            )


def resolve(batch: Batch) -> None:
    """Turns what was named into ids and puts it together with what the actor cannot see."""
    for field in batch.definition.many:
        waiting = [change for change in batch.changes if field.name in change.input]
        if not waiting:
            continue
        to = _type(field).to
        named = [one for change in waiting for one in _parts(change.input[field.name])]
        held = [id for change in waiting for id in (change.before or {}).get(field.name) or ()]
        words = {one.word for one in named if isinstance(one, Reference) and one is not UNCHANGED}
        ids = {one for one in named if isinstance(one, int)}
        seen = visible_targets(batch, to, ids | {*held})
        by_word = targets_by_word(batch, to, words) if words else {}
        for change in waiting:
            given = change.input[field.name]
            unseen = [i for i in (change.before or {}).get(field.name) or () if i not in seen]
            rows = batch.tx.fetch(to, unseen)
            hidden = [i for i in unseen if i in rows and rows[i].get(DELETED) is None]
            if isinstance(given, Moving):
                come, gone = (
                    _resolved(batch, field, change, part, seen, by_word)
                    for part in (given.add, given.remove)
                )
                kept = _held(change, field, seen, hidden)
                found = [one for one in (*kept, *come) if one is UNCHANGED or one not in gone]
            else:
                found = _resolved(batch, field, change, given or (), seen, by_word)
            change.input[field.name] = change.row[field.name] = _merged(found, hidden)


def _parts(given: Any) -> tuple[Named, ...]:
    """All that input names, also what goes."""
    return (*given.add, *given.remove) if isinstance(given, Moving) else given or ()


def _held(change: Change, field: Field, seen: set[int], hidden: Sequence[int]) -> list[Named]:
    """What the record names already, as somebody would send it who sees only what is `seen`."""
    held = (change.before or {}).get(field.name) or ()
    return [id if id in seen else UNCHANGED for id in held if id in seen or id in hidden]


def _resolved(
    batch: Batch,
    field: Field,
    change: Change,
    given: Iterable[Named],
    seen: set[int],
    by_word: dict[str, list[int]],
) -> list[Named]:
    """The ids of what was named; `UNCHANGED` stands for something that the actor cannot see."""
    found: list[Named] = []
    target = batch.tx.catalog.objects[_type(field).to].label
    for one in given:
        if one is UNCHANGED or one in seen:
            found.append(one)
            continue
        ids = by_word.get(fold(one.word), []) if isinstance(one, Reference) else []
        if len(ids) == 1:
            found.append(ids[0])
            continue
        message = say.LINK_AMBIGUOUS if ids else say.LINK_NOT_FOUND
        shown = repr(one.word) if isinstance(one, Reference) else one
        change.refuse(message(field=field.label, target=target, found=shown), field.name)
    return found


def _merged(named: Sequence[Named], hidden: Sequence[int]) -> tuple[int, ...] | None:
    """What was named with what stays unseen: in the places kept for it, else at the end."""
    waiting = list(hidden)
    result: list[int] = []
    for one in named:
        if isinstance(one, int):
            result.append(one)
        elif waiting:
            result.append(waiting.pop(0))
    return tuple(dict.fromkeys([*result, *waiting])) or None


def check(batch: Batch) -> None:
    """Refuses lists that are missing and records that do not suit; gathers every problem."""
    for field in batch.definition.many:
        _check_targets(batch, field)
        for change in batch.changes:
            if change.row.get(field.name) is None and not batch.tx.historical:
                _check_required(batch, change, field)


def _check_required(batch: Batch, change: Change, field: Field) -> None:
    if any(problem.path == f"{change.path}{field.name}" for problem in change.problems):
        return
    tx = batch.tx
    view = tx.gate.view_of(tx, batch.definition, change)
    if field.visible_when is not None and not evaluate(field.visible_when, view, tx.context):
        return
    when = field.required_when
    if field.required or (when is not None and evaluate(when, view, tx.context)):
        change.refuse(say.REQUIRED(field=field.label), field.name)


def _check_targets(batch: Batch, field: Field) -> None:
    """Records are looked at when they are added, all when what the condition reads here changes."""
    condition, type_, tx = field.where, _type(field), batch.tx
    if condition is None:
        return
    reads = {name for object, name in condition.reads if object == batch.name}
    asked: list[tuple[Change, list[int]]] = []
    for change in batch.changes:
        held = (change.before or {}).get(field.name) or ()
        anew = bool(change.changed() & (reads - {field.name}))
        named = [id for id in change.row.get(field.name) or () if anew or id not in held]
        if named:
            asked.append((change, named))
    tx.fetch(type_.to, {id for _, named in asked for id in named})
    for change, named in asked:
        view = tx.gate.view_of(tx, batch.definition, change)
        context = replace(tx.context, variables={batch.name: view})
        if all(evaluate(condition, tx.linked(type_.to, id), context) for id in named):
            continue
        label = tx.catalog.objects[type_.to].label
        change.refuse(
            say.LINK_UNSUITABLE(field=field.label, target=label, condition=type_.where), field.name
        )


def write(batch: Batch) -> None:
    """Writes the lists that changed: what they were goes, what they are comes."""
    tx = batch.tx
    for field in batch.definition.many:
        changed = [
            change
            for change in batch.changes
            if change.row.get(field.name) != (change.before or {}).get(field.name)
        ]
        join = tx.tables.join(field)
        old = [change.id for change in changed if change.before is not None]
        if old:
            gone = sa.delete(join).where(among_ids(join.c[FROM], "ids", tx.dialect))
            tx.connection.execute(gone, {"ids": old})
        rows = [
            {FROM: change.id, TO: target, POSITION: position}
            for change in changed
            for position, target in enumerate(change.row.get(field.name) or ())
        ]
        tx.insert(join, rows)


def _type(field: Field) -> Links:
    assert isinstance(field.type, Links)
    return field.type
