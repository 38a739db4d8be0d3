"""How dates are bounded on PostgreSQL, and the types of dates and durations.

PostgreSQL's calendar is wider than Python's, and least() and greatest() pass over NULL. So a
result that may leave the years 1 to 9999 is moved 12,000 years up (thirty times the Gregorian
cycle of 400 years: same months, same leap years), clamped to just outside the calendar, and
those two outside values become NULL: each operand stands in the SQL only once.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from engine.expressions.functions.table import (
    Column,
    constant,
)
from engine.expressions.types import Kind, Type

DATE = Type(Kind.DATE)
MOMENT = Type(Kind.MOMENT)
DAYS = Type(Kind.DURATION, unit="days")
SECONDS = Type(Kind.DURATION, unit="seconds")
MONTHS = Type(Kind.DURATION, unit="months")


CYCLE_DAYS = constant("4382910")
CYCLE = constant("INTERVAL '12000 years'", sa.Interval())
FLOOR, CEILING = "12000-12-31", "22000-01-01"


def bounded(value: Column, low: Column, high: Column) -> Column:
    """`value`, or NULL where it is not strictly between `low` and `high`."""
    clamped = sa.func.greatest(sa.func.least(value, high), low)
    return sa.func.nullif(sa.func.nullif(clamped, low), high, type_=value.type)


def inner(kind: str) -> tuple[Column, Column]:
    """The two values just outside the moved calendar."""
    low, high = (constant(f"{kind} '{day}'") for day in (FLOOR, CEILING))
    return low, high


def plus(a: Column, b: Column, type: Any) -> Column:
    """PostgreSQL's plus, of any types."""
    return a.op("+", return_type=type)(b)


def minus(a: Column, b: Column, type: Any) -> Column:
    """PostgreSQL's minus, of any types."""
    return a.op("-", return_type=type)(b)


def raw(value: Column, type: Any) -> Column:
    """`value` as a type of SQLAlchemy's own, so that operands are not converted."""
    return sa.type_coerce(value, type)
