"""How long the audit is kept.

    audit: {keep: 7 years, keep_access: 1 year}

What was done is kept for `keep`, what was seen for `keep_access`, or as long; without either for
ever. Accesses cannot outlive changes: what was erased of them is noted among the changes.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

from engine.definition.kinds import Problems
from engine.definition.tree import Node
from engine.problems import Message

TOO_LONG = Message(
    "audit-keep-access",
    en="accesses are kept for {access}, longer than changes, {keep}",
    zh="读取记录的保留时长 {access} 超过变更的保留时长 {keep}",
    hint_en="keep them as long as changes, or shorter",
    hint_zh="请设为不超过变更的保留时长",
)


@dataclass(frozen=True, slots=True)
class Span:
    """A time as people say it: so many days, months or years."""

    number: int
    unit: str

    def before(self, moment: dt.datetime) -> dt.datetime:
        """The moment so long before; the day is that of the month's end where it has fewer."""
        if self.unit == "days":
            return moment - dt.timedelta(days=self.number)
        months = self.number * (12 if self.unit == "years" else 1)
        whole = moment.year * 12 + moment.month - 1 - months
        year, month = max(whole // 12, 1), whole % 12 + 1
        last = calendar.monthrange(year, month)[1]
        return moment.replace(year=year, month=month, day=min(moment.day, last))

    def __str__(self) -> str:
        return f"{self.number} {self.unit}"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows of the audit are kept; None for ever."""

    keep: Span | None = None
    keep_access: Span | None = None


def build_retention(node: Node, problems: Problems) -> Retention:
    """The retention of the site; adds a problem where accesses would outlive changes."""
    found = node.get("audit")
    if found is None:
        return Retention()
    keep, access = (_span(found.plain(name, "")) for name in ("keep", "keep_access"))
    start = dt.datetime(2400, 1, 1, tzinfo=dt.UTC)
    if keep and access and access.before(start) < keep.before(start):
        problems.append(TOO_LONG(found.at("keep_access"), access=access, keep=keep))
    return Retention(keep, access or keep)


def _span(text: str) -> Span | None:
    number, _, unit = str(text).partition(" ")
    return Span(int(number), unit) if number.isdecimal() else None
