"""Dates, points in time and durations.

PostgreSQL's calendar is wider than Python's, and least() and greatest() pass over NULL. So a
result that may leave the years 1 to 9999 is moved 12,000 years up (thirty times the Gregorian
cycle of 400 years: same months, same leap years), clamped to just outside the calendar, and
those two outside values become NULL: each operand stands in the SQL only once.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from engine.expressions import calendars, messages
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
from engine.expressions.sqltypes import Day, Moment, Number, Span, String
from engine.expressions.types import Kind, Type
from engine.expressions.typing_rules import number
from engine.problems import Refusal

DATE = Type(Kind.DATE)
MOMENT = Type(Kind.MOMENT)
DAYS = Type(Kind.DURATION, unit="days")
SECONDS = Type(Kind.DURATION, unit="seconds")
MONTHS = Type(Kind.DURATION, unit="months")

_D = Param("date", Kind.DATE)
_M = Param("moment", Kind.MOMENT)
_N = Param("n", Kind.NUMBER, whole=True)
_CYCLE_DAYS = constant("4382910")
_CYCLE = constant("INTERVAL '12000 years'", sa.Interval())
_FLOOR, _CEILING = "12000-12-31", "22000-01-01"


def _bounded(value: Column, low: Column, high: Column) -> Column:
    """`value`, or NULL where it is not strictly between `low` and `high`."""
    clamped = sa.func.greatest(sa.func.least(value, high), low)
    return sa.func.nullif(sa.func.nullif(clamped, low), high, type_=value.type)


def _inner(kind: str) -> tuple[Column, Column]:
    low, high = (constant(f"{kind} '{day}'") for day in (_FLOOR, _CEILING))
    return low, high


def _plus(a: Column, b: Column, type: Any) -> Column:
    return a.op("+", return_type=type)(b)


def _minus(a: Column, b: Column, type: Any) -> Column:
    return a.op("-", return_type=type)(b)


def _raw(value: Column, type: Any) -> Column:
    return sa.type_coerce(value, type)


# Durations ------------------------------------------------------------------------------------


def _count(value: Column, limit: int, each: int = 1) -> Column:
    """A whole number as an integer, NULL beyond `limit`."""
    beyond = limit // each + 1
    low, high = constant(str(-beyond)), constant(str(beyond))
    bounded = sa.cast(_bounded(_raw(value, sa.Numeric()), low, high), sa.BigInteger())
    return bounded * constant(str(each)) if each != 1 else bounded


def _duration(
    name: str, type: Type, limit: int, each: int, unit: str, words: tuple[str, str]
) -> Function:
    """days(n) and its sisters. `limit` in the base unit, of which one is `each` of them."""

    def on_postgresql(writing: Writing) -> Column:
        count = _count(writing.args[0], limit, each)
        if unit not in ("hours", "minutes"):
            return _raw(sa.cast(count, sa.Integer()), Span(type.unit))
        one = constant(f"INTERVAL '1 {unit[:-1]}'", sa.Interval())
        product = one.op("*", return_type=sa.Interval())(sa.cast(count, sa.Double()))
        return _raw(product, Span(type.unit))

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
    raw = sa.Interval() if unit == "seconds" else sa.Integer()
    return _raw(-_raw(writing.args[0], raw), Span(unit))


def _negated_on_sqlite(writing: Writing) -> Column:
    return _raw(-_raw(writing.args[0], sa.Integer()), Span(writing.call.type.unit))


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


# Moving along the calendar --------------------------------------------------------------------


def _months(count: Column) -> Column:
    return sa.func.make_interval(constant("0"), sa.cast(count, sa.Integer()))


def _days(count: Column) -> Column:
    zero = constant("0")
    return sa.func.make_interval(zero, zero, zero, sa.cast(count, sa.Integer()))


def _interval(duration: Column, unit: str) -> Column:
    if unit == "seconds":
        return _raw(duration, sa.Interval())
    return (_months if unit == "months" else _days)(_raw(duration, sa.Integer()))


def _day_by_days(writing: Writing) -> Column:
    day, count = _raw(writing.args[0], sa.Date()), _raw(writing.args[1], sa.Integer())
    moved = _plus(_plus(day, _CYCLE_DAYS, sa.Date()), count, sa.Date())
    return _raw(_minus(_bounded(moved, *_inner("DATE")), _CYCLE_DAYS, sa.Date()), Day())


def _by_interval(start: Column, duration: Column, unit: str) -> Column:
    moved = _plus(_plus(start, _CYCLE, sa.DateTime()), _interval(duration, unit), sa.DateTime())
    low = constant(f"TIMESTAMP '{_FLOOR} 23:59:59.999999'")
    high = constant(f"TIMESTAMP '{_CEILING}'")
    return _minus(_bounded(moved, low, high), _CYCLE, sa.DateTime())


def _day_by_months(writing: Writing) -> Column:
    start = sa.cast(_raw(writing.args[0], sa.Date()), sa.DateTime())
    return sa.cast(_by_interval(start, writing.args[1], "months"), Day())


def _moment_by(unit: str) -> Callable[[Writing], Column]:
    def write(writing: Writing) -> Column:
        utc = constant("'UTC'")
        start = sa.func.timezone(utc, _raw(writing.args[0], sa.DateTime(timezone=True)))
        moved = _by_interval(_raw(start, sa.DateTime()), writing.args[1], unit)
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
    postgresql=lambda w: _raw(
        _minus(_raw(w.args[0], sa.Date()), _raw(w.args[1], sa.Date()), sa.Integer()), Span("days")
    ),
)
MOMENTS_APART = Function(
    name="moments_apart",
    takes=(_M, _M),
    gives=SECONDS,
    python=always(lambda a, b: a - b),
    postgresql=lambda w: _raw(
        _minus(
            _raw(w.args[0], sa.DateTime(timezone=True)),
            _raw(w.args[1], sa.DateTime(timezone=True)),
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
    postgresql=lambda w: _raw(_days(_raw(w.args[0], sa.Integer())), Span("seconds")),
    sqlite=lambda w: _raw(
        _raw(w.args[0], sa.BigInteger()) * constant("86400000000"), Span("seconds")
    ),
)


# The clock ------------------------------------------------------------------------------------


def _read_zone(context: Any) -> str:
    return str(context.zone.key)


def _date_of(writing: Writing) -> Column:
    zone = writing.bind("clock_zone", String(), _read_zone)
    local = sa.func.timezone(zone, _raw(writing.args[0], sa.DateTime(timezone=True)))
    shifted = _plus(sa.cast(local, sa.Date()), _CYCLE_DAYS, sa.Date())
    return _raw(_minus(_bounded(shifted, *_inner("DATE")), _CYCLE_DAYS, sa.Date()), Day())


def _date_of_on_sqlite(writing: Writing) -> Column:
    zone = writing.bind("clock_zone", String(), _read_zone)
    return sa.func.fw_date_of(writing.args[0], zone, type_=Day())


def as_date(moment: Node) -> Node:
    """The date of a moment, for where a date is expected."""
    return Call(type=DATE, function=DATE_OF, args=(moment,))


def _parsed(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    literal = DATE_LITERAL.accept(DATE_LITERAL.takes[0], args[0])
    written = str(literal.value or "") if isinstance(literal, Literal) else ""
    try:
        day = dt.datetime.strptime(written, "%Y-%m-%d").date()
    except ValueError:
        raise Refusal(messages.BAD_DATE(text=written)) from None
    return DATE, (Literal(type=DATE, value=day),)


def _now(writing: Writing) -> Column:
    return writing.bind("clock_now", Moment(), lambda context: context.now)


def _today(writing: Writing) -> Column:
    return writing.bind("clock_today", Day(), lambda context: context.today)


DATE_LITERAL = Function(
    name="date",
    takes=(Param("text", Kind.TEXT, literal=True),),
    typed=_parsed,
    python=always(lambda value: value),
    postgresql=lambda w: w.args[0],
    sqlite=lambda w: w.args[0],
    form='date("2026-01-31")',
    does=text("a date, written out", "直接写出的日期"),
    examples=(example('date("2026-01-31") > date("2026-01-30")', "true"),),
)
TODAY = Function(
    name="today",
    takes=(),
    gives=DATE,
    python=always(lambda context: context.today),
    context=True,
    clock=True,
    postgresql=_today,
    sqlite=_today,
    form="today()",
    does=text("today's date in the company's time zone", "公司时区的今天"),
    examples=(example("today()", 'date("2026-03-02")'),),
)
NOW = Function(
    name="now",
    takes=(),
    gives=MOMENT,
    python=always(lambda context: context.now),
    context=True,
    clock=True,
    postgresql=_now,
    sqlite=_now,
    form="now()",
    does=text("this moment", "当前时刻"),
    examples=(example("now() > signed", "true"),),
)
DATE_OF = Function(
    name="date_of",
    takes=(_M,),
    gives=DATE,
    python=always(lambda context, moment: calendars.date_in(context.zone, moment)),
    context=True,
    postgresql=_date_of,
    sqlite=_date_of_on_sqlite,
    form="date_of(moment)",
    does=text("the date of a moment in the company's time zone", "某一时刻在公司时区的日期"),
    examples=(example("date_of(signed)", 'date("2026-03-02")'),),
)


# Parts of dates -------------------------------------------------------------------------------


def _part(
    name: str, field: str, read: Callable[[dt.date], int], words: tuple[str, str], gives: str
) -> Function:
    def on_postgresql(writing: Writing) -> Column:
        return sa.cast(sa.extract(field, _raw(writing.args[0], sa.Date())), Number(0))

    return Function(
        name=name,
        takes=(_D,),
        gives=number(),
        python=always(lambda day: Decimal(read(day))),
        postgresql=on_postgresql,
        form=f"{name}(date)",
        does=text(*words),
        examples=(example(f"{name}(closed)", gives),),
    )


def _month_start(day: Column) -> Column:
    start = sa.cast(_raw(day, sa.Date()), sa.DateTime())
    return sa.func.date_trunc(constant("'month'"), start, type_=sa.DateTime())


def _month_end(day: Column) -> Column:
    month = constant("INTERVAL '1 month - 1 day'", sa.Interval())
    return sa.cast(_plus(_month_start(day), month, sa.DateTime()), Day())


DAYS_BETWEEN = Function(
    name="days_between",
    takes=(Param("from", Kind.DATE), Param("to", Kind.DATE)),
    gives=number(),
    python=always(lambda a, b: Decimal((b - a).days)),
    postgresql=lambda w: sa.cast(
        _minus(_raw(w.args[1], sa.Date()), _raw(w.args[0], sa.Date()), sa.Integer()), Number(0)
    ),
    form="days_between(from, to)",
    does=text("the number of days from one date to another", "两个日期相差的天数"),
    examples=(example('days_between(date("2026-02-27"), date("2026-03-01"))', "2"),),
)
START_OF_MONTH = Function(
    name="start_of_month",
    takes=(_D,),
    gives=DATE,
    python=always(lambda day: day.replace(day=1)),
    postgresql=lambda w: sa.cast(_month_start(w.args[0]), Day()),
    form="start_of_month(date)",
    does=text("the first day of the month", "当月第一天"),
    examples=(example("start_of_month(closed)", 'date("2026-02-01")'),),
)
END_OF_MONTH = Function(
    name="end_of_month",
    takes=(_D,),
    gives=DATE,
    python=always(calendars.end_of_month),
    postgresql=lambda w: _month_end(w.args[0]),
    form="end_of_month(date)",
    does=text("the last day of the month", "当月最后一天"),
    examples=(example("end_of_month(closed)", 'date("2026-02-28")'),),
)

_BASE_MINUTES = calendars.MOST_DAYS * 24 * 60
DATE_FUNCTIONS = (
    DATE_LITERAL,
    TODAY,
    NOW,
    _duration("days", DAYS, calendars.MOST_DAYS, 1, "days", ("", "天")),
    _duration("weeks", DAYS, calendars.MOST_DAYS, 7, "weeks", ("", "周")),
    _duration("months", MONTHS, calendars.MOST_MONTHS, 1, "months", (" of the calendar", "个月")),
    _duration("years", MONTHS, calendars.MOST_MONTHS, 12, "years", (" of the calendar", "年")),
    _duration("hours", SECONDS, calendars.MOST_DAYS * 24, 1, "hours", ("", "小时")),
    _duration("minutes", SECONDS, _BASE_MINUTES, 1, "minutes", ("", "分钟")),
    DAYS_BETWEEN,
    _part("year", "year", lambda day: day.year, ("the year", "年份"), "2026"),
    _part("quarter", "quarter", lambda day: (day.month + 2) // 3, ("the quarter, 1 to 4", "季度，1 至 4"), "1"),
    _part("month", "month", lambda day: day.month, ("the month, 1 to 12", "月份，1 至 12"), "2"),
    _part("day", "day", lambda day: day.day, ("the day of the month", "当月第几天"), "14"),
    _part("weekday", "isodow", dt.date.isoweekday, ("1 for Monday to 7 for Sunday", "星期一为 1，星期日为 7"), "6"),
    START_OF_MONTH,
    END_OF_MONTH,
    DATE_OF,
)  # fmt: skip
DATE_OPERATORS = (*SHIFTS.values(), DATES_APART, MOMENTS_APART)
