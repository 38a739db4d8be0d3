"""Writing anew what publishing has to: conversions, options in the place of others, defaults.

1. Records are taken in chunks, in the order of ids, deleted ones too.
2. Each fix says what a record becomes; what does not change is left alone.
3. Rows are written with their folded texts and grams, and audited in one batch (rule 11).

What follows from the new values (formulas, rollups) is computed afterwards, by `filling`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field, Object
from engine.expressions import evaluate
from engine.expressions.folding import fold
from engine.fieldtypes.choice import Choices, Tags
from engine.fieldtypes.link import Link, Reference
from engine.impact.conversions import Conversion
from engine.impact.ground import decoded
from engine.impact.returning import CONFLICT, RETURN, outcomes
from engine.problems import Message, Refusal
from engine.records.auditing import audit, plain
from engine.records.changes import UPDATE, Batch, Change
from engine.records.inputs import targets_by_word
from engine.records.rows import RowView
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.records.values import as_stored
from engine.records.writing import update_rows
from engine.schema.converting import NotConvertible
from engine.schema.state import SEED
from engine.schema.tables import Tables
from engine.schema.targets import Fix

CHUNK = 1_000
"""Records held in memory at a time."""
CAUSE = "apply"

NOT_SHOWN = Message(
    "value-not-convertible",
    en="{object} {record}: {value} cannot be converted to {field}",
    zh="{object} {record}：{value} 无法转换为 {field}",
    hint_en="it was not in the plan: make the plan again",
    hint_zh="该值不在原计划中：请重新生成计划",
)

NO_DEFAULT = Message(
    "default-not-found",
    en="{object}: {field} cannot be filled with {found!r}: no record, or several, are called so",
    zh="{object}：无法以 {found!r} 填充 {field}：没有或有多条同名记录",
    hint_en="write the key of a seed record, a number or a unique name as `default_for_existing`",
    hint_zh="请在 `default_for_existing` 下填写预置数据的键、编号或唯一名称",
)

Becomes = Callable[[Mapping[int, Row]], Iterator[tuple[Row, Row]]]
"""The rows that change, before and after, of some rows by id."""
Told = Callable[[Batch], None]
"""Is told of every batch of records that were changed."""


def mend(
    tx: Transaction,
    fixes: Sequence[Fix],
    told: Told = lambda batch: None,
    done: Collection[Fix] = (),
) -> dict[str, set[int]]:
    """Carries the fixes out; returns the ids of the records that were written, by object.

    Those that are `done` already only belong to the batch. Raises Refusal where a value cannot be
    converted that the plan did not speak of.
    """
    written: dict[str, set[int]] = defaultdict(set)
    if fixes:
        tx.batch = begin_batch(tx, fixes)
    for fix in fixes:
        if fix not in done:
            written[fix.object] |= _mend(tx, fix, told)
    return written


def begin_batch(tx: Transaction, fixes: Sequence[Fix]) -> int:
    """Writes the batch that what these fixes write is audited in; returns its number."""
    said = [{"kind": fix.kind, "object": fix.object, "field": fix.field} for fix in fixes]
    values = {"at": tx.now, "actor": tx.actor.person, "via": tx.actor.via, "cause": CAUSE,
              "data": json.dumps({"fixes": said}, ensure_ascii=False)}  # fmt: skip
    table = tx.tables.system("fw_batch")
    number: int = tx.connection.execute(
        sa.insert(table).values(values).returning(table.c.id)
    ).scalar_one()
    return number


def many_held(connection: sa.Connection, tables: Tables, fix: Fix, rows: int) -> bool:
    """Whether so many records hold what is replaced or filled in place."""
    table = tables.table(fix.object)
    field = tables.catalog.objects[fix.object].fields[fix.field]
    some = sa.select(sa.literal(1)).select_from(table)
    some = some.where(_holding(tables, field, fix)).limit(rows)
    return (connection.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0) >= rows


def _mend(tx: Transaction, fix: Fix, told: Told) -> set[int]:
    definition = tx.catalog.objects[fix.object]
    field = definition.fields[fix.field]
    if fix.kind == RETURN:
        return _take_back(tx, definition, fix, told)
    if fix.kind == "convert":
        return _convert(tx, definition, field, fix, told)
    if fix.kind == "replace":
        becomes = replacing(field, fix.replaced)
    else:
        becomes = defaulting(tx, definition, field)
    return _rewrite(tx, definition, _holding(tx.tables, field, fix), becomes, told)


def _holding(tables: Tables, field: Field, fix: Fix) -> sa.ColumnElement[bool]:
    column = tables.table(fix.object).c[field.column]
    if fix.kind == "default":
        return column.is_(None)
    if isinstance(field.type, Choices | Tags):
        return column.is_not(None)
    return column.in_(tuple(fix.replaced))


def replacing(field: Field, replaced: Mapping[str, str | None]) -> Becomes:
    """What puts options and tags (by their stored values) in the place of others."""
    several = isinstance(field.type, Choices | Tags)

    def becomes(rows: Mapping[int, Row]) -> Iterator[tuple[Row, Row]]:
        for row in rows.values():
            value = row.get(field.name)
            if several and value and any(one in replaced for one in value):
                new = [replaced.get(one, one) for one in value]
                kept = tuple(dict.fromkeys(one for one in new if one is not None))
                yield row, row | {field.name: field.type.read(kept) if kept else None}
            elif isinstance(value, str) and value in replaced:
                yield row, row | {field.name: replaced[value]}

    return becomes


def defaulting(tx: Transaction, definition: Object, field: Field) -> Becomes:
    """What fills the empty values of a field."""
    constant = None if field.existing is None else _constant(tx, definition, field)

    def becomes(rows: Mapping[int, Row]) -> Iterator[tuple[Row, Row]]:
        for row in rows.values():
            value = constant
            if field.existing_from is not None:
                view = RowView(tx, definition, dict(row))
                value = as_stored(field, evaluate(field.existing_from, view, tx.context))
            if value is not None and row.get(field.name) is None:
                yield row, row | {field.name: value}

    return becomes


def _constant(tx: Transaction, definition: Object, field: Field) -> Any:
    """The value that is said; of a link the seed of that key, else the record of that name."""
    value = field.type.read(field.existing)
    if not isinstance(value, Reference):
        return value
    assert isinstance(field.type, Link)
    target, word = field.type.to, value.word
    keys = tx.tables.system("fw_key")
    seed = sa.select(keys.c.key).where(
        keys.c.kind == SEED, keys.c.owner == target, keys.c.name == word
    )
    found = [int(key) for key in tx.connection.scalars(seed)]
    if not found:
        asking = Batch(tx, definition, UPDATE, [], tx.lens(definition.name))
        found = targets_by_word(asking, target, {word}).get(fold(word), [])
    if len(found) != 1:
        raise Refusal(NO_DEFAULT(field=field.label, object=definition.label, found=word))
    return found[0]


def _rewrite(
    tx: Transaction,
    definition: Object,
    condition: sa.ColumnElement[bool],
    becomes: Becomes,
    told: Told,
) -> set[int]:
    table, last = tx.tables.table(definition.name), 0
    written: set[int] = set()
    query = sa.select(table.c.id).where(condition).order_by(table.c.id).limit(CHUNK)
    while ids := list(tx.connection.scalars(query.where(table.c.id > last))):
        rows = tx.fetch(definition.name, ids)
        written |= _write(tx, definition, [*becomes({id: dict(rows[id]) for id in ids})], told)
        last = ids[-1]
    return written


def _write(
    tx: Transaction,
    definition: Object,
    pairs: Sequence[tuple[Row, Row]],
    told: Told,
    *,
    quiet: bool = False,
) -> set[int]:
    """Writes the rows, with their version where people see that they changed, and audits them."""
    versioned = "version" in definition.fields and not quiet
    after = [row | {"version": row["version"] + 1} if versioned else row for _, row in pairs]
    both = [(before, row) for (before, _), row in zip(pairs, after, strict=True)]
    update_rows(tx, tx.shape(definition.name), both)
    if both and not quiet:
        changes = [
            Change(given={}, id=row["id"], action=UPDATE, before=before, row=row)
            for before, row in both
        ]
        batch = Batch(tx, definition, UPDATE, changes, tx.lens(definition.name))
        audit(batch)
        told(batch)
    tx.forget_all()
    return {row["id"] for _, row in both}


def _convert(tx: Transaction, definition: Object, field: Field, fix: Fix, told: Told) -> set[int]:
    assert fix.former is not None
    former, conversion = fix.former, Conversion(tx.tables, fix.former, field)
    table = sa.table(
        definition.table, sa.column("id"), sa.column(former.column, former.type.column_type())
    )
    column, last = table.c[former.column], 0
    written: set[int] = set()
    query = sa.select(table.c.id, column).where(column.is_not(None)).order_by(table.c.id)
    query = query.limit(CHUNK)
    while found := tx.connection.execute(query.where(table.c.id > last)).all():
        old = {id: decoded(former, value) for id, value in found}
        conversion.learn(tx.connection, list(old.values()))
        rows = {id: dict(row) for id, row in tx.fetch(definition.name, old).items() if id in old}
        shown, silent = [], []
        for id, row in rows.items():
            new = convert_one(tx, definition, conversion, fix, old[id], row)
            pair = (row | {field.name: None}, row | {field.name: new})
            if plain(new) == plain(old[id]):
                silent.append(pair)  # the same to people: no change of theirs
            else:
                shown.append((row | {field.name: old[id]}, pair[1]))
        written |= _write(tx, definition, shown, told)
        written |= _write(tx, definition, silent, told, quiet=True)
        last = found[-1][0]
    return written


def _take_back(tx: Transaction, definition: Object, fix: Fix, told: Told) -> set[int]:
    """Writes what going back makes of values; the audit has what people saw before it."""
    name, written = fix.field, set[int]()
    in_place = fix.former is not None and definition.fields[name].column == fix.former.column
    for some in outcomes(tx.connection, tx.tables, fix):
        rows = tx.fetch(definition.name, [one.id for one in some])
        shown, silent = [], []
        for one in some:
            row = dict(rows[one.id])
            if one.how == CONFLICT and in_place:
                continue
            after = row | {name: one.value}
            if plain(one.present) != plain(one.value):
                shown.append((row | {name: one.present}, after))
            elif row[name] != one.value:
                silent.append((row, after))
        written |= _write(tx, definition, shown, told)
        written |= _write(tx, definition, silent, told, quiet=True)
    return written


def convert_one(
    tx: Transaction, definition: Object, conversion: Conversion, fix: Fix, value: Any, row: Row
) -> Any:
    """What a record's value is converted to.

    Raises Refusal where it cannot be and the plan did not say so.
    """
    view = RowView(tx, definition, dict(row))
    linked = value
    if fix.former is not None and conversion.expression is not None:
        target = fix.former.type.expression_type().object
        linked = tx.linked(target, value) if target and isinstance(value, int) else value
    try:
        return conversion.value(linked, view, tx.context)
    except NotConvertible:
        if not fix.strict:
            return None
        raise Refusal(
            NOT_SHOWN(
                object=definition.label, record=f"#{row['id']}", value=repr(value),
                field=conversion.field.label,
            )
        ) from None  # fmt: skip
