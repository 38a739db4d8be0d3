"""Step: no two live records share what must be unique; who holds it is told to those who see it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import as_member
from engine.definition.objects import Field
from engine.expressions.among import among_words
from engine.fieldtypes.link import Link
from engine.permissions.binds import Binds
from engine.permissions.lens import ActorView
from engine.problems import Text
from engine.records import messages as say
from engine.records.changes import DELETE, Batch, Change
from engine.records.lines import line_batches
from engine.records.prepared import Prepared
from engine.records.rights import joined
from engine.records.sealing import aliases, as_compared
from engine.schema.tables import DELETED

Key = tuple[Any, ...]


def check_unique(batch: Batch) -> None:
    """Refuses values that another live record, or another change of the batch, already has."""
    for names in _unique_groups(batch):
        _check_group(batch, names, frozenset())
    for field, lines in line_batches(batch):
        leaving = frozenset(
            line.id
            for change in batch.changes
            for line in change.lines.get(field.name, ())
            if line.action == DELETE and line.id is not None
        )
        for names in _unique_groups(lines):
            _check_group(lines, names, leaving)
    batch.settle()


def _unique_groups(batch: Batch) -> list[tuple[str, ...]]:
    single = [(f.name,) for f in batch.definition.fields.values() if f.unique and f.stored]
    return [*single, *batch.definition.unique]


def _check_group(batch: Batch, names: tuple[str, ...], leaving: frozenset[int]) -> None:
    fields = [batch.definition.fields[name] for name in names]
    keys = {change: _key(batch, fields, change) for change in batch.changes}
    wanted: dict[Key, list[Change]] = defaultdict(list)
    for change, key in keys.items():
        if key is not None and _claims(change, names):
            wanted[key].append(change)
    if not wanted:
        return
    for changes in wanted.values():
        if len(changes) > 1:  # the first one that can be written keeps the value
            keeper = next((change for change in changes if change.sound), changes[0])
            for change in changes:
                if change is not keeper:
                    _refuse_taken(batch, change, fields, say.SAME_BATCH)
    moving = {change.id: keys[change] for change in batch.changes if change.before is not None}
    for key, id, title in _holders(batch, fields, wanted):
        for change in wanted[key]:
            # a new line may take what a removed or changed one gives up: those are written first
            given_up = id in leaving or (change.before is None and moving.get(id, key) != key)
            if change.id != id and not given_up:
                _refuse_taken(batch, change, fields, None if title is None else Text.of(title))


def _claims(change: Change, names: tuple[str, ...]) -> bool:
    """Whether the change asks for a value that its record does not hold yet."""
    before = change.before
    if before is None or before.get(DELETED) is not None:
        return True
    return any(before.get(name) != change.row[name] for name in names)


def _key(batch: Batch, fields: list[Field], change: Change) -> Key | None:
    """The values that are to be unique together, folded; None where one is empty.

    The link of a new line to a new record, which has no id yet, is the record's change.
    """
    key: list[Any] = []
    for field in fields:
        value = change.row[field.name]
        if value is None and field.name == batch.definition.parent:
            value = change.parent
        if value is None:
            return None
        key.append(as_compared(batch.tx.gate, batch.definition, field, value))
    return tuple(key)


def _refuse_taken(batch: Batch, change: Change, fields: list[Field], holder: Text | None) -> None:
    told = [field for field in fields if field.name != batch.definition.parent]
    links = {field.name for field in told if isinstance(field.type, Link)}
    found = " / ".join(f"{'#' * (f.name in links)}{change.row[f.name]}" for f in told)
    labels = joined([field.label for field in told])
    if holder is None:  # somebody else's record: only that the value cannot be had (rule 31)
        problem = say.NOT_AVAILABLE(fields=labels, found=repr(found))
    else:
        problem = say.NOT_UNIQUE(fields=labels, found=repr(found), holder=holder)
    change.refuse(problem, told[0].name)


def _holders(
    batch: Batch, fields: list[Field], keys: Iterable[Key]
) -> list[tuple[Key, int, str | None]]:
    """Who holds these values: id and, where the actor may see that they do, a title."""
    asked = [key for key in keys if not any(isinstance(part, Change) for part in key)]
    if not asked:
        return []
    tx, definition = batch.tx, batch.definition
    binds = Binds()
    table = tx.tables.table(batch.name)
    columns = [table.c[f.folded or f.column] for f in fields]
    words: tuple[str, ...] = ()
    same: dict[str, str] = {}  # what another key made of the same secret
    if len(columns) == 1 and fields[0].folded:
        same = aliases(batch, fields[0])
        words = (*(key[0] for key in asked), *same)
        among: sa.ColumnElement[bool] = among_words(columns[0], "words_", tx.dialect)
    elif len(columns) == 1:
        among = columns[0].in_([key[0] for key in asked])
    else:
        among = sa.tuple_(*columns).in_(asked)
    if not _taken(batch, fields, among, words):  # mostly nobody holds them: then that was all
        return []
    view = ActorView(tx.gate.lenses, None if tx.actor.is_system else tx.actor.roles, binds)
    # the values themselves must be visible too, or a refusal would tell them
    seen = [view.visible(batch.name, table)]
    seen += [view.column(batch.name, as_member(field), table).is_not(None) for field in fields]
    title = definition.fields[definition.title]
    name = view.column(batch.name, as_member(title), table) if title.stored else sa.null()
    visible = sa.case((sa.and_(*(s for s in seen if s is not None)), 1), else_=0)
    statement = sa.select(table.c.id, name, visible, *columns).where(
        among, table.c[DELETED].is_(None)
    )
    parameters = binds.values(tx.actor, tx.context) | {"words_": words}
    return [
        (tuple(same.get(k, k) for k in key), id, str(title or f"#{id}") if may_see else None)
        for id, title, may_see, *key in tx.connection.execute(statement, parameters)
    ]


def _taken(
    batch: Batch, fields: list[Field], among: sa.ColumnElement[bool], words: tuple[str, ...]
) -> bool:
    """Whether anybody holds one of the values, whoever may see that."""
    tx = batch.tx
    table = tx.tables.table(batch.name)
    statement = sa.select(table.c.id).where(among, table.c[DELETED].is_(None)).limit(1)
    if not words:
        return tx.connection.execute(statement).first() is not None
    statements = tx.gate.statements
    key = ("taken", batch.name, fields[0].name)
    prepared: Prepared = statements.once(key, lambda: statements.prepared(statement))
    return bool(prepared.rows(tx.connection, {"words_": words}))
