"""What a record that is deleted means for those that name it in a list (many links)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field, Object
from engine.expressions.among import among_ids
from engine.expressions.joined_sql import FROM, TO
from engine.fieldtypes.links import Links
from engine.permissions.binds import Binds
from engine.permissions.lens import ActorView
from engine.problems import Problem
from engine.records import messages as say
from engine.records.changes import UPDATE, Batch, Change
from engine.records.joins import joined_ids
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.schema.tables import DELETED

_GONE: Row = {DELETED: True}
MOST_COUNTED = 1_000
"""Records that still name one are counted no further."""


def naming(batch: Batch, rule: str) -> Iterator[tuple[Object, Field]]:
    """The fields of many links to this object with the rule `refuse` or `clear`."""
    for definition in batch.tx.catalog.objects.values():
        for field in definition.many:
            assert isinstance(field.type, Links)
            if field.type.to == batch.name and field.type.on_delete == rule:
                yield definition, field


def check_naming(batch: Batch) -> None:
    """Refuses to delete what live records still name, where their field says so."""
    for definition, field in naming(batch, "refuse"):
        ids = [change.id for change in batch.changes if change.id is not None]
        for change in batch.changes:
            users = _users(batch, definition, field, change.id)
            if definition.name == batch.name:  # those that go together hold nobody back
                users = users.where(_table(batch, definition).c.id.not_in(ids))
            if batch.tx.connection.execute(users.limit(1)).first() is not None:
                change.refuse(_still_used(batch, definition, field, users))


def _table(batch: Batch, definition: Object) -> sa.Table:
    return batch.tx.tables.table(definition.name)


def _users(batch: Batch, definition: Object, field: Field, id: int | None) -> sa.Select[Any]:
    """The live records that name the record."""
    table, join = _table(batch, definition), batch.tx.tables.join(field)
    return (
        sa.select(table.c.id)
        .join(join, join.c[FROM] == table.c.id)
        .where(join.c[TO] == id, table.c[DELETED].is_(None))
    )


def _still_used(batch: Batch, definition: Object, field: Field, users: sa.Select[Any]) -> Problem:
    """Who still names the record, as far as the actor may see that they do."""
    tx, binds = batch.tx, Binds()
    table = _table(batch, definition)
    view = ActorView(tx.gate.lenses, None if tx.actor.is_system else tx.actor.roles, binds)
    users = users.where(view.masked(definition.name, field.name, table.c.id, table).is_not(None))
    seen = view.visible(definition.name, table)
    limited = (users if seen is None else users.where(seen)).limit(MOST_COUNTED + 1).subquery()
    parameters = binds.values(tx.actor, tx.context)
    counted = sa.select(sa.func.count()).select_from(limited)
    count = int(tx.connection.execute(counted, parameters).scalar_one())
    if not count:
        return say.STILL_USED_UNSEEN()
    shown = f"{MOST_COUNTED}+" if count > MOST_COUNTED else count
    return say.STILL_USED(count=shown, objects=definition.plural)


def clear_naming(batch: Batch) -> None:
    """Takes what was deleted out of the lists that say so, as one change of each record."""
    tx = batch.tx
    gone = {change.id for change in batch.changes if change.id is not None}
    found: dict[str, dict[int, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
    for definition, field in naming(batch, "clear"):
        table, join = _table(batch, definition), tx.tables.join(field)
        users = (
            sa.select(table.c.id)
            .join(join, join.c[FROM] == table.c.id)
            .where(join.c[TO].in_(gone), table.c[DELETED].is_(None))
            .distinct()
        )
        held = joined_ids(tx, field, tx.connection.execute(users).scalars())
        for id, ids in held.items():
            found[definition.name][id][field.name] = [one for one in ids if one not in gone]
    for name, lists in found.items():
        change_records(tx.as_system(), tx.catalog.objects[name], lists)


def change_records(
    tx: Transaction, definition: Object, given: Mapping[int, Mapping[str, Any]]
) -> None:
    """Changes records by id; lines as part of the records that they belong to."""
    if not definition.parent:
        changes = [Change(given=dict(values), id=id) for id, values in sorted(given.items())]
        tx.gate.pass_steps(tx, definition.name, UPDATE, changes)
        return
    above, link = tx.catalog.objects[definition.parent_object], definition.parent
    field = next(f for f in above.lines if tx.gate.line_object(above, f.name) is definition)
    rows = tx.fetch(definition.name, given)
    changes = [
        Change(
            given={
                field.name: [
                    {"id": line.id, **given.get(line.id or 0, {})}
                    for line in tx.collection(definition.name, link, parent)
                ]
            },
            id=parent,
        )
        for parent in sorted({row[link] for row in rows.values()})
    ]
    tx.gate.pass_steps(tx, above.name, UPDATE, changes)


def check_lines_back(batch: Batch, change: Change, lines: Field, ids: Sequence[int]) -> None:
    """Refuses to bring back lines that name what has gone, where their field says so."""
    tx = batch.tx
    for field in tx.gate.line_object(batch.definition, lines.name).many:
        assert isinstance(field.type, Links)
        if field.type.on_delete != "refuse":
            continue
        named = {id for held in joined_ids(tx, field, ids).values() for id in held}
        rows = tx.fetch(field.type.to, named)
        label = tx.catalog.objects[field.type.to].label
        for gone in sorted(id for id in named if rows.get(id, _GONE).get(DELETED) is not None):
            found = say.LINK_NOT_FOUND(field=field.label, target=label, found=f"#{gone}")
            change.refuse(found, lines.name)


def drop_gone(tx: Transaction, definition: Object, ids: Sequence[int]) -> None:
    """Takes out of the lists of lines that come back what has gone meanwhile."""
    for field in definition.many:
        assert isinstance(field.type, Links)
        join, target = tx.tables.join(field), tx.tables.table(field.type.to)
        gone = sa.select(target.c.id).where(target.c[DELETED].is_not(None))
        some = sa.and_(among_ids(join.c[FROM], "ids", tx.dialect), join.c[TO].in_(gone))
        tx.connection.execute(sa.delete(join).where(some), {"ids": list(ids)})
