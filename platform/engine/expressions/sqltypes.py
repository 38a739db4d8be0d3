"""Column types that mean the same on PostgreSQL and SQLite (rules 18, 20 and 21).

| type      | PostgreSQL          | SQLite (STRICT)          | Python            |
| --------- | ------------------- | ------------------------ | ----------------- |
| Number(s) | NUMERIC(18, s)      | INTEGER, times 10**s     | decimal.Decimal   |
| Id        | BIGINT              | INTEGER                  | int               |
| String    | TEXT COLLATE "C"    | TEXT (BINARY)            | str               |
| Flag      | BOOLEAN             | INTEGER 0/1              | bool              |
| Day       | DATE                | TEXT 2026-01-31          | datetime.date     |
| Moment    | TIMESTAMPTZ         | TEXT, UTC, microseconds  | aware datetime    |
| Names     | TEXT[] COLLATE "C"  | TEXT, JSON array         | tuple of str      |
| Ids       | BIGINT[]            | TEXT, JSON array         | list of int       |
| Span(u)   | INTEGER or INTERVAL | INTEGER, microseconds    | timedelta or int  |
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

DIGITS = 18
"""The most digits a number may have: what NUMERIC(18, s) and a 64-bit integer both hold."""


@functools.cache
def _steps(scale: int) -> Decimal:
    """The smallest difference between two numbers of this scale."""
    return Decimal(1).scaleb(-scale)


def quantized(value: Decimal | int, scale: int) -> Decimal:
    """`value` with `scale` decimals, rounded half away from zero.

    Raises OverflowError beyond `DIGITS` digits.
    """
    number = Decimal(value).quantize(_steps(scale), rounding=ROUND_HALF_UP)
    if number and number.adjusted() + scale >= DIGITS:
        raise OverflowError(f"{value} has more than {DIGITS} digits")
    return number


class Number(TypeDecorator[Decimal]):
    """A decimal with a fixed scale; no float anywhere."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__(DIGITS, scale)
        # Named like the argument, or SQLAlchemy would leave it out of its statement cache's keys.
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.INTEGER())
        return dialect.type_descriptor(postgresql.NUMERIC(DIGITS, self.scale))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        number = quantized(value, self.scale)
        return int(number.scaleb(self.scale)) if dialect.name == "sqlite" else number

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return Decimal(value).scaleb(-self.scale)
        return Decimal(value).quantize(Decimal(1).scaleb(-self.scale))


class Id(TypeDecorator[int]):
    """A record's id or another whole number."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(
            sqlite.INTEGER() if dialect.name == "sqlite" else sa.BigInteger()
        )


class String(TypeDecorator[str]):
    """Text, compared by code point."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        # taken as it is: the dialect's own descriptor would make VARCHAR of it
        return sa.Text() if dialect.name == "sqlite" else sa.Text(collation="C")


class Flag(TypeDecorator[bool]):
    """Yes or no."""

    impl = sa.Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(
            sqlite.INTEGER() if dialect.name == "sqlite" else sa.Boolean()
        )

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value if value is None or dialect.name != "sqlite" else int(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)


class Day(TypeDecorator[dt.date]):
    """A calendar day."""

    impl = sa.Date
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sqlite.TEXT() if dialect.name == "sqlite" else sa.Date())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value if value is None or dialect.name != "sqlite" else value.isoformat()

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.date | None:
        return dt.date.fromisoformat(value) if isinstance(value, str) else value


class Moment(TypeDecorator[dt.datetime]):
    """A point in time, UTC, to the microsecond."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.TEXT())
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        # Not strftime: it does not pad years below 1000.
        return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(" ", "microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC)
        moment: dt.datetime = value
        return moment.astimezone(dt.UTC)


class Names(TypeDecorator[tuple[str, ...]]):
    """Several short names: chosen options, tags."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.TEXT())
        return dialect.type_descriptor(postgresql.ARRAY(sa.Text(collation="C")))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if not value:
            return None
        names = list(value)
        return json.dumps(names, ensure_ascii=False) if dialect.name == "sqlite" else names

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...] | None:
        if value is None:
            return None
        return tuple(json.loads(value) if isinstance(value, str) else value)


class Ids(TypeDecorator[list[int]]):
    """Many records' ids as one bound value, so that the statement stays the same."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.TEXT())
        return dialect.type_descriptor(postgresql.ARRAY(sa.BigInteger()))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        ids = list(value or ())
        return json.dumps(ids) if dialect.name == "sqlite" else ids


class Span(TypeDecorator[Any]):
    """A duration: whole days, whole months, or exact time ("seconds"), which columns hold."""

    impl = sa.Integer
    cache_ok = True

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.INTEGER())
        wanted = postgresql.INTERVAL() if self.unit == "seconds" else sa.BigInteger()
        return dialect.type_descriptor(wanted)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if isinstance(value, dt.timedelta) and self.unit == "days":
            return value.days
        if isinstance(value, dt.timedelta) and dialect.name == "sqlite":
            return value // dt.timedelta(microseconds=1)
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if value is None or self.unit == "months" or isinstance(value, dt.timedelta):
            return value
        return dt.timedelta(days=value) if self.unit == "days" else dt.timedelta(microseconds=value)
