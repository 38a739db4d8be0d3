"""Steps: a record goes to the recycle bin with its lines, or comes back (rule 13)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import as_member
from engine.definition.objects import Field, Object
from engine.fieldtypes.link import Link
from engine.permissions.binds import Binds
from engine.permissions.lens import ActorView
from engine.problems import Problem
from engine.records import messages as say
from engine.records.changes import DELETE, RESTORE, UPDATE, Batch, Change
from engine.records.joining_removal import check_lines_back, check_naming, clear_naming, drop_gone
from engine.records.propagating import propagate
from engine.records.rollups import carry
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.records.writing import trashed, update_rows
from engine.schema.tables import DELETED

STAMPS = ("created_by", "changed_by", "deleted_by")
"""Links that tell what happened: they hold nobody back."""
MOST_COUNTED = 1_000
"""Records that still refer to one are counted no further."""


def referring(batch: Batch) -> list[tuple[Object, Field]]:
    """The stored links of other objects that point to this object, lines left out."""
    statements = batch.tx.gate.statements
    found: list[tuple[Object, Field]]
    found = statements.once(("referring", batch.name), lambda: _referring(batch))
    return found


def _referring(batch: Batch) -> list[tuple[Object, Field]]:
    return [
        (definition, field)
        for definition in batch.tx.catalog.objects.values()
        for field in definition.links
        if isinstance(field.type, Link)
        and field.type.to == batch.name
        and field.name not in STAMPS
        and field.name != definition.parent
        and not field.derived  # it follows what it is computed from
    ]


def check_references(batch: Batch) -> None:
    """Refuses to delete what others still refer to, unless their link says otherwise; and to
    bring back what refers to something deleted."""
    if batch.action == RESTORE:
        _check_targets(batch)
    else:
        _check_users(batch)
        check_naming(batch)
    batch.settle()


def _check_users(batch: Batch) -> None:
    ids = [change.id for change in batch.changes]
    for definition, field in referring(batch):
        assert isinstance(field.type, Link)
        if field.type.on_delete != "refuse":
            continue
        table = batch.tx.tables.table(definition.name)
        for change in batch.changes:
            users = sa.and_(table.c[field.column] == change.id, table.c[DELETED].is_(None))
            if definition.name == batch.name:
                users &= table.c.id.not_in(ids)
            if _count(batch, sa.select(table.c.id).where(users), Binds()):
                change.refuse(_still_used(batch, definition, field, change))


def _still_used(batch: Batch, definition: Object, field: Field, change: Change) -> Problem:
    """Who still refers to the record, as far as the actor may see that they do."""
    tx, binds = batch.tx, Binds()
    table = tx.tables.table(definition.name)
    view = ActorView(tx.gate.lenses, None if tx.actor.is_system else tx.actor.roles, binds)
    users = sa.select(table.c.id).where(
        view.column(definition.name, as_member(field), table) == change.id
    )
    seen = view.visible(definition.name, table)
    count = _count(batch, users if seen is None else users.where(seen), binds)
    if not count:
        return say.STILL_USED_UNSEEN()
    shown = f"{MOST_COUNTED}+" if count > MOST_COUNTED else count
    return say.STILL_USED(count=shown, objects=definition.plural)


def _count(batch: Batch, users: sa.Select[Any], binds: Binds) -> int:
    limited = users.limit(MOST_COUNTED + 1).subquery()
    statement = sa.select(sa.func.count()).select_from(limited)
    parameters = binds.values(batch.tx.actor, batch.tx.context)
    return int(batch.tx.connection.execute(statement, parameters).scalar_one())


def _check_targets(batch: Batch) -> None:
    for change in batch.changes:
        assert change.before is not None
        _check_links(batch, batch.definition, change, change.before, "")
        for field in batch.definition.lines:
            child = batch.tx.gate.line_object(batch.definition, field.name)
            rows = _lines(batch, field, change)
            for row in rows:
                _check_links(batch, child, change, row, field.name)
            check_lines_back(batch, change, field, [row["id"] for row in rows])


def _check_links(batch: Batch, definition: Object, change: Change, row: Row, path: str) -> None:
    for field, target in _gone(batch.tx, definition, row):
        assert isinstance(field.type, Link)
        if field.type.on_delete != "clear":
            label = batch.tx.catalog.objects[field.type.to].label
            change.refuse(
                say.LINK_NOT_FOUND(field=field.label, target=label, found=f"#{target}"),
                path or field.name,
            )


def _gone(tx: Transaction, definition: Object, row: Row) -> Iterator[tuple[Field, int]]:
    """The row's links that lead to deleted records, with their ids."""
    for field in definition.links:
        target = row.get(field.name)
        if target is None or field.name in STAMPS or field.name == definition.parent:
            continue
        assert isinstance(field.type, Link)
        found = tx.fetch(field.type.to, [target]).get(target)
        if found is None or found.get(DELETED) is not None:
            yield field, target


