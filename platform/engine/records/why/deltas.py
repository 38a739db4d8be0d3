"""What other roles would do: rows that people would gain or lose, counted on the real data.

Two predicates, as they are and as they would be, are put into one statement for all people who
have the same roles (`crowds`): which rows one holds for somebody and the other does not. Counts end
at `MOST`, and what takes too long is not counted; both are said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.permissions.lens import Lens
from engine.problems import Refusal
from engine.records.contexts import Contexts
from engine.records.gate import Gate
from engine.records.seen import Count
from engine.records.why.budget import Budget, hurried
from engine.records.why.crowds import crowd_of
from engine.records.why.findings import Delta
from engine.schema.tables import DELETED, Tables

MOST = 10_000
"""Rows of one change are counted no further than this."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two states: the object's lens for a set of roles, and its tables."""

    lens: Lens
    tables: Tables


def gained(
    gate: Gate, budget: Budget, before: Side, after: Side, action: str, people: Sequence[Actor]
) -> Delta:
    """What people gain of an action from `before` to `after`, on live records; of restoring, on
    those in the recycle bin. All of them have the roles that the two lenses were made for.
    """
    if not people or not _may(after.lens, action):
        return Delta()
    seconds = budget.left()
    if not seconds:
        return Delta(tuple(people), None)
    try:
        with hurried(gate.databases, seconds) as connection:
            return _counted(gate, connection, before, after, action, people)
    except (DBAPIError, KeyError, Refusal):  # it took too long, or asks for what is not there yet
        return Delta(tuple(people), None)


def _counted(
    gate: Gate,
    connection: sa.Connection,
    before: Side,
    after: Side,
    action: str,
    people: Sequence[Actor],
) -> Delta:
    binds = Binds()
    old, new = (side.tables.table(side.lens.definition.name).alias() for side in (before, after))
    gains = sa.and_(
        _granted(after.lens, action, new, binds),
        sa.case((_granted(before.lens, action, old, binds), 1), else_=0) == 0,
    )
    rows = old.join(new, old.c.id == new.c.id)
    gone = old.c[DELETED].is_not(None)
    live = gone if action == "restore" else sa.not_(gone)
    contexts = Contexts(gate, connection, people)
    bare = sa.select(old.c.id).select_from(rows).where(live, gains)
    crowd = crowd_of(gate, connection, contexts, people, binds, bare)
    somebody = sa.exists(sa.select(sa.literal(1)).select_from(crowd.source).where(gains))
    limited = sa.select(sa.literal(1)).select_from(rows).where(live, somebody).limit(MOST + 1)
    counting = sa.select(sa.func.count()).select_from(limited.subquery())
    ((value,),) = crowd.rows(connection, counting)
    if not value:
        return Delta()
    something = sa.exists(sa.select(sa.literal(1)).select_from(rows).where(live, gains))
    gaining = sa.select(crowd.source.c.n).select_from(crowd.source).where(something)
    found = [actor for (n,) in crowd.rows(connection, gaining) for actor in crowd.groups[n]]
    return Delta(tuple(found), Count(min(value, MOST), value <= MOST))


def _granted(lens: Lens, action: str, source: sa.FromClause, binds: Binds) -> sa.ColumnElement[Any]:
    """The rows on which the action is granted, and that are seen at all."""
    if not _may(lens, action):
        return sa.false()
    found = [lens.rows(one, source, binds) for one in dict.fromkeys(("read", action))]
    parts = [part for part in found if part is not None]
    return sa.and_(*parts) if parts else sa.true()


def _may(lens: Lens, action: str) -> bool:
    return lens.may(action) and lens.may("read")
