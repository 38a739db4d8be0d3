"""Comparisons in SQL: options spelled alike, decimals aligned."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.expressions.binding import option_keys
from engine.expressions.functions.table import constant
from engine.expressions.nodes import Literal, Node
from engine.expressions.sqltypes import String
from engine.expressions.types import Kind

if TYPE_CHECKING:
    from engine.expressions.sql import Frame, Translator

Column = sa.ColumnElement[Any]
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compared(
    translator: Translator, symbol: str, left: Node, right: Node, frame: Frame
) -> sa.ColumnElement[bool]:
    """`left symbol right` as a bare atom."""
    compare, kind = _COMPARE[symbol], left.type.kind
    if kind is Kind.NUMBER:
        return _numbers(translator, compare, (left, right), frame)
    if kind is Kind.CHOICE:
        return _choices(translator, left, right, frame)
    a, b = translator.value(left, frame), translator.value(right, frame)
    found: sa.ColumnElement[bool] = compare(a, b)
    return found


def _numbers(
    translator: Translator, compare: Any, sides: tuple[Node, Node], frame: Frame
) -> sa.ColumnElement[bool]:
    a, b = (translator.value(side, frame) for side in sides)
    left, right = (side.type.scale for side in sides)
    found: sa.ColumnElement[bool]
    if not translator.sqlite:
        found = compare(sa.type_coerce(a, sa.Numeric()), sa.type_coerce(b, sa.Numeric()))
    elif left == right:
        found = compare(a, b)
    else:
        # Aligned by a function: the greater scale may not fit into 64 bits.
        scales = (constant(str(left)), constant(str(right)))
        order = sa.func.fw_compare(a, b, *scales, type_=sa.Integer())
        found = compare(order, constant("0"))
    return found


def _choices(
    translator: Translator, left: Node, right: Node, frame: Frame
) -> sa.ColumnElement[bool]:
    leader = right if isinstance(left, Literal) else left
    keys = option_keys(leader)
    a, b = (translator.spelled(side, frame, keys) for side in (left, right))
    return a == b


def translated(
    value: Column, options: Sequence[str], have: Mapping[str, str], want: Mapping[str, str]
) -> Column:
    """A choice whose options are spelled by `have`, spelled by `want` instead."""
    if {o: have.get(o, o) for o in options} == {o: want.get(o, o) for o in options}:
        return value
    pairs = [
        (value == sa.literal(have.get(o, o), String()), sa.literal(want.get(o, o), String()))
        for o in options
    ]
    return sa.type_coerce(sa.case(*pairs, else_=None), String())
