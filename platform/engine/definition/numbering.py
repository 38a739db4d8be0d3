"""Patterns of record numbers: `OPP-{year}-{seq:05}`."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

_PART = re.compile(r"\{(year|month|day|seq)(?::0?(\d{1,2}))?\}")
_DIGITS = {"year": "[0-9]{4}", "month": "[0-9]{2}", "day": "[0-9]{2}", "seq": "[0-9]{1,18}"}


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """How an object's records are numbered.

    A sequence runs per distinct text of the date parts, so `{year}` starts anew each year.
    `gapless` takes the counter as the last step of the transaction (rule 12).
    """

    pattern: str
    gapless: bool = False

    def problem(self) -> str:
        """Why the pattern is not usable: "sequence", "digits" or "braces"; empty when it is."""
        rest = _PART.sub("", self.pattern)
        if "{" in rest or "}" in rest:
            return "braces"
        if len(re.findall(r"\{seq", self.pattern)) != 1:
            return "sequence"
        if not rest or rest.isdigit():  # an id must never look like a number (rule 7)
            return "digits"
        return ""

    def period(self, day: dt.date) -> str:
        """The name of the sequence that `day` belongs to: the pattern with its date filled in."""
        return _PART.sub(
            lambda m: "{seq}" if m[1] == "seq" else self._date_part(m[1], day), self.pattern
        )

    def format(self, sequence: int, day: dt.date) -> str:
        """The number with the sequence's value `sequence`, on `day` in the company's time zone."""
        return _PART.sub(
            lambda m: (
                f"{sequence:0{int(m[2] or 1)}}" if m[1] == "seq" else self._date_part(m[1], day)
            ),
            self.pattern,
        )

    def sequence_of(self, number: str) -> tuple[str, int] | None:
        """The period and sequence value of a number in this form, or None (imported numbers)."""
        parts: list[str] = []
        position = 0
        for match in _PART.finditer(self.pattern):
            parts.append(re.escape(self.pattern[position : match.start()]))
            again = any(part.startswith(f"(?P<{match[1]}>") for part in parts)
            form = f"(?P={match[1]})" if again else f"(?P<{match[1]}>{_DIGITS[match[1]]})"
            parts.append(form)
            position = match.end()
        parts.append(re.escape(self.pattern[position:]))
        found = re.fullmatch("".join(parts), number)
        if not found:
            return None
        period = _PART.sub(lambda m: "{seq}" if m[1] == "seq" else found[m[1]], self.pattern)
        return period, int(found["seq"])

    @staticmethod
    def _date_part(part: str, day: dt.date) -> str:
        return f"{day.year:04}" if part == "year" else f"{getattr(day, part):02}"
