"""Who acts: a person with their roles and place in the organisation, or the system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

STANDING_IN = "standing in "
"""With a number and the roles of a principal behind it, stands among the roles of whoever stands
in for others today. No role can be named so and none grants anything by it: it keeps the
predicates of deputies apart from those of everybody else."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody who reads or writes.

    `team` are the ids of the person and of everyone who reports to them directly or
    indirectly; `department` is their main department, `memberships` all of which they are members
    today, `departments` those and the ones below, `above` the ones above (rule 29). `teams` are
    the teams that they are in today. `via` is the door they came through: screen, api, import,
    command, automation or system. `principals` are those for whom they stand in today.
    """

    person: int | None = None
    name: str = ""
    roles: frozenset[str] = frozenset()
    department: int | None = None
    team: tuple[int, ...] = ()
    departments: tuple[int, ...] = ()
    memberships: tuple[int, ...] = ()
    above: tuple[int, ...] = ()
    teams: tuple[int, ...] = ()
    locale: str = "en"
    via: str = "api"
    is_system: bool = False
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)
    principals: tuple[Principal, ...] = ()

    def standing_in(self, principals: Iterable[Principal]) -> Actor:
        """The same, standing in for these people; whoever these stand in for is left out."""
        found = sorted(principals, key=lambda one: (not one.rows, sorted(one.actor.roles)))
        marks = {
            f"{STANDING_IN}{number} {' '.join(sorted(one.actor.roles))}"
            for number, one in enumerate(found)
            if one.rows
        }
        own = {role for role in self.roles if not role.startswith(STANDING_IN)}
        return replace(self, roles=frozenset(own | marks), principals=tuple(found))

    def parameters(self) -> dict[str, Any]:
        """Values for the bind parameters that named scopes use."""
        return {
            "actor_person": self.person,
            "actor_department": self.department,
            "actor_team": list(self.team),
            "actor_departments": list(self.departments),
            "actor_memberships": list(self.member_of()),
        }

    def member_of(self) -> tuple[int, ...]:
        """The departments of which they are members: the main one, where nothing else is known."""
        if self.memberships or self.department is None:
            return self.memberships
        return (self.department,)

    def holders(self) -> list[str]:
        """Whom a record must be shared with to be shared with them; roles aside."""
        found = [] if self.person is None else [f"person:{self.person}"]
        found += [f"team:{id}" for id in self.teams]
        return found + [f"department:{id}" for id in {*self.member_of(), *self.above}]


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who is away: as whom they act, and in what another stands in for them."""

    actor: Actor
    rows: bool
    approvals: bool

    @property
    def person(self) -> int:
        """The id of the person."""
        return self.actor.person or 0


def principal_roles(roles: Iterable[str]) -> list[tuple[int, frozenset[str]]]:
    """The places among an actor's principals, and the roles of each, from the actor's roles."""
    marks = (role[len(STANDING_IN) :].split() for role in roles if role.startswith(STANDING_IN))
    return sorted((int(number), frozenset(held)) for number, *held in marks)


SYSTEM = Actor(name="system", is_system=True, via="system")
"""The command line without a named user, seed data, derived fields (rule 10)."""
