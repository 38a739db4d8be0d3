"""Keyset pages in two phases (rule 24).

Empties come last in both directions. Phase 1 walks the rows whose first sort key has a value,
phase 2 those where it is empty. The id is the last key and takes the last key's direction, so
one index serves both the order and the continuation.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from engine.expressions.calendars import MOST_DAYS
from engine.expressions.sqltypes import DIGITS, Day, Flag, Moment, Number, Span, String
from engine.records.listing import Builder
from engine.records.query import Cursor, bad_cursor
from engine.schema.tables import POSITION

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
NEVER_EMPTY = frozenset(("id", "version", "created_on", POSITION))


@dataclass(frozen=True, eq=False)
class Ordering:
    """The order of a list: sort keys, whether each descends, and the id's direction.

    `filled` says that the first key is never empty, so that there is no second phase.
    """

    keys: tuple[str, ...]
    columns: tuple[sa.ColumnElement[Any], ...]
    descending: tuple[bool, ...]
    id: sa.ColumnElement[Any]
    filled: bool

    @classmethod
    def of(cls, builder: Builder, sort: tuple[str, ...]) -> Ordering:
        """The order for `sort`; without one the newest records come first.

        Raises Refusal for fields that are unknown or have no order.
        """
        names = [name.removeprefix("-") for name in sort]
        directions = [name.startswith("-") for name in sort]
        if "id" in names:  # nothing can follow it
            end = names.index("id")
            names, directions = names[:end], directions[: end + 1]
        else:
            directions.append(directions[-1] if directions else True)
        columns = tuple(builder.sort_key(name) for name in names)
        filled = not names or (names[0] in NEVER_EMPTY and isinstance(columns[0], sa.Column))
        return cls(tuple(names), columns, tuple(directions), builder.source.c.id, filled)

    @property
    def phases(self) -> tuple[int, ...]:
        """The phases that rows can be in."""
        return (1,) if self.filled else (1, 2)

    def cursor(self, text: str) -> Cursor:
        """The cursor that a page ended with, from its text; refuses any other text."""
        cursor = Cursor.decode(text, len(self.columns))
        sound = all(map(_fits, cursor.values, self.columns))
        if not (sound and cursor.phase in self.phases and 0 < cursor.id < 2**63):
            raise bad_cursor(text)
        return cursor

    def order(self, phase: int) -> list[sa.ColumnElement[Any]]:
        """ORDER BY of the page in a phase."""
        return self._order(phase, list(self.columns), self.id)

    def outer_order(self, phase: int, page: sa.FromClause) -> list[sa.ColumnElement[Any]]:
        """The same order over the finished page."""
        return self._order(phase, [page.c[f"k_{i}"] for i in range(len(self.keys))], page.c.id)

    def _order(
        self, phase: int, columns: list[sa.ColumnElement[Any]], id: sa.ColumnElement[Any]
    ) -> list[sa.ColumnElement[Any]]:
        first = 1 if phase == 2 else 0
        result: list[sa.ColumnElement[Any]] = []
        for index in range(first, len(columns)):
            column = columns[index].desc() if self.descending[index] else columns[index].asc()
            # the first key has no empties in phase 1, so a plain order lets its index serve
            result.append(column if index == 0 else column.nulls_last())
        result.append(id.desc() if self.descending[-1] else id.asc())
        return result

    def conditions(self, phase: int, resumed: bool) -> list[sa.ColumnElement[bool]]:
        """Which rows belong to a phase and, when `resumed`, lie beyond the cursor."""
        result: list[sa.ColumnElement[bool]] = []
        if len(self.phases) == 2:
            first = self.columns[0]
            result.append(first.is_not(None) if phase == 1 else first.is_(None))
        if resumed:
            start = 1 if phase == 2 else 0
            result.extend(self._beyond(start))
        return result

    def _beyond(self, start: int) -> list[sa.ColumnElement[bool]]:
        columns = self.columns[start:]
        id = sa.bindparam("c_id", type_=sa.BigInteger())
        down = self.descending[-1]
        if not columns:
            return [self.id < id if down else self.id > id]
        bound: list[sa.ColumnElement[Any]] = [
            sa.bindparam(f"c_{start + i}", type_=column.type) for i, column in enumerate(columns)
        ]
        if len(columns) == 1 and start == 0 and self.descending[0] is down:
            pair = sa.tuple_(columns[0], self.id)
            beyond = sa.tuple_(bound[0], id)
            return [pair < beyond if down else pair > beyond]
        # PostgreSQL must be told the type of a value before it can ask whether it is empty
        bound = [v if isinstance(v.type, String) else sa.cast(v, v.type) for v in bound]
        alternatives: list[sa.ColumnElement[bool]] = []
        equal: list[sa.ColumnElement[bool]] = []
        for index, column in enumerate(columns):
            value = bound[index]
            after = column < value if self.descending[start + index] else column > value
            # empties come last: they are beyond every value, and nothing is beyond them
            further = sa.and_(value.is_not(None), sa.or_(after, column.is_(None)))
            alternatives.append(sa.and_(*equal, further))
            equal.append(sa.or_(column == value, sa.and_(column.is_(None), value.is_(None))))
        alternatives.append(sa.and_(*equal, self.id < id if down else self.id > id))
        result: list[sa.ColumnElement[bool]] = [sa.or_(*alternatives)]
        if start == 0:  # lets the index start at the cursor
            lead = columns[0] <= bound[0] if self.descending[0] else columns[0] >= bound[0]
            result.append(lead)
        return result

    def parameters(self, cursor: Cursor) -> dict[str, Any]:
        """The parameters of a resumed phase."""
        return {f"c_{i}": value for i, value in enumerate(cursor.values)} | {"c_id": cursor.id}


def _fits(value: Any, column: sa.ColumnElement[Any]) -> bool:
    """Whether a cursor's value can stand in the column: cursors come back from outside."""
    type_ = column.type
    if value is None:
        return True
    if isinstance(type_, Number):
        return isinstance(value, Decimal) and value.is_finite() and value.adjusted() < DIGITS
    if isinstance(type_, String):
        return isinstance(value, str) and not _UNSTORABLE.search(value)
    if isinstance(type_, Flag):
        return isinstance(value, bool)
    if isinstance(type_, Moment):
        return isinstance(value, dt.datetime) and value.tzinfo is not None
    if isinstance(type_, Day):
        return isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    if isinstance(type_, Span):
        return isinstance(value, dt.timedelta) and abs(value.days) < 2 * MOST_DAYS
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
