"""For whom an actor stands in today: their principals, each as they act themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from assembly.organisation import placed
from engine.permissions.actors import Actor, Principal
from engine.permissions.deputies import APPROVALS, BOTH, ROWS
from engine.records.deputies import standing_today
from engine.records.gate import Gate

RolesOf = Callable[[Collection[int]], Mapping[int, frozenset[str]]]
"""The roles of people who may sign in, by id; whoever may not gives nothing to a deputy."""
Found = Mapping[int, frozenset[str] | None]
"""The roles of people by id, None of those who may not sign in."""


def deputising(
    gate: Gate, connection: sa.Connection, actor: Actor, roles_of: RolesOf
) -> tuple[Actor, Found]:
    """The actor with their principals, and what was found of the roles of all who named them.

    `actor` is placed in the organisation already. Whom the principals stand in for themselves
    does not carry on.
    """
    if actor.person is None:
        return actor, {}
    rows = standing_today(gate, connection, deputies=[actor.person])
    if not rows:
        return actor, {}
    people = sorted({row.person for row in rows})
    roles = roles_of(people)

    def place(person: int) -> Actor:
        return placed(gate, connection, Actor(roles=roles[person]), person)

    found = principals((row for row in rows if row.person in roles), place)
    return actor.standing_in(found), {person: roles.get(person) for person in people}


def principals(rows: Iterable[Any], place: Callable[[int], Actor]) -> list[Principal]:
    """The principals that rows of person and what name, each once."""
    what: dict[int, set[str]] = {}
    for row in rows:
        what.setdefault(row.person, set()).add(row.what)
    found = []
    for person, words in sorted(what.items()):
        actor = place(person)
        if actor.person is not None:
            rows_, approvals = bool(words & {ROWS, BOTH}), bool(words & {APPROVALS, BOTH})
            found.append(Principal(actor, rows=rows_, approvals=approvals))
    return found
