"""Holding what stored values are computed through, so that nobody changes it meanwhile.

A record that links to another and stores something of it must not miss a change of the other
one. Who changes a record holds it alone and looks for its dependents afterwards; so whoever makes
a dependent holds, until the end of the transaction, every record that its links lead to. Two of
them do not disturb each other (FOR SHARE), except where the change may end up writing such a
record itself: it is then held alone at once, since two that share it could not both go on.
SQLite has one writer, who reads what is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from engine.definition.objects import Object
from engine.fieldtypes.link import Link
from engine.fieldtypes.links import Links
from engine.records.changes import CREATE, UPDATE, Batch, Change
from engine.records.shapes import Row

if TYPE_CHECKING:
    from engine.records.transaction import Transaction

Names = tuple[str, ...]


def hold(batch: Batch) -> bool:
    """Holds what these records' stored values are read through; whether anything was not yet."""
    tx = batch.tx
    paths = tx.gate.dependencies.held.get(batch.name, ())
    if not paths:
        return False
    wanted = tx.gate.statements.once(
        ("held for", batch.name), lambda: _sources(tx, batch.definition)
    )
    rows = [
        row
        for change in batch.changes
        if _concerned(batch, change, wanted)
        for row in (change.before, change.row)
        if row
    ]
    return hold_rows(tx, batch.definition, rows, paths)


def _concerned(batch: Batch, change: Change, sources: Collection[str]) -> bool:
    if batch.action != UPDATE or change.action == CREATE or batch.definition.parent:
        return True
    before = change.before or {}
    return bool(change.lines) or any(before.get(n) != change.row.get(n) for n in sources)


def _sources(tx: Transaction, definition: Object) -> frozenset[str]:
    """The record's own fields a change of which may make something be computed through a link."""
    graph = tx.gate.dependencies
    found = {names[0] for names in graph.held.get(definition.name, ())}
    for one in graph.kept.values():
        if one.far:
            found |= {read.field for read in one.reads if read.object == definition.name}
    for _ in definition.fields:  # and what those follow from
        more = set(found)
        for name in found & definition.fields.keys():
            field = definition.fields[name]
            for expression in (field.formula, field.suggest, field.copy):
                reads = expression.reads if expression is not None else ()
                more |= {n for object, n in reads if object == definition.name}
        if more == found:
            break
        found = more
    return frozenset(found & definition.fields.keys())


def hold_rows(
    tx: Transaction, definition: Object, rows: Sequence[Row], paths: Sequence[Names]
) -> bool:
    """Holds the records that these paths of links lead to; whether anything was not yet."""
    if tx.dialect == "sqlite":
        tx.prefetch(definition, rows, paths)
        return False
    anew = False
    for path in paths:
        current, above = list(rows), definition
        for step in path:
            link = above.fields[step].type
            if not isinstance(link, Link | Links):
                break
            ids = {id for row in current for id in ids_named(row.get(step))}
            alone = link.to in tx.gate.dependencies.moved.get(definition.name, ())
            anew = tx.hold(link.to, ids, alone=alone) or anew
            known = tx.fetch(link.to, ids)
            current = [known[id] for id in ids if id in known]
            above = tx.catalog.objects[link.to]
    return anew


def ids_named(value: Any) -> Iterable[int]:
    """The ids that a link, or many links, hold."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def refresh(
    tx: Transaction, definition: Object, rows: Sequence[Row], paths: Sequence[Names]
) -> None:
    """Reads the records anew that these paths lead to, unless this transaction holds them.

    For records that are locked already: who changes a target looks for them afterwards.
    """
    if tx.dialect == "sqlite":
        tx.prefetch(definition, rows, paths)
        return
    seen: set[tuple[str, int]] = set()
    for path in paths:
        current, above = list(rows), definition
        for step in path:
            link = above.fields[step].type
            if not isinstance(link, Link):
                break
            ids = {row[step] for row in current if row.get(step) is not None}
            tx.drop(link.to, (id for id in ids if (link.to, id) not in seen))
            seen |= {(link.to, id) for id in ids}
            known = tx.fetch(link.to, ids)
            current = [known[id] for id in ids if id in known]
            above = tx.catalog.objects[link.to]
