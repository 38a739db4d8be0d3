"""Which other tables a statement must join because expressions follow links."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.expressions.trees import link_column
from engine.expressions.types import Member, View


@dataclass(frozen=True, slots=True)
class Join:
    """`LEFT JOIN source ON on`."""

    source: sa.FromClause
    on: sa.ColumnElement[bool]


@dataclass
class JoinSet:
    """The joins of one FROM, one for each distinct link path, in the order they are needed.

    Several expressions compiled with the same set share their joins.
    """

    joins: list[Join] = field(default_factory=list)
    _by_path: dict[tuple[int, int, str], tuple[sa.FromClause, View]] = field(default_factory=dict)

    def link(self, view: View, object: str, member: Member, source: sa.FromClause) -> sa.FromClause:
        """The joined table that `member` of `source` (a row of `object`) points to."""
        # different views see different rows; each is kept, so that its id stays its own
        path = (id(view), id(source), member.name)
        if path not in self._by_path:
            linked = view.source(member.type.object)
            column: sa.ColumnElement[Any] = link_column(view, object, member, source)
            on = linked.c.id == column
            visible = view.visible(member.type.object, linked)
            self.joins.append(Join(linked, on if visible is None else sa.and_(on, visible)))
            self._by_path[path] = (linked, view)
        return self._by_path[path][0]

    def applied(self, source: sa.FromClause) -> sa.FromClause:
        """`source` with all joins applied."""
        joined = source
        for join in self.joins:
            joined = joined.outerjoin(join.source, join.on)
        return joined

    def sources(self) -> list[sa.FromClause]:
        """The joined tables."""
        return [join.source for join in self.joins]
