"""Who acts: a person with their roles and place in the organisation, or the system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody who reads or writes.

    `team` are the ids of the person and of everyone who reports to them directly or
    indirectly; `department` is their main department, `memberships` all of which they are members
    today, `departments` those and the ones below, `above` the ones above (rule 29). `teams` are
    the teams that they are in today. `via` is the door they came through: screen, api, import,
    command, automation or system.
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


SYSTEM = Actor(name="system", is_system=True, via="system")
"""The command line without a named user, seed data, derived fields (rule 10)."""
