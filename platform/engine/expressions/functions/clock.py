"""The clock, and the dates of moments. Both go by the company's time zone (rule 20)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from engine.expressions import calendars, messages
from engine.expressions.functions.bounding import (
    CYCLE_DAYS,
    DATE,
    MOMENT,
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
    example,
    text,
)
from engine.expressions.nodes import Call, Literal, Node
from engine.expressions.sqltypes import Day, Moment, String
from engine.expressions.types import Kind, Type
from engine.problems import Refusal

_M = Param("moment", Kind.MOMENT)


def _read_zone(context: Any) -> str:
    return str(context.zone.key)


def _date_of(writing: Writing) -> Column:
    zone = writing.bind("clock_zone", String(), _read_zone)
    local = sa.func.timezone(zone, raw(writing.args[0], sa.DateTime(timezone=True)))
    shifted = plus(sa.cast(local, sa.Date()), CYCLE_DAYS, sa.Date())
    return raw(minus(bounded(shifted, *inner("DATE")), CYCLE_DAYS, sa.Date()), Day())


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

CLOCK_FUNCTIONS = (DATE_LITERAL, TODAY, NOW, DATE_OF)
