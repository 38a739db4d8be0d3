"""Stored derived values computed from nothing but what is stored now.

What goes through collections is left to the database: one statement for many records, whatever
their number of children. Everything else is read in Python, with the linked records fetched
set-wise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from engine.definition.dependencies import Kept
from engine.definition.objects import Object
from engine.expressions import JoinSet, evaluate, to_sql
from engine.expressions.among import among_ids
from engine.permissions.binds import Binds
from engine.records.currencies import in_currency
from engine.records.prepared import Prepared
from engine.records.rows import RowView
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.records.values import as_stored


def by_database(
    tx: Transaction, object: str, fields: Sequence[Kept], ids: Iterable[int]
) -> dict[int, Row]:
    """The values of these fields for some records, computed in one statement, as stored.

    Raises Refusal where a value has too many digits.
    """
    if not fields:
        return {}
    names = tuple(kept.field.name for kept in fields)
    key = ("anew", object, names)
    statement, binds = tx.gate.statements.once(key, lambda: _statement(tx, object, fields))
    parameters = {"ids": sorted(ids)} | binds.values(tx.actor, tx.context)
    decode = tx.shape(object).decode
    found: dict[int, Row] = {}
    for id, *values in statement.rows(tx.connection, parameters):
        row = {}
        for kept, value in zip(fields, values, strict=True):
            name = kept.field.name
            row[name] = as_stored(kept.field, decode[name](value) if name in decode else value)
        found[id] = row
    return found


def _statement(tx: Transaction, object: str, fields: Sequence[Kept]) -> tuple[Prepared, Binds]:
    source = tx.tables.table(object).alias()
    binds, joins = Binds(), JoinSet()
    columns: list[sa.ColumnElement[Any]] = []
    for kept in fields:
        compiled = to_sql(kept.expression, tx.tables, source, tx.dialect, joins)
        binds.add(compiled)
        columns.append(compiled.value.label(f"v_{len(columns)}"))
    statement = (
        sa.select(source.c.id, *columns)
        .select_from(joins.applied(source))
        .where(among_ids(source.c.id, "ids", tx.dialect))
    )
    return tx.gate.statements.prepared(statement), binds


def right_values(
    tx: Transaction, definition: Object, fields: Sequence[Kept], rows: Mapping[int, Row]
) -> dict[int, Row]:
    """The values of these fields for some rows, each field seeing those before it in the list.

    Raises Refusal where a value has too many digits.
    """
    tx.prefetch(definition, list(rows.values()), link_runs(fields))
    seen = {id: dict(row) for id, row in rows.items()}
    found: dict[int, Row] = {id: {} for id in rows}
    for together, group in groupby(fields, key=lambda one: one.aggregated):
        kept = list(group)
        if together:
            values = by_database(tx, definition.name, kept, rows)
        else:
            values = {id: _in_python(tx, definition, kept, row) for id, row in seen.items()}
        for id, row in values.items():
            found[id] |= row
            seen[id] |= row
    return found


def _in_python(tx: Transaction, definition: Object, fields: Sequence[Kept], row: Row) -> Row:
    view = RowView(tx, definition, dict(row))
    assert view.row is not None
    values: Row = {}
    for kept in fields:
        value: Any = as_stored(kept.field, evaluate(kept.expression, view, tx.context))
        value = in_currency(tx, definition, kept.field, value, view.row)
        view.row[kept.field.name] = values[kept.field.name] = value
    return values


def link_runs(kept: Iterable[Kept]) -> tuple[tuple[str, ...], ...]:
    """The paths of links that these fields are read through, shortest first."""
    found = {
        tuple(step.member for step in read.path)
        for one in kept
        for read in one.reads
        if read.path and all(step.is_link for step in read.path)
    }
    return tuple(sorted(found, key=lambda names: (len(names), names)))
