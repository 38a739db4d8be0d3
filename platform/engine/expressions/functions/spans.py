"""Durations among themselves: adding and subtracting them, and how many hours they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from engine.expressions import messages
from engine.expressions.decimals import EXACT, rounder
from engine.expressions.describing import describe
from engine.expressions.functions.arithmetic import QUOTIENT_SCALE
from engine.expressions.functions.bounding import DAYS, SECONDS, minus, plus, raw
from engine.expressions.functions.moving import AS_SECONDS
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
from engine.expressions.nodes import Call, Node
from engine.expressions.sqltypes import Number, Span
from engine.expressions.types import Kind, Type
from engine.expressions.typing_rules import number
from engine.problems import Refusal

_DURATION = Param("duration", Kind.DURATION)
_MICROSECOND = dt.timedelta(microseconds=1)
_HOUR = 3_600_000_000


def in_seconds(node: Node) -> Node:
    """An exact duration in its finest unit; what follows the calendar stays as it is."""
    if node.type.kind is not Kind.DURATION or node.type.unit != "days":
        return node
    return Call(type=SECONDS, function=AS_SECONDS, args=(node,))


def _together(
    name: str, type_: Type, meaning: Callable[[Any, Any], Any], join: Callable[..., Column]
) -> Function:
    own: Any = sa.Interval() if type_.unit == "seconds" else sa.Integer()

    def written(kind: Any) -> Callable[[Writing], Column]:
        return lambda w: raw(join(raw(w.args[0], kind), raw(w.args[1], kind), kind), Span(unit))

    unit = type_.unit
    return Function(
        name=f"{name}_{unit}",
        takes=(_DURATION, _DURATION),
        gives=type_,
        python=always(meaning),
        postgresql=written(own),
        sqlite=written(sa.BigInteger()),
    )


def _plus(a: Any, b: Any) -> Any:
    return a + b


def _minus(a: Any, b: Any) -> Any:
    return a - b


TOGETHER = {
    (operator, type_.unit): _together(name, type_, meaning, join)
    for type_ in (DAYS, SECONDS)
    for operator, name, meaning, join in (
        ("+", "add", _plus, plus),
        ("-", "subtract", _minus, minus),
    )
}
"""`a + b` and `a - b` of exact durations, by operator and unit."""


def together(operator: str, left: Node, right: Node) -> tuple[Function, Node, Node] | None:
    """How two durations are added or subtracted: the function and both sides in one unit."""
    if left.type.unit != right.type.unit:
        left, right = in_seconds(left), in_seconds(right)
    function = TOGETHER.get((operator, left.type.unit))
    if function is None or left.type.unit != right.type.unit:
        return None
    return function, left, right


def _hours_typed(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    found = in_seconds(HOURS_IN.accept(_DURATION, args[0]))
    if found.type.unit != "seconds":
        raise Refusal(
            messages.ARGUMENT_TYPE(
                name="hours_in",
                argument=_DURATION.name,
                found=describe(found.type),
                expected=describe(SECONDS),
                form=HOURS_IN.form,
            )
        )
    return number(QUOTIENT_SCALE), (found,)


def _hours(duration: dt.timedelta) -> Decimal:
    return _rounded(EXACT.divide(Decimal(duration // _MICROSECOND), Decimal(_HOUR)))


_rounded = rounder(QUOTIENT_SCALE)


def _hours_on_postgresql(writing: Writing) -> Column:
    seconds = sa.cast(sa.extract("epoch", raw(writing.args[0], sa.Interval())), sa.Numeric())
    return sa.cast(seconds / constant("3600", sa.Numeric()), Number(QUOTIENT_SCALE))


def _hours_on_sqlite(writing: Writing) -> Column:
    micros = raw(writing.args[0], sa.BigInteger())
    zero, scale = constant("0"), constant(str(QUOTIENT_SCALE))
    found: Column = sa.func.fw_divide(
        micros, constant(str(_HOUR)), zero, zero, scale, type_=Number(QUOTIENT_SCALE)
    )
    return found


HOURS_IN = Function(
    name="hours_in",
    takes=(_DURATION,),
    typed=_hours_typed,
    python=always(_hours),
    postgresql=_hours_on_postgresql,
    sqlite=_hours_on_sqlite,
    form="hours_in(duration)",
    does=text("how many hours a duration is", "时长折合的小时数"),
    examples=(
        example("hours_in(minutes(90))", "1.500000"),
        example("hours_in(days(2))", "48.000000"),
    ),
)
SPAN_FUNCTIONS = (HOURS_IN,)
