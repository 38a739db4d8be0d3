"""How long something takes: exact time in whole seconds.

It reads what people write (1:30, 1h30m, 90 min, 1.5 h, 1小时30分) and ISO 8601 (PT1H30M), which
JSON and export files use. A day is 24 hours; months and years, whose length depends on the
calendar, are none of its units. A number without a unit is refused: it could be hours or minutes.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy.types import TypeEngine

from engine.expressions.calendars import MOST_DAYS
from engine.expressions.sqltypes import Span
from engine.expressions.types import Kind, Type
from engine.fieldtypes.base import FieldType, is_empty, not_readable
from engine.problems import Message, Refusal

TOO_LONG = Message(
    "duration-too-long",
    en="{found} is longer than {limit} days",
    zh="{found} 超过 {limit} 天",
)
SECONDS = {
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "秒": 1, "秒钟": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "分": 60, "分钟": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "时": 3600, "小时": 3600,
    "钟头": 3600, "个小时": 3600, "d": 86_400, "day": 86_400, "days": 86_400, "天": 86_400,
    "日": 86_400, "w": 604_800, "week": 604_800, "weeks": 604_800, "周": 604_800,
}  # fmt: skip
"""Seconds of each unit, by the words that are read."""
_NUMBER = r"\d{1,12}(?:\.\d{1,6})?"
_PART = re.compile(rf"\s*({_NUMBER})\s*([a-z]+|[一-鿿]{{1,3}})\s*(?:,|and|又|零)?", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,8}):([0-5]\d)(?::([0-5]\d))?")
_ISO = re.compile(
    rf"P(?:(?P<w>{_NUMBER})W)?(?:(?P<d>{_NUMBER})D)?"
    rf"(?:T(?=\d)(?:(?P<h>{_NUMBER})H)?(?:(?P<m>{_NUMBER})M)?(?:(?P<s>{_NUMBER})S)?)?",
    re.IGNORECASE,
)
_SIGN = re.compile(r"[-−+]")
_SHOWN = {"en": (" h", " min", " s", " ", "0 min"), "zh": ("小时", "分", "秒", "", "0分")}


@dataclass(frozen=True, kw_only=True)
class Duration(FieldType):
    """An exact length of time, a `datetime.timedelta` of whole seconds."""

    name = "duration"
    control = "duration"

    def expression_type(self) -> Type:
        return Type(Kind.DURATION, unit="seconds")

    def column_type(self) -> TypeEngine[Any]:
        return Span("seconds")

    def read(self, raw: Any) -> dt.timedelta | None:
        if is_empty(raw):
            return None
        if isinstance(raw, dt.timedelta):
            return rounded(raw)
        if isinstance(raw, dt.time):  # what a worksheet makes of 1:30
            return dt.timedelta(hours=raw.hour, minutes=raw.minute, seconds=raw.second)
        if isinstance(raw, str) and len(raw) <= 60:
            seconds = _seconds(unicodedata.normalize("NFKC", raw).strip())
            if seconds is not None:
                if abs(seconds) > MOST_DAYS * 86_400:
                    raise Refusal(TOO_LONG(found=raw.strip(), limit=f"{MOST_DAYS:,}"))
                return dt.timedelta(seconds=seconds)
        raise not_readable(
            raw, "a duration with its unit, such as 1:30, 90 min or 1.5 h",
            "带单位的时长（如 1:30、90分钟、1.5小时）",
        )  # fmt: skip

    def to_json(self, value: Any) -> str | None:
        return None if value is None else iso(value)

    def to_text(self, value: Any) -> str:
        return self.to_json(value) or ""

    def format(self, value: Any, locale: str) -> str:
        """1 h 30 min, 1小时30分: in hours, however many, since a day's work is none of 24."""
        if value is None:
            return ""
        *units, between, nothing = _SHOWN["zh" if locale.startswith("zh") else "en"]
        sign, *numbers = _parts(value)
        parts = [f"{n:d}{unit}" for n, unit in zip(numbers, units, strict=True) if n]
        return f"{sign}{between.join(parts)}" if parts else nothing


def iso(value: dt.timedelta) -> str:
    """A duration in hours, minutes and whole seconds as ISO 8601 writes it: PT26H30M."""
    sign, *numbers = _parts(value)
    parts = [f"{n}{unit}" for n, unit in zip(numbers, "HMS", strict=True) if n]
    return f"{sign}PT{''.join(parts) or '0S'}"


def rounded(value: dt.timedelta) -> dt.timedelta:
    """`value` in whole seconds, half away from zero."""
    half = dt.timedelta(microseconds=500_000)
    whole = dt.timedelta(seconds=(abs(value) + half) // dt.timedelta(seconds=1))
    return whole if value >= dt.timedelta() else -whole


def _parts(value: dt.timedelta) -> tuple[str, int, int, int]:
    """Sign, hours, minutes and seconds."""
    total = abs(value) // dt.timedelta(seconds=1)
    minutes, seconds = divmod(total, 60)
    return "-" if value < dt.timedelta() else "", *divmod(minutes, 60), seconds


def _seconds(text: str) -> int | None:
    """The seconds that a text means, rounded half away from zero, or None."""
    sign = _SIGN.match(text)
    size = _size(text[sign.end() :].strip() if sign else text)
    if size is None:
        return None
    whole = int(size.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return -whole if sign and sign[0] != "+" else whole


def _size(text: str) -> Decimal | None:
    clock = _CLOCK.fullmatch(text)
    if clock:
        return Decimal(int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0))
    iso = _ISO.fullmatch(text)
    if iso and any(iso.groups()):
        return sum((Decimal(n) * SECONDS[u] for u, n in iso.groupdict().items() if n), Decimal(0))
    total, position = Decimal(0), 0
    while position < len(text):
        part = _PART.match(text, position)
        unit = SECONDS.get(part[2].lower()) if part else None
        if part is None or unit is None:
            return None
        total += Decimal(part[1]) * unit
        position = part.end()
    return total if position else None
