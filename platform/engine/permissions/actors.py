"""Who acts: a person with their roles and place in the organisation, or the system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody who reads or writes.

    `team` are the ids of the person and of everyone who reports to them directly or
    indirectly; `departments` their department and those below it (rule 29). `via` is the door
    they came through: screen, api, import, command, automation or system.
    """

    person: int | None = None
    name: str = ""
    roles: frozenset[str] = frozenset()
    department: int | None = None
    team: tuple[int, ...] = ()
    departments: tuple[int, ...] = ()
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
        }


SYSTEM = Actor(name="system", is_system=True, via="system")
"""The command line without a named user, seed data, derived fields (rule 10)."""
