"""Moving along the calendar, and how far apart two dates or moments are."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from engine.expressions import calendars
from engine.expressions.functions.bounding import (
    CEILING,
    CYCLE,
    CYCLE_DAYS,
    DAYS,
    FLOOR,
    MONTHS,
    SECONDS,
    bounded,
    inner,
    minus,
    plus,
    raw,
)
from engine.expressions.functions.table import (
    Column,
    Function,
    Param,
    Writing,
    always,
    constant,
)
from engine.expressions.sqltypes import Day, Moment, Span
from engine.expressions.types import Kind, Type

_D = Param("date", Kind.DATE)
_M = Param("moment", Kind.MOMENT)


def _months(count: Column) -> Column:
    return sa.func.make_interval(constant("0"), sa.cast(count, sa.Integer()))


def _days(count: Column) -> Column:
    zero = constant("0")
    return sa.func.make_interval(zero, zero, zero, sa.cast(count, sa.Integer()))


def _interval(duration: Column, unit: str) -> Column:
    if unit == "seconds":
        return raw(duration, sa.Interval())
    return (_months if unit == "months" else _days)(raw(duration, sa.Integer()))


def _day_by_days(writing: Writing) -> Column:
    day, count = raw(writing.args[0], sa.Date()), raw(writing.args[1], sa.Integer())
    moved = plus(plus(day, CYCLE_DAYS, sa.Date()), count, sa.Date())
    return raw(minus(bounded(moved, *inner("DATE")), CYCLE_DAYS, sa.Date()), Day())


def _by_interval(start: Column, duration: Column, unit: str) -> Column:
    moved = plus(plus(start, CYCLE, sa.DateTime()), _interval(duration, unit), sa.DateTime())
    low = constant(f"TIMESTAMP '{FLOOR} 23:59:59.999999'")
    high = constant(f"TIMESTAMP '{CEILING}'")
    return minus(bounded(moved, low, high), CYCLE, sa.DateTime())


def _day_by_months(writing: Writing) -> Column:
    start = sa.cast(raw(writing.args[0], sa.Date()), sa.DateTime())
    return sa.cast(_by_interval(start, writing.args[1], "months"), Day())


def _moment_by(unit: str) -> Callable[[Writing], Column]:
    def write(writing: Writing) -> Column:
        utc = constant("'UTC'")
        start = sa.func.timezone(utc, raw(writing.args[0], sa.DateTime(timezone=True)))
        moved = _by_interval(raw(start, sa.DateTime()), writing.args[1], unit)
        return sa.func.timezone(utc, moved, type_=Moment())

    return write


def _shift(kind: Kind, duration: Type, postgresql: Callable[[Writing], Column]) -> Function:
    meaning = calendars.shift_months if duration is MONTHS else calendars.shift
    return Function(
        name=f"shift_{kind.value}_{duration.unit}",
        takes=(Param("start", kind), Param("duration", Kind.DURATION)),
        gives=Type(kind),
        python=always(meaning),
        postgresql=postgresql,
    )


SHIFTS = {
    (Kind.DATE, "days"): _shift(Kind.DATE, DAYS, _day_by_days),
    (Kind.DATE, "months"): _shift(Kind.DATE, MONTHS, _day_by_months),
    (Kind.MOMENT, "days"): _shift(Kind.MOMENT, DAYS, _moment_by("days")),
    (Kind.MOMENT, "seconds"): _shift(Kind.MOMENT, SECONDS, _moment_by("seconds")),
    (Kind.MOMENT, "months"): _shift(Kind.MOMENT, MONTHS, _moment_by("months")),
}
"""`start + duration` by the kind of the start and the unit of the duration."""

DATES_APART = Function(
    name="dates_apart",
    takes=(_D, _D),
    gives=DAYS,
    python=always(lambda a, b: a - b),
    postgresql=lambda w: raw(
        minus(raw(w.args[0], sa.Date()), raw(w.args[1], sa.Date()), sa.Integer()), Span("days")
    ),
)
MOMENTS_APART = Function(
    name="moments_apart",
    takes=(_M, _M),
    gives=SECONDS,
    python=always(lambda a, b: a - b),
    postgresql=lambda w: raw(
        minus(
            raw(w.args[0], sa.DateTime(timezone=True)),
            raw(w.args[1], sa.DateTime(timezone=True)),
            sa.Interval(),
        ),
        Span("seconds"),
    ),
)
AS_SECONDS = Function(
    name="as_seconds",
    takes=(Param("duration", Kind.DURATION),),
    gives=SECONDS,
    python=always(lambda value: value),
    postgresql=lambda w: raw(_days(raw(w.args[0], sa.Integer())), Span("seconds")),
    sqlite=lambda w: raw(
        raw(w.args[0], sa.BigInteger()) * constant("86400000000"), Span("seconds")
    ),
)

DATE_OPERATORS = (*SHIFTS.values(), DATES_APART, MOMENTS_APART)
