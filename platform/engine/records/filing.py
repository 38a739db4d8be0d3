"""Files of records: input names uploaded files, saving the record makes them its own.

1. `resolve_files` (step): every id in input must stand there already, wait for the same person,
   or be a file of a record that the actor may read; of the latter the record gets its own row.
2. `copy_files` (step, left out of drafts): those rows are made.
3. `attach_files` (step): once the records have ids, what waited belongs to them.
4. `present` (reading): ids become names, sizes and media types, in one query a page.

A file has one owner and is read through it, so there is no second way to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.definition.objects import Field, Object
from engine.expressions.among import among_ids
from engine.fieldtypes.file import MANY_FILES, MOST_FILES, File, FileChange, FileRef, ids_of
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.problems import Message
from engine.records.changes import DELETE, Batch, Change
from engine.records.lines import line_batches
from engine.records.media import accepts
from engine.schema.files import ATTACHED, FILES, WAITING
from engine.schema.tables import DELETED

if TYPE_CHECKING:
    from engine.records.gate import Gate
    from engine.records.reading import Record
    from engine.records.transaction import Transaction

FileRow = Mapping[str, Any]
COPIES = "file copies"
"""The note of a change with the files that it is to have rows of its own for."""

NO_SUCH_FILE = Message(
    "file-not-yours",
    en="{field} names a file that is not there (any more)",
    zh="“{field}”所指的文件不存在或已失效",
    hint_en="upload it again; what nobody saves is removed after a day",
    hint_zh="请重新上传；上传后一天内未保存的文件会被清除",
)


def resolve_files(batch: Batch) -> None:
    """Refuses files that the actor may not use here, and gives copies of those of other records."""
    for field in file_fields(batch.definition):
        changes = [c for c in batch.changes if c.input.get(field.name) is not None]
        if not changes:
            continue
        for change in changes:
            _apply(change, field)
        wanted = {id for c in changes for id in ids_of(c.row[field.name])}
        found = rows_by_id(batch.tx, wanted)
        for change in changes:
            _resolve(batch, field, change, found)


def file_fields(definition: Object) -> tuple[Field, ...]:
    """The object's fields that hold files."""
    return tuple(f for f in definition.stored_fields if isinstance(f.type, File))


def _apply(change: Change, field: Field) -> None:
    """Input that adds and removes becomes the whole list."""
    value = change.input[field.name]
    if isinstance(value, FileChange):
        value = value.applied(ids_of((change.before or {}).get(field.name))) or None
        change.input[field.name] = change.row[field.name] = value
        if len(ids_of(value)) > MOST_FILES:
            problem = MANY_FILES(limit=MOST_FILES, found=len(ids_of(value)))
            change.refuse(problem, field.name)


def _resolve(batch: Batch, field: Field, change: Change, found: Mapping[int, FileRow]) -> None:
    assert isinstance(field.type, File)
    before = ids_of((change.before or {}).get(field.name))
    result: list[int] = []
    for id in ids_of(change.row[field.name]):
        row = found.get(id)
        if id in before or (row is not None and _owned(batch, field, change, row)):
            result.append(id)
        elif row is None or not _usable(batch.tx, row):
            change.refuse(NO_SUCH_FILE(field=field.label), field.name)
        elif (problem := accepts(field.type, row)) is not None:
            change.refuse(problem, field.name)
        elif row["state"] == WAITING and id not in batch.tx.files_taken:
            batch.tx.files_taken.add(id)
            result.append(id)
        else:
            change.notes.setdefault(COPIES, {})[field.name, id] = row
            result.append(id)
    value = tuple(result) if field.type.multiple else next(iter(result), None)
    change.input[field.name] = change.row[field.name] = value or None


def _owned(batch: Batch, field: Field, change: Change, row: FileRow) -> bool:
    """Whether the file was this record's before: an import is undone, a removal taken back."""
    owner = (row["object"], row["field"], row["record"])
    return change.id is not None and owner == (
        batch.definition.table, field.column, change.id
    )  # fmt: skip


def _usable(tx: Transaction, row: FileRow) -> bool:
    if tx.actor.is_system:
        return True
    if row["state"] == WAITING:
        return uploaded_by(tx.actor, row)
    return readable_at_owner(tx, row)


def uploaded_by(actor: Actor, row: FileRow) -> bool:
    """Whether the actor has uploaded the file."""
    if actor.is_system:
        return True
    if actor.person is not None:
        return bool(row["person"] == actor.person)
    return row["person"] is None and bool(row["account"]) and row["account"] == actor.name


