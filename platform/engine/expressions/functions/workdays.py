"""Functions of the company's year: worked days, fiscal years and quarters.

On PostgreSQL the lists of `CompanyYear` are arrays, looked into by `width_bucket`, which tells how
many of an array's values are not greater than a value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import Grouping

from engine.expressions.functions.bounding import DATE, minus, plus, raw
from engine.expressions.functions.once import once
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
from engine.expressions.nodes import BOOLEAN
from engine.expressions.sqltypes import Day, Flag, Number, String
from engine.expressions.types import Kind, Type
from engine.expressions.typing_rules import number
from engine.expressions.workdays import LAST, MOST_WORKDAYS

_D = Param("date", Kind.DATE)
_FIRST = constant("DATE '0001-01-01'", sa.Date())
_INTEGER = sa.Integer()


class _Lists:
    """The company's year in a statement on PostgreSQL."""

    def __init__(self, writing: Writing) -> None:
        self.writing = writing

    def array(self, name: str) -> Column:
        """One of its lists."""

        def read(context: Any) -> str:
            return "{" + ",".join(map(str, getattr(context.company(), name))) + "}"

        bound = self.writing.bind(f"company_{name}", String(), read)
        return Grouping(sa.cast(bound, sa.ARRAY(sa.Integer())))

    def at(self, name: str, place: Column, otherwise: int) -> Column:
        """The list's value at a place, counted from 1."""
        found = self.array(name)[place]
        return sa.func.coalesce(found, constant(str(otherwise)), type_=_INTEGER)

    def worked(self, day: Column) -> Column:
        """The worked days up to a day, which is written several times."""
        weeks, rest = _over(day, "/", 7), plus(_over(day, "%", 7), constant("1"), _INTEGER)
        usual = plus(_times(weeks, 5), sa.func.least(rest, constant("5"), type_=_INTEGER), _INTEGER)
        place = sa.func.width_bucket(day, self.array("exceptions"), type_=_INTEGER)
        return Grouping(plus(usual, self.at("shifts", place, 0), _INTEGER))

    def day(self, count: Column) -> Column:
        """The day up to which so many are worked, or NULL outside the calendar."""
        return once([count], self._day)

    def _day(self, wanted: Column) -> Column:
        before = minus(wanted, constant("1"), _INTEGER)
        place = Grouping(sa.func.width_bucket(before, self.array("counts"), type_=_INTEGER))
        left = Grouping(minus(before, self.at("shifts", place, 0), _INTEGER))
        usual = plus(_times(_over(left, "/", 5), 7), _over(left, "%", 5), _INTEGER)
        following = self.at("exceptions", plus(place, constant("1"), _INTEGER), LAST + 1)
        found = sa.func.least(usual, following, type_=_INTEGER)
        inside = sa.and_(
            wanted >= constant("1"), left >= constant("0"), found <= constant(str(LAST))
        )
        return sa.case((inside, plus(_FIRST, found, sa.Date())), else_=None)


def _over(value: Column, operator: str, by: int) -> Column:
    return Grouping(value.op(operator, return_type=_INTEGER)(constant(str(by))))


def _times(value: Column, by: int) -> Column:
    return Grouping(value.op("*", return_type=_INTEGER)(constant(str(by))))


def _number_of(day: Column) -> Column:
    return Grouping(minus(raw(day, sa.Date()), _FIRST, _INTEGER))


def _before(day: Column) -> Column:
    return Grouping(minus(day, constant("1"), _INTEGER))


def _is_workday(writing: Writing) -> Column:
    lists = _Lists(writing)
    found = once(
        [_number_of(writing.args[0])], lambda day: lists.worked(day) > lists.worked(_before(day))
    )
    return sa.type_coerce(found, Flag())


def _between(writing: Writing) -> Column:
    lists = _Lists(writing)
    start, end = (once([_number_of(day)], lists.worked) for day in writing.args)
    return sa.cast(minus(end, start, _INTEGER), Number(0))


