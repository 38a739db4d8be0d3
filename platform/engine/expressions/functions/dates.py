"""Parts of dates, and the days between two."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import sqlalchemy as sa

from engine.expressions import calendars
from engine.expressions.functions.bounding import (
    DATE,
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
    example,
    text,
)
from engine.expressions.sqltypes import Day, Number
from engine.expressions.types import Kind
from engine.expressions.typing_rules import number

_D = Param("date", Kind.DATE)


def _part(
    name: str, field: str, read: Callable[[dt.date], int], words: tuple[str, str], gives: str
) -> Function:
    def on_postgresql(writing: Writing) -> Column:
        return sa.cast(sa.extract(field, raw(writing.args[0], sa.Date())), Number(0))

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


def _quarter(day: dt.date) -> int:
    return (day.month + 2) // 3


_WEEKDAY = ("1 for Monday to 7 for Sunday", "星期一为 1，星期日为 7")


def _month_start(day: Column) -> Column:
    start = sa.cast(raw(day, sa.Date()), sa.DateTime())
    return sa.func.date_trunc(constant("'month'"), start, type_=sa.DateTime())


def _month_end(day: Column) -> Column:
    month = constant("INTERVAL '1 month - 1 day'", sa.Interval())
    return sa.cast(plus(_month_start(day), month, sa.DateTime()), Day())


DAYS_BETWEEN = Function(
    name="days_between",
    takes=(Param("from", Kind.DATE), Param("to", Kind.DATE)),
    gives=number(),
    python=always(lambda a, b: Decimal((b - a).days)),
    postgresql=lambda w: sa.cast(
        minus(raw(w.args[1], sa.Date()), raw(w.args[0], sa.Date()), sa.Integer()), Number(0)
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

DATE_FUNCTIONS = (
    DAYS_BETWEEN,
    _part("year", "year", lambda day: day.year, ("the year", "年份"), "2026"),
    _part(
        "quarter",
        "quarter",
        lambda day: (day.month + 2) // 3,
        ("the quarter, 1 to 4", "季度，1 至 4"),
        "1",
    ),
    _part("month", "month", lambda day: day.month, ("the month, 1 to 12", "月份，1 至 12"), "2"),
    _part("day", "day", lambda day: day.day, ("the day of the month", "当月第几天"), "14"),
    _part(
        "weekday",
        "isodow",
        dt.date.isoweekday,
        ("1 for Monday to 7 for Sunday", "星期一为 1，星期日为 7"),
        "6",
    ),
    START_OF_MONTH,
    END_OF_MONTH,
)
