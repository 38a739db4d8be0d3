"""What a list asks for, and the cursor that leads from one page to the next."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.problems import Refusal, Text
from engine.records import messages as say

LIMIT = 25
MOST = 1_000
MICROSECOND = dt.timedelta(microseconds=1)
CAP = 1_000
"""A capped count counts no further than this."""
COUNTS = ("none", "capped", "exact")


@dataclass(frozen=True, slots=True)
class Linking:
    """A link that is being filled: the field of the object, and the linking record's values so
    far, as far as the condition on the target reads them."""

    object: str
    name: str
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class Query:
    """One page of a list.

    `where` is an expression; `filters` map fields to one value or a list of them, in input
    form; `sort` names fields, with "-" for descending; `words` are searched; `fields` limits
    what is read (None: all readable); `after` is the cursor of the page before. `lines_of` asks
    for the lines of one record, or of several, in their order. With `linking`, only records are
    found that may be linked there. With `masks`, fields that may not be read are there as their
    masks, as far as those may be seen (`engine.permissions.masks.Obscured`).
    """

    where: str = ""
    filters: Mapping[str, Any] = field(default_factory=dict)
    sort: tuple[str, ...] = ()
    words: str = ""
    fields: tuple[str, ...] | None = None
    limit: int = LIMIT
    after: str = ""
    count: str = "none"
    deleted: bool = False
    action: str = "read"
    lines_of: int | tuple[int, ...] | None = None
    linking: Linking | None = None
    masks: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: its phase, its sort values and its id (rule 24)."""

    phase: int
    values: tuple[Any, ...]
    id: int

    def encode(self) -> str:
        """The cursor as a short text for an address."""
        packed = json.dumps([self.phase, [_packed(v) for v in self.values], self.id])
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, keys: int) -> Cursor:
        """The cursor from its text, for a list of `keys` sort keys; refuses any other text."""
        try:
            padded = text + "=" * (-len(text) % 4)
            phase, values, id = json.loads(base64.urlsafe_b64decode(padded.encode()))
            if phase in (1, 2) and type(id) is int and len(values) == keys:
                return cls(phase, tuple(_unpacked(v) for v in values), id)
        except (ValueError, TypeError, KeyError, binascii.Error, ArithmeticError, RecursionError):
            pass
        raise bad_cursor(text)


def bad_cursor(text: str) -> Refusal:
    """The refusal of a cursor that no page of this list ended with."""
    expected = Text({"en": "the `next` of the page before", "zh": "上一页的 `next`"})
    return Refusal(say.BAD_QUERY(key="after", found=text[:40], expected=expected))


def _packed(value: Any) -> Any:
    match value:
        case Decimal():
            return {"d": str(value)}
        case dt.datetime():
            return {"t": value.isoformat()}
        case dt.date():
            return {"c": value.isoformat()}
        case dt.timedelta():
            return {"s": value // MICROSECOND}
    return value


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        readers = {"d": Decimal, "t": dt.datetime.fromisoformat, "c": dt.date.fromisoformat}
        if kind == "s":
            return int(text) * MICROSECOND
        return readers[kind](text)  # type: ignore[operator]
    if value is None or isinstance(value, str | int | bool):
        return value
    raise ValueError(value)