def _add(writing: Writing) -> Column:
    lists, (day, count) = _Lists(writing), writing.args
    most, zero = constant(str(MOST_WORKDAYS)), constant("0")

    def moved(number: Column, given: Column) -> Column:
        steps = sa.cast(sa.case((sa.func.abs(given) <= most, given), else_=None), sa.Integer())
        later = lists.day(Grouping(plus(lists.worked(number), steps, _INTEGER)))
        worked = plus(lists.worked(_before(number)), constant("1"), _INTEGER)
        earlier = lists.day(Grouping(plus(worked, steps, _INTEGER)))
        return sa.case(
            (steps > zero, later), (steps < zero, earlier),
            (steps == zero, plus(_FIRST, number, sa.Date())), else_=None,
        )  # fmt: skip

    found = once([_number_of(day), raw(count, sa.Numeric())], moved)
    return sa.type_coerce(found, Day())


def _month(writing: Writing) -> Column:
    return sa.cast(
        writing.bind("company_month", String(), lambda context: str(context.company().month)),
        sa.Integer(),
    )


def _part(field: str, day: Column) -> Column:
    return sa.cast(sa.extract(field, raw(day, sa.Date())), sa.Integer())


def _fiscal_year(writing: Writing) -> Column:
    def year(day: Column) -> Column:
        ends_later = sa.and_(month > constant("1"), _part("month", day) >= month)
        later = sa.case((ends_later, constant("1")), else_=constant("0"))
        return plus(_part("year", day), Grouping(later), _INTEGER)

    month = _month(writing)
    return sa.cast(once([raw(writing.args[0], sa.Date())], year), Number(0))


def _fiscal_quarter(writing: Writing) -> Column:
    months = minus(plus(_part("month", writing.args[0]), constant("12"), _INTEGER),
                   _month(writing), _INTEGER)  # fmt: skip
    quarter = _over(_over(Grouping(months), "%", 12), "/", 3)
    return sa.cast(plus(quarter, constant("1"), _INTEGER), Number(0))


def _on_sqlite(name: str, type_: Any) -> Callable[[Writing], Column]:
    """The Python meaning, which takes the company's year as text behind its arguments."""

    def write(writing: Writing) -> Column:
        year = writing.bind("company_year", String(), lambda context: context.company().written)
        return sa.func.__getattr__(f"fw_{name}")(*writing.args, year, type_=type_)

    return write


def _function(
    name: str, method: str, gives: Type, type_: Any, postgresql: Callable[[Writing], Column],
    takes: tuple[Param, ...], words: tuple[str, str], *examples: tuple[str, str],
) -> Function:  # fmt: skip
    def meaning(context: Any, *args: dt.date | Decimal) -> Any:
        return getattr(context.company(), method)(*args)

    return Function(
        name=name,
        takes=takes,
        gives=gives,
        python=always(meaning),
        context=True,
        settings=True,
        postgresql=postgresql,
        sqlite=_on_sqlite(name, type_),
        form=f"{name}({', '.join(param.name for param in takes)})",
        does=text(*words),
        examples=tuple(example(*one) for one in examples),
    )


WORKDAY_FUNCTIONS = (
    _function(
        "is_workday", "is_workday", BOOLEAN, Flag(), _is_workday, (_D,),
        ("whether the company works on that day", "公司当日是否上班"),
        ("is_workday(closed)", "false"),
    ),
    _function(
        "workdays_between", "between", number(), Number(0), _between,
        (Param("from", Kind.DATE), Param("to", Kind.DATE)),
        ("the worked days after one date up to another, less than 0 the other way round",
         "前一日期之后至后一日期（含）的工作日数；反向为负"),
        ('workdays_between(date("2026-02-27"), date("2026-03-02"))', "1"),
    ),
    _function(
        "add_workdays", "add", DATE, Day(), _add, (_D, Param("count", Kind.NUMBER, whole=True)),
        ("so many worked days after the date, or before it where the count is less than 0",
         "该日期之后第若干个工作日；负数则为之前"),
        ("add_workdays(closed, 2)", 'date("2026-02-17")'),
        ('add_workdays(date("2026-03-02"), -1)', 'date("2026-02-27")'),
    ),
    _function(
        "fiscal_year", "fiscal_year", number(), Number(0), _fiscal_year, (_D,),
        ("the calendar year in which the date's fiscal year ends", "所属财年（以结束年份命名）"),
        ("fiscal_year(closed)", "2026"),
    ),
    _function(
        "fiscal_quarter", "fiscal_quarter", number(), Number(0), _fiscal_quarter, (_D,),
        ("the quarter of the fiscal year, 1 to 4", "财年季度，1 至 4"),
        ("fiscal_quarter(closed)", "1"),
    ),
)  # fmt: skip
