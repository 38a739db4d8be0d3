"""What SQLite lacks: exact arithmetic, the calendar and some functions of texts.

Numbers arrive as scaled integers (see `sqltypes`), dates and moments as their ISO texts. Every
function is deterministic; what outgrows 18 digits raises, which SQLite reports as an error of
the statement. Functions of the table without a writer of their own are registered as they are.
"""

from __future__ import annotations

import datetime as dt
import functools
import sqlite3
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.expressions import calendars
from engine.expressions.functions import FUNCTIONS, OPERATORS, Function
from engine.expressions.nodes import Call
from engine.expressions.sqltypes import DIGITS
from engine.expressions.types import Kind
from engine.expressions.workdays import read_year

_LIMIT = 10**DIGITS
_MICROSECOND = dt.timedelta(microseconds=1)
_day = dt.date.fromisoformat
_zone = functools.lru_cache(maxsize=8)(ZoneInfo)


def prepare_sqlite(connection: sqlite3.Connection) -> None:
    """Registers the functions that the SQL reading calls on a raw sqlite3 connection."""
    for name, (count, meaning) in _ARITHMETIC.items():
        connection.create_function(name, count, meaning, deterministic=True)
    for function in (*FUNCTIONS.values(), *OPERATORS):
        if function.sqlite is None:
            name, count = f"fw_{function.name}", len(function.takes)
            connection.create_function(name, count, _registered(function), deterministic=True)


def checked(value: int) -> int:
    """`value`, if it has at most 18 digits; else OverflowError."""
    if -_LIMIT < value < _LIMIT:
        return value
    raise OverflowError(f"more than {DIGITS} digits")


def divided(numerator: int, denominator: int) -> int:
    """The quotient rounded half away from zero, checked. `denominator` is positive."""
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return checked(rounded if numerator >= 0 else -rounded)


def _present(meaning: Callable[..., Any]) -> Callable[..., Any]:
    """`meaning`, NULL where an argument is."""

    def call(*args: Any) -> Any:
        return None if None in args else meaning(*args)

    return call


def _add(a: int, b: int, scale_a: int, scale_b: int, scale: int) -> int:
    return checked(a * 10 ** (scale - scale_a) + b * 10 ** (scale - scale_b))


def _subtract(a: int, b: int, scale_a: int, scale_b: int, scale: int) -> int:
    return _add(a, -b, scale_a, scale_b, scale)


def _multiply(a: int, b: int, scale_a: int, scale_b: int, scale: int) -> int:
    return divided(a * b, 10 ** (scale_a + scale_b - scale))


def _divide(a: int, b: int, scale_a: int, scale_b: int, scale: int) -> int | None:
    if b == 0:
        return None
    numerator = a * 10 ** (scale + scale_b - scale_a)
    return divided(numerator if b > 0 else -numerator, abs(b))


def _rescale(value: int, have: int, want: int) -> int:
    power: int = 10 ** abs(want - have)
    return checked(value * power) if want >= have else divided(value, power)


def _compare(a: int, b: int, scale_a: int, scale_b: int) -> int:
    left: int = a * 10**scale_b
    right: int = b * 10**scale_a
    return (left > right) - (left < right)


def _number_text(value: int, scale: int) -> str:
    digits = str(abs(value)).rjust(scale + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"


def _date_of(moment: str, zone: str) -> str | None:
    day = calendars.date_in(_zone(zone), _moment(moment))
    return None if day is None else day.isoformat()


def _is_workday(day: str, year: str) -> int:
    return int(read_year(year).is_workday(_day(day)))


def _workdays_between(start: str, end: str, year: str) -> int:
    return int(read_year(year).between(_day(start), _day(end)))


def _add_workdays(day: str, count: int, year: str) -> str | None:
    found = read_year(year).add(_day(day), Decimal(count))
    return None if found is None else found.isoformat()


def _of_present(choose: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        present = [arg for arg in args if arg is not None]
        return choose(present) if present else None

    return call


_ARITHMETIC: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "fw_add": (5, _present(_add)),
    "fw_subtract": (5, _present(_subtract)),
    "fw_multiply": (5, _present(_multiply)),
    "fw_divide": (5, _present(_divide)),
    "fw_rescale": (3, _present(_rescale)),
    "fw_compare": (4, _present(_compare)),
    "fw_check": (1, _present(checked)),
    "fw_floor": (2, _present(lambda value, scale: value // 10**scale)),
    "fw_ceil": (2, _present(lambda value, scale: -(-value // 10**scale))),
    "fw_number_text": (2, _present(_number_text)),
    "fw_date_of": (2, _present(_date_of)),
    "fw_is_workday": (2, _present(_is_workday)),
    "fw_workdays_between": (3, _present(_workdays_between)),
    "fw_add_workdays": (3, _present(_add_workdays)),
    "fw_fiscal_year": (2, _present(lambda day, year: int(read_year(year).fiscal_year(_day(day))))),
    "fw_fiscal_quarter": (
        2,
        _present(lambda day, year: int(read_year(year).fiscal_quarter(_day(day)))),
    ),
    "fw_least": (-1, _of_present(min)),
    "fw_greatest": (-1, _of_present(max)),
}


def _moment(raw: str) -> dt.datetime:
    return dt.datetime.fromisoformat(raw).replace(tzinfo=dt.UTC)


def _moment_text(moment: dt.datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def _registered(function: Function) -> Callable[..., Any]:
    """The Python meaning between SQLite's raw values. It does not depend on a call's types."""
    call = Call(type=function.gives, function=function, args=())
    meaning, encode = function.python(call), _ENCODE.get(function.gives.kind, _same)
    # A shift's duration and its start say which unit the raw integer counts.
    unit = function.name.rsplit("_", 1)[-1]
    decode = [_decoder(param.kind, unit) for param in function.takes]
    span = function.gives.unit if function.gives.kind is Kind.DURATION else ""

    def run(*args: Any) -> Any:
        if None in args:
            return None
        found = meaning(*[read(arg) for read, arg in zip(decode, args, strict=True)])
        return _raw_span(found, span) if span else None if found is None else encode(found)

    return run


def _raw_span(value: Any, unit: str) -> int | None:
    if value is None or unit == "months":
        return None if value is None else int(value)
    span: dt.timedelta = value
    return span.days if unit == "days" else span // _MICROSECOND


def _decoder(kind: Kind, unit: str) -> Callable[[Any], Any]:
    if kind is Kind.DURATION:
        return {"days": _days, "seconds": _seconds}.get(unit, _same)
    return _DECODE.get(kind, _same)


def _days(raw: int) -> dt.timedelta:
    return dt.timedelta(days=raw)


def _seconds(raw: int) -> dt.timedelta:
    return raw * _MICROSECOND


def _same(value: Any) -> Any:
    return value


_DECODE: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.DATE: dt.date.fromisoformat,
    Kind.MOMENT: _moment,
    Kind.NUMBER: Decimal,
}
_ENCODE: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.DATE: dt.date.isoformat,
    Kind.MOMENT: _moment_text,
    Kind.NUMBER: int,
    Kind.BOOLEAN: int,
}
