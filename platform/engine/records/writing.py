"""Steps: rows reach the database: INSERT or COPY of new ones, UPDATE of what changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.records.changes import CREATE, DELETE, UPDATE, Batch, Change
from engine.records.lines import line_batches, removed_row
from engine.records.shapes import Row, Shape
from engine.records.transaction import Transaction
from engine.records.trees import keep_moved, keep_new
from engine.schema.searching import search_statements, tokens
from engine.schema.tables import DELETED, GRAMS


def write(batch: Batch) -> None:
    """Writes the records of the batch and their lines."""
    if not batch.changes:
        return
    if batch.action == CREATE:
        _insert(batch)
    else:
        _update(batch)
    for change in batch.changes:
        batch.tx.remember(batch.name, change.row)
    write_lines(batch)


def _insert(batch: Batch) -> None:
    tx, shape = batch.tx, batch.tx.shape(batch.name)
    ids = tx.take_ids(shape.table, len(batch.changes))
    rows = []
    for change, id in zip(batch.changes, ids, strict=True):
        change.id = change.row["id"] = id
        rows.append(shape.stored(change.row, shape.names))
    tx.insert(shape.table, rows)
    keep_new(tx, shape, [change.row for change in batch.changes])
    index_words(tx, shape, [(row["id"], row.get(GRAMS)) for row in rows])


def _update(batch: Batch) -> None:
    tx, definition = batch.tx, batch.definition
    for change in batch.changes:
        lines_changed = any(_touched(line) for lines in change.lines.values() for line in lines)
        if not change.changed() and not lines_changed:
            change.notes["unchanged"] = True
            continue
        assert change.before is not None
        if "version" in definition.fields:  # a record with its lines is one version (rule 14)
            change.row["version"] = change.before["version"] + 1
            for name, value in (("changed_on", tx.now), ("changed_by", tx.actor.person)):
                if not (tx.historical and name in change.input):
                    change.row[name] = value
    changes = [change for change in batch.changes if "unchanged" not in change.notes]
    update_rows(tx, tx.shape(batch.name), [(c.before or {}, c.row) for c in changes])


def _touched(line: Change) -> bool:
    return line.action != UPDATE or bool(line.changed())


def update_rows(tx: Transaction, shape: Shape, pairs: list[tuple[Row, Row]]) -> None:
    """Updates rows from their images before and after, together where the same columns change."""
    groups: dict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
    words: list[tuple[int, Any]] = []
    for before, after in pairs:
        names = [name for name in shape.names if before.get(name) != after.get(name)]
        if not names:
            continue
        tx.altered.update((shape.definition.name, name) for name in names)
        columns = shape.stored(after, names)
        if GRAMS in columns:
            words.append((after["id"], columns[GRAMS]))
        parameters = {f"set_{name}": value for name, value in columns.items()}
        groups[frozenset(columns)].append(parameters | {"row_id": after["id"]})
    for columns_set, parameters_list in groups.items():
        parameters_list.sort(key=lambda p: p["row_id"])
        statement = tx.gate.statements.update(shape.table, columns_set)
        statement.run(tx.connection, parameters_list)
    keep_moved(tx, shape, pairs)
    index_words(tx, shape, words)


def update_many(
    tx: Transaction,
    table: sa.Table,
    columns: frozenset[str],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Updates these columns of many rows, by the parameters that `Statements.update` takes.

    PostgreSQL takes all of them in one statement, in a fifth of the time.
    """
    dialect = tx.connection.dialect
    names = sorted(columns)
    types = [table.c[name].type for name in names]
    written = [type_.compile(dialect).partition(" COLLATE")[0] for type_ in types]
    if dialect.name == "sqlite" or any(one.endswith("[]") for one in written):
        tx.gate.statements.update(table, columns).run(tx.connection, rows)
        return
    quote = dialect.identifier_preparer.quote
    arrays = ", ".join(f"%(v{n})s::{one}[]" for n, one in enumerate(written))
    named = ", ".join(f"v{n}" for n in range(len(names)))
    values = ", ".join(f"{quote(name)} = v.v{n}" for n, name in enumerate(names))
    given: dict[str, Any] = {"ids": [row["row_id"] for row in rows]}
    for n, (name, type_) in enumerate(zip(names, types, strict=True)):
        process = type_.dialect_impl(dialect).bind_processor(dialect)
        found = [row[f"set_{name}"] for row in rows]
        given[f"v{n}"] = [process(one) for one in found] if process else found
    sql = (
        f"UPDATE {quote(table.name)} AS t SET {values}"
        f" FROM unnest(%(ids)s::bigint[], {arrays}) AS v(id, {named}) WHERE t.id = v.id"
    )
    tx.connection.exec_driver_sql(sql, given)


def write_lines(batch: Batch) -> None:
    """Writes the lines of the batch: what goes makes room for what comes (unique values)."""
    tx = batch.tx
    for field in batch.definition.lines:
        _remove_lines(batch, field)
    for field, lines in line_batches(batch):
        link = lines.definition.parent
        for line in lines.changes:
            assert line.parent is not None
            line.row[link] = line.parent.id
        shape = tx.shape(lines.name)
        old = [line for line in lines.changes if line.action == UPDATE]
        update_rows(tx, shape, [(line.before or {}, line.row) for line in old])
        new = [line for line in lines.changes if line.action == CREATE]
        for line, id in zip(new, tx.take_ids(shape.table, len(new)), strict=True):
            line.id = line.row["id"] = id
        tx.insert(shape.table, [shape.stored(line.row, shape.names) for line in new])
        tx.forget(field.type.expression_type().object)


def _remove_lines(batch: Batch, field: Field) -> None:
    tx, object = batch.tx, field.type.expression_type().object
    gone = [
        line
        for change in batch.changes
        for line in change.lines.get(field.name, ())
        if line.action == DELETE
    ]
    for line in gone:
        line.row = removed_row(line.before or {}, tx.now)
    if gone:
        update_rows(tx, tx.shape(object), [(line.before or {}, line.row) for line in gone])
        tx.forget(object)


def index_words(tx: Transaction, shape: Shape, rows: list[tuple[int, Any]]) -> None:
    """Keeps search grams by record; on SQLite they stand in a full-text table of their own."""
    if tx.dialect != "sqlite" or GRAMS not in shape.table.c or not rows:
        return
    name = shape.definition.name
    statements = tx.gate.statements.once(
        ("words", name), lambda: search_statements(tx.tables, name, tx.dialect)
    )
    tx.connection.execute(
        statements.write, [{"id": id, "tokens": tokens(found or ())} for id, found in rows]
    )


def trashed(row: Row, moment: Any, by: int | None) -> Row:
    """The row in the recycle bin."""
    return row | {DELETED: moment, "deleted_by": by}
