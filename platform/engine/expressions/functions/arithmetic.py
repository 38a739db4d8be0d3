"""Plus, minus, times and divided by, for numbers.

| operation | unit of the result                                   | decimals                |
| --------- | ---------------------------------------------------- | ----------------------- |
| `+` `-`   | the common one                                       | the greater             |
| `*`       | money with plain or percent is money, others plain   | min(a + b, max(6, a, b)) |
| `/`       | money by money is plain, money by plain is money     | max(6, a, b)            |

On PostgreSQL the dividend is given 40 decimals more before dividing, so that the division's own
rounding can never cross a tie of the rounding that follows (see `decimals`). SQLite holds
scaled integers; its arithmetic is registered by `sqlite.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from engine.expressions import messages
from engine.expressions.decimals import ADDING, EXACT, rounder
from engine.expressions.describing import describe
from engine.expressions.functions.table import (
    Column,
    Function,
    Param,
    Writer,
    Writing,
    constant,
    text,
)
from engine.expressions.nodes import Call, Node
from engine.expressions.sqltypes import Number
from engine.expressions.types import Kind, Type
from engine.expressions.typing_rules import adapted, common_unit, is_plain_literal, number
from engine.problems import Refusal

QUOTIENT_SCALE = 6
"""Products keep at most, quotients at least so many decimals (or those of their operands)."""

_NUMBERS = (Param("a", Kind.NUMBER), Param("b", Kind.NUMBER))
_GUARD = constant("1." + "0" * 40, sa.Numeric())
_DONE = {
    "+": text("added", "相加"),
    "-": text("subtracted", "相减"),
    "*": text("multiplied", "相乘"),
    "/": text("divided", "相除"),
}


def cannot(operator: str, left: Type, right: Type, en: str = "", zh: str = "") -> Refusal:
    """The refusal of an operator between two types, with an optional way out."""
    return Refusal(
        messages.OPERANDS(
            left=describe(left),
            right=describe(right),
            done=_DONE[operator],
            instead=text(en, zh) if en else "",
        )
    )


def _sum_type(operator: str) -> Callable[[tuple[Node, ...]], tuple[Type, tuple[Node, ...]]]:
    def typed(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
        unit = common_unit(args)
        if unit is None:
            raise cannot(operator, args[0].type, args[1].type)
        scale = max(arg.type.scale for arg in args)
        # Only literals change here: others are aligned exactly by the operation itself.
        aligned = [adapted(a, number(scale, unit)) if is_plain_literal(a) else a for a in args]
        return number(scale, unit), tuple(aligned)

    return typed


def _product_type(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    left, right = args[0].type, args[1].type
    if left.unit == right.unit == "money":
        raise cannot(
            "*", left, right, "one of the two should be a plain number", "其中之一应为普通数字"
        )
    unit = "money" if "money" in (left.unit, right.unit) else ""
    scale = min(left.scale + right.scale, max(QUOTIENT_SCALE, left.scale, right.scale))
    return number(scale, unit), args


def _quotient_type(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    left, right = args[0].type, args[1].type
    if right.unit == "money" and left.unit != "money":
        raise cannot("/", left, right, "swap the two", "请交换两者")
    unit = "money" if left.unit == "money" and right.unit != "money" else ""
    return number(max(QUOTIENT_SCALE, left.scale, right.scale), unit), args


def _multiply(call: Call) -> Callable[[Decimal, Decimal], Decimal]:
    to_scale, multiply = rounder(call.type.scale), EXACT.multiply
    return lambda a, b: to_scale(multiply(a, b))


def _divide(call: Call) -> Callable[[Decimal, Decimal], Decimal | None]:
    to_scale, divide = rounder(call.type.scale), EXACT.divide
    return lambda a, b: to_scale(divide(a, b)) if b else None


def fitted(value: Column, type: Type) -> Column:
    """PostgreSQL: `value` rounded half away from zero to the type's decimals; raises beyond 18."""
    return sa.cast(value, Number(type.scale))


def _scales(writing: Writing) -> tuple[int, int, int]:
    a, b = (arg.type.scale for arg in writing.call.args)
    return a, b, writing.call.type.scale


def _on_sqlite(name: str) -> Writer:
    """A registered function of both values, their scales and the result's scale."""

    def write(writing: Writing) -> Column:
        a, b = writing.args
        scales = [constant(str(scale)) for scale in _scales(writing)]
        return sa.func.__getattr__(name)(a, b, *scales, type_=Number(writing.call.type.scale))

    return write


def _operator(symbol: str) -> Writer:
    def write(writing: Writing) -> Column:
        a, b = writing.args
        raw = plain(a).op(symbol, return_type=sa.Numeric())(plain(b))
        return fitted(raw, writing.call.type)

    return write


def plain(value: Column) -> Column:
    """`value` as SQLAlchemy's own numeric, so that no scale is applied to its operands."""
    return sa.type_coerce(value, sa.Numeric())


def _quotient(writing: Writing) -> Column:
    a, b = (plain(arg) for arg in writing.args)
    return fitted((a * _GUARD) / sa.func.nullif(b, constant("0")), writing.call.type)


def _negated(writing: Writing) -> Column:
    return sa.type_coerce(-writing.args[0], Number(writing.call.type.scale))


def _negate(value: Any) -> Any:
    return -value if value else value


def _same(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    return args[0].type, args


ADD = Function(
    name="add",
    takes=_NUMBERS,
    typed=_sum_type("+"),
    python=lambda call: ADDING.add,
    postgresql=_operator("+"),
    sqlite=_on_sqlite("fw_add"),
)
SUBTRACT = Function(
    name="subtract",
    takes=_NUMBERS,
    typed=_sum_type("-"),
    python=lambda call: ADDING.subtract,
    postgresql=_operator("-"),
    sqlite=_on_sqlite("fw_subtract"),
)
MULTIPLY = Function(
    name="multiply",
    takes=_NUMBERS,
    typed=_product_type,
    python=_multiply,
    postgresql=_operator("*"),
    sqlite=_on_sqlite("fw_multiply"),
)
DIVIDE = Function(
    name="divide",
    takes=_NUMBERS,
    typed=_quotient_type,
    python=_divide,
    postgresql=_quotient,
    sqlite=_on_sqlite("fw_divide"),
)
NEGATE = Function(
    name="negate",
    takes=(Param("a", Kind.NUMBER),),
    typed=_same,
    python=lambda call: _negate,
    postgresql=_negated,
    sqlite=_negated,
)