def remove(batch: Batch) -> None:
    """Moves records and their lines to the recycle bin, or out of it."""
    tx = batch.tx
    moment = tx.now if batch.action == DELETE else None
    by = tx.actor.person if batch.action == DELETE else None
    lines: dict[str, list[tuple[Row, Row]]] = defaultdict(list)
    for change in batch.changes:
        assert change.before is not None
        change.row = trashed(change.before, moment, by) | {"version": change.before["version"] + 1}
        if batch.action == RESTORE:
            change.row |= _cleared(tx, batch.definition, change.before)
        for field in batch.definition.lines:
            child = field.type.expression_type().object
            for row in _lines(batch, field, change):
                after = row | {DELETED: moment}
                if batch.action == RESTORE:
                    after |= _cleared(tx, tx.catalog.objects[child], row)
                lines[child].append((row, after))
    update_rows(tx, tx.shape(batch.name), [(c.before or {}, c.row) for c in batch.changes])
    for change in batch.changes:
        tx.remember(batch.name, change.row)
    for child, pairs in lines.items():
        update_rows(tx, tx.shape(child), pairs)
        if batch.action == RESTORE:
            drop_gone(tx, tx.catalog.objects[child], [after["id"] for _, after in pairs])
        tx.forget(child)
        carry(tx, tx.catalog.objects[child], pairs)
        propagate(tx, tx.catalog.objects[child], pairs)


def _cleared(tx: Transaction, definition: Object, row: Row) -> Row:
    """The links of a record that comes back whose targets have gone: empty."""
    return {field.name: None for field, _ in _gone(tx, definition, row)}


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
    clear_naming(batch)
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
        if definition.parent:
            _follow_lines(tx, definition, field, frozenset(ids))
        elif rule == "clear":
            changes = [Change(given={field.name: None}, id=id) for id in found]
            tx.gate.pass_steps(tx.as_system(), definition.name, "update", changes)
        else:
            changes = [Change(given={}, id=id) for id in found]
            tx.gate.pass_steps(tx.as_system(), definition.name, DELETE, changes)


def _follow_lines(tx: Transaction, definition: Object, link: Field, gone: frozenset[int]) -> None:
    """Lines are cleared of their links, or go, as a change of the records that they belong to."""
    assert isinstance(link.type, Link)
    table, parent = tx.tables.table(definition.name), definition.fields[definition.parent]
    users = table.c[link.column].in_(gone)
    ids = sa.select(table.c[parent.column]).where(users, table.c[DELETED].is_(None)).distinct()
    above = tx.catalog.objects[definition.parent_object]
    field = next(f for f in above.lines if tx.gate.line_object(above, f.name) is definition)
    changes = []
    for id in sorted(tx.connection.execute(ids).scalars()):
        lines = []
        for line in tx.collection(definition.name, parent.name, id):
            assert line.row is not None
            if line.row[link.name] not in gone:
                lines.append({"id": line.id})
            elif link.type.on_delete == "clear":
                lines.append({"id": line.id, link.name: None})
        changes.append(Change(given={field.name: lines}, id=id))
    tx.gate.pass_steps(tx.as_system(), above.name, UPDATE, changes)