def readable_at_owner(tx: Transaction, row: FileRow) -> bool:
    """Whether the actor may read the file where it stands: its record, and in it the field."""
    place = _place_of(tx, row)
    if place is None:
        return False
    definition, field = place
    lens = tx.lens(definition.name)
    if not lens.may_read(field.name):
        return False
    binds, table = Binds(), tx.tables.table(definition.name)
    conditions = [table.c.id == row["record"], table.c[DELETED].is_(None)]
    for condition in (lens.rows("read", table, binds), lens.cell(field.name, table, binds)):
        if condition is not None:
            conditions.append(condition)
    statement = sa.select(table.c[field.column]).where(*conditions)
    found = tx.connection.execute(statement, binds.values(tx.actor, tx.context)).first()
    return found is not None and row["id"] in ids_of(found[0])


def _place_of(tx: Transaction, row: FileRow) -> tuple[Object, Field] | None:
    """The object and field that the file belongs to."""
    for definition in tx.catalog.objects.values():
        if definition.table == row["object"]:
            for field in file_fields(definition):
                if field.column == row["field"]:
                    return definition, field
    return None


def _copied(tx: Transaction, row: FileRow) -> int:
    """A row of its own for the same content."""
    table = tx.tables.system(FILES)
    (id,) = tx.take_ids(table, 1)
    values = dict(row) | {
        "id": id, "at": tx.now, "state": WAITING, "person": tx.actor.person,
        "account": None if tx.actor.person else tx.actor.name or None,
        "object": None, "field": None, "record": None,
    }  # fmt: skip
    tx.connection.execute(sa.insert(table).values(values))
    return id


def copy_files(batch: Batch) -> None:
    """Gives records rows of their own for files that belong to others."""
    for part in (batch, *(lines for _, lines in line_batches(batch))):
        for change in part.changes:
            for (name, id), row in change.notes.pop(COPIES, {}).items():
                own = _copied(part.tx, row)
                ids = tuple(own if one == id else one for one in ids_of(change.row[name]))
                many = part.definition.fields[name].type.holds == "files"
                change.row[name] = ids if many else ids[0]


def attach_files(batch: Batch) -> None:
    """Makes the files that records of the batch and their lines name now belong to them."""
    for part in (batch, *(lines for _, lines in line_batches(batch))):
        for field in file_fields(part.definition):
            for change in part.changes:
                _attach(part, field, change)


def _attach(batch: Batch, field: Field, change: Change) -> None:
    if change.action == DELETE or change.row.get(field.name) is None:
        return
    before = ids_of((change.before or {}).get(field.name))
    ids = [id for id in ids_of(change.row[field.name]) if id not in before]
    if not ids:
        return
    table = batch.tx.tables.system(FILES)
    values = {
        "state": ATTACHED, "object": batch.definition.table, "field": field.column,
        "record": change.id,
    }  # fmt: skip
    waiting = sa.update(table).where(table.c.id.in_(ids), table.c.state == WAITING).values(values)
    batch.tx.connection.execute(waiting)


def rows_by_id(tx: Transaction, ids: Iterable[int]) -> dict[int, FileRow]:
    """The rows of files, held until the transaction ends: nobody else attaches or removes them."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    table = tx.tables.system(FILES)
    statement = sa.select(table).where(table.c.id.in_(wanted)).order_by(table.c.id)
    found = tx.connection.execute(statement.with_for_update()).mappings()
    return {row["id"]: dict(row) for row in found}


def refs(gate: Gate, connection: sa.Connection, ids: Iterable[int]) -> dict[int, FileRef]:
    """What people see of these files, by id."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    t = gate.tables.system(FILES)
    columns = (
        t.c.id, t.c.name, t.c.media, t.c.size, t.c.width, t.c.height, t.c.thumb.is_not(None),
    )  # fmt: skip
    statement = sa.select(*columns).where(among_ids(t.c.id, "ids", gate.dialect))
    return {row.id: FileRef(*row) for row in connection.execute(statement, {"ids": wanted})}


def present_files(
    gate: Gate, connection: sa.Connection, definition: Object, records: Sequence[Record]
) -> None:
    """Gives the records' file fields their names and sizes instead of ids."""
    for field in file_fields(definition):
        held = [r for r in records if r.values.get(field.name) is not None]
        found = refs(gate, connection, (id for r in held for id in ids_of(r.values[field.name])))
        for record in held:
            ids = ids_of(record.values[field.name])
            place = (definition.name, record.id, field.name)
            named = tuple(
                replace(found.get(id) or FileRef(id, f"#{id}", "", 0), place=place) for id in ids
            )
            assert isinstance(field.type, File)
            record.values[field.name] = named if field.type.multiple else named[0]
