"""Days, points in time (rule 20: they are UTC), and times of day."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy.types import TypeEngine

from engine.expressions import sqltypes
from engine.expressions.types import Kind, Type
from engine.fieldtypes.base import FieldType, is_empty, not_readable

_LOOSE_TIME = re.compile(r"(\d{1,2})[:：时点](\d{2})(?:[:：]00)?分?")
_LOOSE_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


@dataclass(frozen=True, kw_only=True)
class Date(FieldType):
    """A calendar day; reads 2026-01-31, 2026/1/31 and 2026年1月31日."""

    name = "date"
    control = "date"

    def expression_type(self) -> Type:
        return Type(Kind.DATE)

    def column_type(self) -> TypeEngine[Any]:
        return sqltypes.Day()

    def read(self, raw: Any) -> dt.date | None:
        if is_empty(raw):
            return None
        if isinstance(raw, dt.datetime):
            return raw.date()
        if isinstance(raw, dt.date):
            return raw
        match = _LOOSE_DAY.fullmatch(raw.strip()) if isinstance(raw, str) else None
        try:
            if match:
                return dt.date(*map(int, match.groups()))
        except ValueError:
            pass
        raise not_readable(raw, "a date such as 2026-01-31", "日期（如 2026-01-31）")

    def to_json(self, value: Any) -> Any:
        return None if value is None else value.isoformat()

    def to_text(self, value: Any) -> str:
        return "" if value is None else value.isoformat()


@dataclass(frozen=True, kw_only=True)
class MomentType(FieldType):
    """A point in time; a text without an offset is taken as UTC."""

    name = "moment"
    control = "moment"

    def expression_type(self) -> Type:
        return Type(Kind.MOMENT)

    def column_type(self) -> TypeEngine[Any]:
        return sqltypes.Moment()

    def read(self, raw: Any) -> dt.datetime | None:
        if is_empty(raw):
            return None
        moment = raw
        if isinstance(raw, str):
            try:
                moment = dt.datetime.fromisoformat(raw.strip())
            except ValueError:
                moment = None
        elif isinstance(raw, dt.date) and not isinstance(raw, dt.datetime):
            moment = dt.datetime(raw.year, raw.month, raw.day)
        if not isinstance(moment, dt.datetime):
            raise not_readable(
                raw, "a time such as 2026-01-31T08:30:00Z", "时间（如 2026-01-31T08:30:00Z）"
            )
        if moment.tzinfo is None:
            return moment.replace(tzinfo=dt.UTC)
        try:
            return moment.astimezone(dt.UTC)
        except OverflowError:
            raise not_readable(
                raw, "a time within years 1 to 9999", "公元 1 至 9999 年的时间"
            ) from None

    def to_json(self, value: Any) -> Any:
        return None if value is None else value.isoformat().replace("+00:00", "Z")

    def to_text(self, value: Any) -> str:
        return "" if value is None else str(self.to_json(value))


@dataclass(frozen=True, kw_only=True)
class TimeOfDay(FieldType):
    """A time of day to the minute, wherever the reader is; kept as 08:30, which also sorts."""

    name = "time"
    control = "time"

    def expression_type(self) -> Type:
        return Type(Kind.TEXT)

    def column_type(self) -> TypeEngine[Any]:
        return sqltypes.String()

    def read(self, raw: Any) -> str | None:
        if is_empty(raw):
            return None
        if isinstance(raw, dt.time):
            return f"{raw:%H:%M}"
        match = _LOOSE_TIME.fullmatch(raw.strip()) if isinstance(raw, str) else None
        if match and int(match[1]) < 24 and int(match[2]) < 60:
            return f"{int(match[1]):02}:{match[2]}"
        raise not_readable(raw, "a time of day such as 08:30", "时刻（如 08:30）")
