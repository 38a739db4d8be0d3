"""Steps: a record's lines are matched with those it has, and pass the same steps as a batch.

The list given for a lines field is the new state: entries with an id change that line, entries
without one are new, lines that are missing are removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.definition.objects import Field, Object
from engine.definition.paths import paths
from engine.fieldtypes.link import Lines
from engine.records import messages as say
from engine.records.changes import CREATE, DELETE, UPDATE, Batch, Change
from engine.records.rights import empty_row
from engine.records.shapes import Row
from engine.schema.tables import DELETED, POSITION


def line_batches(batch: Batch) -> Iterator[tuple[Field, Batch]]:
    """The batches of the lines that these changes carry, removed lines left out."""
    for field in batch.definition.lines:
        changes = [
            line
            for change in batch.changes
            for line in change.lines.get(field.name, ())
            if line.action != DELETE
        ]
        if changes:
            yield field, _batch(batch, field, changes)


def open_lines(opening: Callable[[Batch], None]) -> Callable[[Batch], None]:
    """The step that makes line changes from input and runs the opening steps on them."""

    def run(batch: Batch) -> None:
        for field in batch.definition.lines:
            before = _existing(batch, field)
            for change in batch.changes:
                given = change.given.get(field.name)
                if given is not None:
                    _match(change, field, given, before.get(change.id or 0, []))
                elif batch.action == UPDATE and _must_follow(batch, field, change):
                    change.lines[field.name] = [
                        _line(change, field, {}, row, index)
                        for index, row in enumerate(before.get(change.id or 0, []))
                    ]
        for _, lines in line_batches(batch):
            opening(lines)

    return run


def _batch(batch: Batch, field: Field, changes: list[Change]) -> Batch:
    assert isinstance(field.type, Lines)
    child = batch.tx.catalog.objects[field.type.of]
    return Batch(batch.tx, child, batch.action, changes, batch.tx.lens(child.name), lenient=True)


def _existing(batch: Batch, field: Field) -> dict[int, list[Row]]:
    """The lines that the changed records have, where any of them is needed."""
    ids = sorted(
        change.id
        for change in batch.changes
        if change.id is not None
        and batch.action == UPDATE
        and (field.name in change.given or _must_follow(batch, field, change))
    )
    return lines_by_parent(batch, field, ids)


def lines_by_parent(batch: Batch, field: Field, ids: list[int]) -> dict[int, list[Row]]:
    """The live lines of these records, in order, by the record's id."""
    assert isinstance(field.type, Lines)
    tx, by_parent = batch.tx, dict[int, list[Row]]()
    if ids:
        shape = tx.shape(field.type.of)
        link = shape.definition.fields[field.type.by]
        statement = tx.gate.statements.lines_of(shape, link.column)
        for values in statement.rows(tx.connection, {"ids": ids}):
            row = shape.row(values)
            by_parent.setdefault(row[link.name], []).append(row)
    return by_parent


def _must_follow(batch: Batch, field: Field, change: Change) -> bool:
    """Whether the lines compute from something of their record that changes now."""
    assert isinstance(field.type, Lines)
    child = batch.tx.catalog.objects[field.type.of]
    reads = batch.tx.gate.statements.once(
        ("reads_parent", child.name), lambda: _reads_parent(child)
    )
    before = change.before or {}
    changed = {name for name in reads if before.get(name) != change.row.get(name)}
    return bool(changed)


def _reads_parent(child: Object) -> frozenset[str]:
    """The parent's fields that the line's formulas and suggestions read."""
    return frozenset(
        path[1]
        for field in child.fields.values()
        for expression in (field.formula, field.suggest)
        if expression is not None and not field.virtual
        for path in paths(expression.source)
        if len(path) > 1 and path[0] == child.parent
    )


def _match(change: Change, field: Field, given: Any, existing: list[Row]) -> None:
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        change.refuse(say.BAD_LINES(field=field.label), field.name)
        return
    waiting = {row["id"]: row for row in existing}
    lines: list[Change] = []
    for index, entry in enumerate(given):
        values = {name: raw for name, raw in entry.items() if name not in ("id", POSITION)}
        id = entry.get("id")
        row = waiting.pop(id, None) if isinstance(id, int) else None
        if id is not None and row is None:
            change.refuse(say.UNKNOWN_LINE(found=repr(id)[:40]), f"{field.name}[{index}]")
            continue
        lines.append(_line(change, field, values, row, index))
    for row in waiting.values():
        removed = _line(change, field, {}, row, row.get(POSITION) or 0)
        removed.action = DELETE
        lines.append(removed)
    change.lines[field.name] = lines


def _line(
    parent: Change, field: Field, given: dict[str, Any], before: Row | None, index: int
) -> Change:
    line = Change(
        given=given,
        id=before["id"] if before else None,
        path=f"{parent.path}{field.name}[{index}].",
        parent=parent,
        action=UPDATE if before else CREATE,
        before=before,
    )
    line.notes[POSITION] = index
    return line


def start_lines(batch: Batch) -> None:
    """Gives line changes their rows: those they had, or empty ones."""
    definition = batch.definition
    if not definition.parent:
        return
    empty = empty_row(batch.tx.shape(batch.name))
    for change in batch.changes:
        change.row = dict(change.before) if change.before else dict(empty)
        change.row[POSITION] = change.notes[POSITION]
        assert change.parent is not None
        change.row[definition.parent] = change.parent.row.get("id")


def removed_row(row: Row, moment: Any) -> Row:
    """The row of a line or record that goes to the recycle bin."""
    return row | {DELETED: moment}
