"""Functions of numbers, and those that choose among several values."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from engine.expressions import messages
from engine.expressions.decimals import EXACT, rounder
from engine.expressions.describing import describe
from engine.expressions.functions.arithmetic import fitted, plain
from engine.expressions.functions.table import (
    Column,
    Function,
    Param,
    Writing,
    always,
    constant,
    example,
    text,
)
from engine.expressions.nodes import Call, Literal, Node
from engine.expressions.sqltypes import DIGITS, Number
from engine.expressions.types import Kind, Type
from engine.expressions.typing_rules import number, unified
from engine.problems import Refusal

_X = Param("x", Kind.NUMBER)
_PLACES = Param("places", Kind.NUMBER, whole=True, literal=True)
_ORDERED = (Kind.NUMBER, Kind.DATE, Kind.MOMENT)


def _rounding(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    value = ROUND.accept(_X, args[0])
    places = ROUND.accept(_PLACES, args[1]) if len(args) > 1 else None
    wanted = places.value if isinstance(places, Literal) else 0
    if wanted is None or not 0 <= wanted <= DIGITS:
        raise Refusal(messages.BAD_NUMBER(source=str(wanted), digits=DIGITS))
    return number(int(wanted), value.type.unit), (value,)


def _whole(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    value = FLOOR.accept(_X, args[0])
    return number(0, value.type.unit), (value,)


def _like(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    value = ABS.accept(_X, args[0])
    return value.type, (value,)


def _round(call: Call) -> Callable[[Decimal], Decimal]:
    return rounder(call.type.scale)


def _towards(mode: str) -> Callable[[Call], Callable[[Decimal], Decimal]]:
    return lambda call: lambda x: x.quantize(Decimal(1), rounding=mode, context=EXACT) or Decimal(0)


def rescale_on_sqlite(value: Column, have: int, want: int) -> Column:
    """SQLite: a scaled integer brought to another scale, rounded half away from zero."""
    if have == want:
        return value
    scales = (constant(str(have)), constant(str(want)))
    return sa.func.fw_rescale(value, *scales, type_=Number(want))


def _round_on_sqlite(writing: Writing) -> Column:
    have = writing.call.args[0].type.scale
    return rescale_on_sqlite(writing.args[0], have, writing.call.type.scale)


def _towards_on_sqlite(name: str) -> Callable[[Writing], Column]:
    def write(writing: Writing) -> Column:
        scale = constant(str(writing.call.args[0].type.scale))
        return sa.func.__getattr__(name)(writing.args[0], scale, type_=Number(0))

    return write


def _absolute(writing: Writing) -> Column:
    return sa.func.abs(writing.args[0], type_=Number(writing.call.type.scale))


def _ordered(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    type, nodes = unified(args)
    if type.kind not in _ORDERED:
        raise Refusal(
            messages.AGGREGATE_TYPE(
                name="min / max",
                found=describe(type),
                instead=text("use numbers, dates or times", "请使用数字、日期或时间"),
            )
        )
    return type, nodes


def _of_present(choose: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def of(*values: Any) -> Any:
        present = [value for value in values if value is not None]
        return choose(present) if present else None

    return of


def _first(values: Iterable[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def _named(name: str) -> Callable[[Writing], Column]:
    def write(writing: Writing) -> Column:
        return sa.func.__getattr__(name)(*writing.args, type_=writing.args[0].type)

    return write


ROUND = Function(
    name="round",
    takes=(_X, _PLACES),
    least=1,
    typed=_rounding,
    python=_round,
    postgresql=lambda w: fitted(w.args[0], w.call.type),
    sqlite=_round_on_sqlite,
    form="round(x, places)",
    does=text(
        "`x` with so many decimals (0 if not given), rounded half away from zero",
        "将 `x` 四舍五入到指定小数位（默认 0 位）",
    ),
    examples=(example("round(2.345, 2)", "2.35"), example("round(-2.5)", "-3")),
)
ABS = Function(
    name="abs",
    takes=(_X,),
    typed=_like,
    python=always(abs),
    postgresql=_absolute,
    sqlite=_absolute,
    form="abs(x)",
    does=text("`x` without its sign", "`x` 的绝对值"),
    examples=(example("abs(3 - 5)", "2"),),
)
FLOOR = Function(
    name="floor",
    takes=(_X,),
    typed=_whole,
    python=_towards(decimal.ROUND_FLOOR),
    postgresql=lambda w: fitted(sa.func.floor(plain(w.args[0])), w.call.type),
    sqlite=_towards_on_sqlite("fw_floor"),
    form="floor(x)",
    does=text("the greatest whole number not above `x`", "不大于 `x` 的最大整数"),
    examples=(example("floor(2.9)", "2"), example("floor(-2.1)", "-3")),
)
CEIL = Function(
    name="ceil",
    takes=(_X,),
    typed=_whole,
    python=_towards(decimal.ROUND_CEILING),
    postgresql=lambda w: fitted(sa.func.ceil(plain(w.args[0])), w.call.type),
    sqlite=_towards_on_sqlite("fw_ceil"),
    form="ceil(x)",
    does=text("the least whole number not below `x`", "不小于 `x` 的最小整数"),
    examples=(example("ceil(2.1)", "3"), example("ceil(-2.9)", "-2")),
)
MIN = Function(
    name="min",
    takes=(Param("a", Kind.NUMBER), Param("b", Kind.NUMBER)),
    most=None,
    typed=_ordered,
    python=always(_of_present(min)),
    lenient=True,
    postgresql=_named("least"),
    sqlite=_named("fw_least"),
    form="min(a, b, …)",
    does=text(
        "the least of several numbers, dates or times; empties are left out",
        "若干数字、日期或时间中的最小值；忽略空值",
    ),
    examples=(example("min(3, 1.5, 2)", "1.5"), example("min(discount, 5)", "5.0000")),
)
MAX = Function(
    name="max",
    takes=(Param("a", Kind.NUMBER), Param("b", Kind.NUMBER)),
    most=None,
    typed=_ordered,
    python=always(_of_present(max)),
    lenient=True,
    postgresql=_named("greatest"),
    sqlite=_named("fw_greatest"),
    form="max(a, b, …)",
    does=text(
        "the greatest of several numbers, dates or times; empties are left out",
        "若干数字、日期或时间中的最大值；忽略空值",
    ),
    examples=(example("max(3, 1.5, 2)", "3.0"), example("max(amount, 0)", "120.50")),
)
COALESCE = Function(
    name="coalesce",
    takes=(Param("a", Kind.NUMBER), Param("b", Kind.NUMBER)),
    most=None,
    typed=unified,
    python=always(_first),
    lenient=True,
    lazy=True,
    postgresql=_named("coalesce"),
    sqlite=_named("coalesce"),
    form="coalesce(a, b, …)",
    does=text("the first value that is not empty", "第一个非空的值"),
    examples=(example("coalesce(discount, 0)", "0.0000"), example("coalesce(amount, 0)", "120.50")),
)

NUMBER_FUNCTIONS = (ROUND, ABS, FLOOR, CEIL, MIN, MAX, COALESCE)
