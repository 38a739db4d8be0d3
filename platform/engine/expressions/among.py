"""Membership in a list of any length, bound as one value: the statement's text never changes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from engine.expressions.sqltypes import Ids, Names


def among_ids(column: sa.ColumnElement[Any], name: str, dialect: str) -> sa.ColumnElement[bool]:
    """Whether an id is one of the list bound as `name`."""
    return _among(column, sa.bindparam(name, type_=Ids()), dialect)


def among_words(column: sa.ColumnElement[Any], name: str, dialect: str) -> sa.ColumnElement[bool]:
    """Whether a text is one of the list bound as `name`."""
    return _among(column, sa.bindparam(name, type_=Names()), dialect)


def _among(
    column: sa.ColumnElement[Any], values: sa.BindParameter[Any], dialect: str
) -> sa.ColumnElement[bool]:
    if dialect == "sqlite":
        each = sa.func.json_each(values).table_valued("value")
        return column.in_(sa.select(each.c.value))
    return column == sa.any_(values)
