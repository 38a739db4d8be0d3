"""Steps: a record goes to the recycle bin with its lines, or comes back (rule 13)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field, Object
from engine.fieldtypes.link import Link
from engine.records import messages as say
from engine.records.changes import DELETE, Batch, Change
from engine.records.rollups import carry
from engine.records.shapes import Row
from engine.records.writing import count_of, trashed, update_rows
from engine.schema.tables import DELETED


def referring(batch: Batch) -> list[tuple[Object, Field]]:
    """The stored links of other objects that point to this object, lines left out."""
    return [
        (definition, field)
        for definition in batch.tx.catalog.objects.values()
        for field in definition.links
        if isinstance(field.type, Link)
        and field.type.to == batch.name
        and field.name not in ("created_by", "changed_by", "deleted_by")
        and field.name != definition.parent
    ]


def check_references(batch: Batch) -> None:
    """Refuses to delete what others still refer to, unless their link says otherwise."""
    for definition, field in referring(batch):
        assert isinstance(field.type, Link)
        if field.type.on_delete != "refuse":
            continue
        table = batch.tx.tables.table(definition.name)
        for change in batch.changes:
            users = table.c[field.column] == change.id
            if definition.name == batch.name:
                users &= table.c.id != change.id
            limited = sa.select(table.c.id).where(users, table.c[DELETED].is_(None)).limit(1001)
            count = count_of(
                batch.tx.connection, sa.select(sa.func.count()).select_from(limited.subquery())
            )
            if count:
                shown = "1000+" if count > 1000 else count
                change.refuse(say.STILL_USED(count=shown, objects=definition.plural))
    batch.settle()


def remove(batch: Batch) -> None:
    """Moves records and their lines to the recycle bin, or out of it."""
    tx = batch.tx
    moment = tx.now if batch.action == DELETE else None
    by = tx.actor.person if batch.action == DELETE else None
    lines: dict[str, list[tuple[Row, Row]]] = defaultdict(list)
    for change in batch.changes:
        assert change.before is not None
        change.row = trashed(change.before, moment, by) | {"version": change.before["version"] + 1}
        for field in batch.definition.lines:
            child = field.type.expression_type().object
            for row in _lines(batch, field, change):
                lines[child].append((row, row | {DELETED: moment}))
    update_rows(tx, tx.shape(batch.name), [(c.before or {}, c.row) for c in batch.changes])
    for change in batch.changes:
        tx.remember(batch.name, change.row)
    for child, pairs in lines.items():
        update_rows(tx, tx.shape(child), pairs)
        tx.forget(child)
        carry(tx, tx.catalog.objects[child], pairs)


def _lines(batch: Batch, field: Field, change: Change) -> list[Row]:
    """Live lines, or, to restore, those that went together with the record."""
    tx = batch.tx
    shape = tx.shape(field.type.expression_type().object)
    table = shape.table
    link = shape.definition.fields[shape.definition.parent].column
    assert change.before is not None
    gone: Any = change.before[DELETED]
    state = table.c[DELETED].is_(None) if batch.action == DELETE else table.c[DELETED] == gone
    statement = sa.select(*shape.select_columns(table)).where(table.c[link] == change.id, state)
    return [shape.row(values) for values in tx.connection.execute(statement)]


def follow_links(batch: Batch) -> None:
    """Clears the links, or deletes the records, that say so when their target is deleted."""
    tx = batch.tx
    ids = [change.id for change in batch.changes if change.id is not None]
    for definition, field in referring(batch):
        assert isinstance(field.type, Link)
        rule = field.type.on_delete
        if rule == "refuse":
            continue
        table = tx.tables.table(definition.name)
        users = sa.select(table.c.id).where(
            table.c[field.column].in_(ids), table.c[DELETED].is_(None)
        )
        found = list(tx.connection.execute(users).scalars())
        if not found:
            continue
        if rule == "clear":
            changes = [Change(given={field.name: None}, id=id) for id in found]
            tx.gate.pass_steps(tx.as_system(), definition.name, "update", changes)
        else:
            changes = [Change(given={}, id=id) for id in found]
            tx.gate.pass_steps(tx.as_system(), definition.name, DELETE, changes)
