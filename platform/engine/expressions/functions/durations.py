"""Durations: days(3), months(1), and what is done with them."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from engine.expressions import calendars
from engine.expressions.functions.bounding import (
    DAYS,
    MONTHS,
    SECONDS,
    bounded,
    raw,
)
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
from engine.expressions.nodes import Node
from engine.expressions.sqltypes import Span
from engine.expressions.types import Kind, Type

_N = Param("n", Kind.NUMBER, whole=True)


def _count(value: Column, limit: int, each: int = 1) -> Column:
    """A whole number as an integer, NULL beyond `limit`."""
    beyond = limit // each + 1
    low, high = constant(str(-beyond)), constant(str(beyond))
    count = sa.cast(bounded(raw(value, sa.Numeric()), low, high), sa.BigInteger())
    return count * constant(str(each)) if each != 1 else count


def _duration(
    name: str, type: Type, limit: int, each: int, unit: str, words: tuple[str, str]
) -> Function:
    """days(n) and its sisters. `limit` in the base unit, of which one is `each` of them."""

    def on_postgresql(writing: Writing) -> Column:
        count = _count(writing.args[0], limit, each)
        if unit not in ("hours", "minutes"):
            return raw(sa.cast(count, sa.Integer()), Span(type.unit))
        one = constant(f"INTERVAL '1 {unit[:-1]}'", sa.Interval())
        product = one.op("*", return_type=sa.Interval())(sa.cast(count, sa.Double()))
        return raw(product, Span(type.unit))

    meaning: Callable[[Decimal], Any]
    if type is MONTHS:
        meaning = functools.partial(calendars.months, each=each)
    else:
        meaning = functools.partial(_exactly, unit, limit // each)
    return Function(
        name=name,
        takes=(_N,),
        gives=type,
        python=always(meaning),
        postgresql=on_postgresql,
        form=f"{name}(n)",
        does=text(f"a duration of n {name}{words[0]}", f"n {words[1]}的时长"),
        examples=(example(f'date("2026-01-31") + {name}(1)', _NEXT[name]),)
        if name in _NEXT
        else (example(f"signed + {name}(2)", _LATER[name]),),
    )


_NEXT = {
    "days": 'date("2026-02-01")',
    "weeks": 'date("2026-02-07")',
    "months": 'date("2026-02-28")',
    "years": 'date("2027-01-31")',
}
_LATER = {"hours": "2026-03-01T18:30:00Z", "minutes": "2026-03-01T16:32:00Z"}


def _exactly(unit: str, limit: int, count: Decimal) -> dt.timedelta | None:
    return calendars.exact(unit, limit, count)


def _negated(writing: Writing) -> Column:
    unit = writing.call.type.unit
    own = sa.Interval() if unit == "seconds" else sa.Integer()
    turned = raw(writing.args[0], own).op("*", return_type=own)(constant("-1"))
    return raw(turned, Span(unit))


def _negated_on_sqlite(writing: Writing) -> Column:
    return raw(-raw(writing.args[0], sa.Integer()), Span(writing.call.type.unit))


def _same(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    return args[0].type, args


NEGATE_DURATION = Function(
    name="negate_duration",
    takes=(Param("duration", Kind.DURATION),),
    typed=_same,
    python=always(lambda value: -value),
    postgresql=_negated,
    sqlite=_negated_on_sqlite,
)


_MOST_MINUTES = calendars.MOST_DAYS * 24 * 60
DURATIONS = (
    _duration("days", DAYS, calendars.MOST_DAYS, 1, "days", ("", "天")),
    _duration("weeks", DAYS, calendars.MOST_DAYS, 7, "weeks", ("", "周")),
    _duration("months", MONTHS, calendars.MOST_MONTHS, 1, "months", (" of the calendar", "个月")),
    _duration("years", MONTHS, calendars.MOST_MONTHS, 12, "years", (" of the calendar", "年")),
    _duration("hours", SECONDS, calendars.MOST_DAYS * 24, 1, "hours", ("", "小时")),
    _duration("minutes", SECONDS, _MOST_MINUTES, 1, "minutes", ("", "分钟")),
)
