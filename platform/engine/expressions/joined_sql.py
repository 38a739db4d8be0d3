"""Collections made by many links, in SQL: membership by way of the field's join table."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from engine.expressions.sqltypes import Id
from engine.expressions.types import Member, View

FROM, TO = "from_id", "to_id"
"""The columns of every join table: the record that names, and the one that is named."""


def join_table(name: str) -> sa.TableClause:
    """A fresh reference to the join table `name`."""
    return sa.table(name, sa.column(FROM, Id()), sa.column(TO, Id()))


def named_by(
    member: Member, owner: sa.ColumnElement[Any], source: sa.FromClause
) -> sa.ColumnElement[bool]:
    """Whether the record of `source` is one of those that `owner` names in the field `member`."""
    join = join_table(member.join).alias()
    named = sa.select(join.c[TO]).where(join.c[FROM] == owner)
    return source.c.id.in_(named.correlate_except(join))


def naming(
    view: View, object: str, via: Member, owner: sa.ColumnElement[Any], source: sa.FromClause
) -> sa.ColumnElement[bool]:
    """Whether the record of `source`, of `object`, names `owner` in its field `via`.

    Where this view may not read the field, the record names nothing.
    """
    join = join_table(via.join).alias()
    seen = view.formula(object, via, source.c.id, source)
    found = sa.select(join.c[FROM]).where(join.c[TO] == owner)
    return seen.in_(found.correlate_except(join))
