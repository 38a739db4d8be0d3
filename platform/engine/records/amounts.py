"""Amounts as they are read: each with the currency of its record, and that currency's decimals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.definition.objects import Field, Object
from engine.expressions import JoinSet, compile_expression, to_sql
from engine.fieldtypes.amounts import Amount, decimals_of, rounded
from engine.fieldtypes.number import Money
from engine.records.shapes import Row

if TYPE_CHECKING:
    from engine.records.listing import Builder


def currency_paths(shown: Sequence[Field]) -> tuple[str, ...]:
    """The paths to the currencies of the amounts among these fields."""
    found = [f.type.currency_path for f in shown if isinstance(f.type, Money)]
    return tuple(dict.fromkeys(path for path in found if path))


def needed_columns(definition: Object, shown: Sequence[Field]) -> set[str]:
    """The columns that those paths begin with."""
    return {definition.fields[p.split(".")[0]].column for p in currency_paths(shown)}


def currency_columns(
    builder: Builder, paths: Sequence[str], page: sa.FromClause, joins: JoinSet
) -> list[sa.ColumnElement[Any]]:
    """Code and decimals of the currency at the end of each path, read as the system.

    Whoever may see an amount sees what it is in, whatever else of currencies is granted.
    """
    catalog = builder.gate.catalog
    columns: list[sa.ColumnElement[Any]] = []
    names = catalog.site.currencies
    for number, path in enumerate(paths):
        for name, short in ((names.code, "code"), (names.decimals, "decimals")):
            text = f"{path}.{name}"
            expression = compile_expression(text, builder.definition.name, catalog)
            compiled = to_sql(expression, builder.gate.tables, page, builder.gate.dialect, joins)
            columns.append(compiled.value.label(f"{short}_{number}"))
    return columns


def with_currencies(
    values: Row, shown: Sequence[Field], paths: Sequence[str], found: Sequence[Any], company: str
) -> None:
    """Makes the amounts among `values` know their currency.

    `found` are the values of `currency_columns`; a currency that is empty is the `company`'s.
    """
    for field in shown:
        type_, value = field.type, values.get(field.name)
        if value is None or not isinstance(type_, Money) or not type_.currency_path:
            continue
        place = 2 * paths.index(type_.currency_path)
        code, decimals = found[place], found[place + 1]
        if decimals is not None:
            value = rounded(value, decimals_of(type_.scale, int(decimals)))
        values[field.name] = Amount.of(value, code or company)
