"""Steps: a record's lines are matched with those it has, and pass the same steps as a batch.

The list given for a lines field is the new state: entries with an id change that line, entries
without one are new, lines that are missing are removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.definition.objects import Field, Object
from engine.fieldtypes.link import Lines
from engine.records import messages as say
from engine.records.changes import CREATE, DELETE, UPDATE, Batch, Change
from engine.records.joins import load_lists
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


def with_lines(run: Callable[[Batch], None]) -> Callable[[Batch], None]:
    """The step `run` for the records, and then for their lines."""

    def both(batch: Batch) -> None:
        run(batch)
        for _, lines in line_batches(batch):
            run(lines)

    return both


def open_lines(opening: Callable[[Batch], None]) -> Callable[[Batch], None]:
    """The step that makes line changes from input and runs the opening steps on them."""

    def run(batch: Batch) -> None:
        for field in batch.definition.lines:
            with_lines = [c for c in batch.changes if c.given.get(field.name) is not None]
            ids = sorted(c.id for c in with_lines if c.id is not None)
            before = lines_by_parent(batch, field, ids)
            for change in with_lines:
                given = change.given[field.name]
                _match(change, field, given, before.get(change.id or 0, []))
            load_lists(_batch(batch, field, _removed(batch, field)))  # what is read in the history
        for _, lines in line_batches(batch):
            opening(lines)

    return run


def _removed(batch: Batch, field: Field) -> list[Change]:
    lines = (line for change in batch.changes for line in change.lines.get(field.name, ()))
    return [line for line in lines if line.action == DELETE]


def _batch(batch: Batch, field: Field, changes: list[Change]) -> Batch:
    assert isinstance(field.type, Lines)
    child = batch.tx.catalog.objects[field.type.of]
    return Batch(batch.tx, child, batch.action, changes, batch.tx.lens(child.name), lenient=True)


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


def follow(batch: Batch) -> None:
    """Fetches the lines that compute from something of their record that changes now."""
    for field in batch.definition.lines:
        reads = read_by_lines(batch, field)
        following = [
            change
            for change in batch.changes
            if (before := change.before) is not None
            and field.name not in change.lines
            and any(before.get(name) != change.row.get(name) for name in reads)
        ]
        found = lines_by_parent(batch, field, sorted(c.id for c in following if c.id is not None))
        for change in following:
            rows = found.get(change.id or 0, [])
            lines = [_line(change, field, {}, row, index) for index, row in enumerate(rows)]
            for line, row in zip(lines, rows, strict=True):
                line.row = dict(row)
            change.lines[field.name] = lines
            load_lists(_batch(batch, field, lines))
            change.view = None  # which knows nothing of these lines


def read_by_lines(batch: Batch, field: Field) -> frozenset[str]:
    """The record's fields that the formulas and suggestions of its lines read."""
    assert isinstance(field.type, Lines)
    child = batch.tx.catalog.objects[field.type.of]
    reads: frozenset[str] = batch.tx.gate.statements.once(
        ("reads_parent", child.name), lambda: _reads_parent(child)
    )
    return reads


def _reads_parent(child: Object) -> frozenset[str]:
    return frozenset(
        name
        for field in child.fields.values()
        for expression in (field.formula, field.suggest)
        if expression is not None and not field.virtual
        for object, name in expression.reads
        if object == child.parent_object
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
        if change.parent.roles is not None:
            change.writable = batch.lens.writable_by(change.parent.roles)
        change.row[definition.parent] = change.parent.row.get("id")


def removed_row(row: Row, moment: Any) -> Row:
    """The row of a line or record that goes to the recycle bin."""
    return row | {DELETED: moment}
