"""The people of a scenario: records without accounts, who act with the roles given to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assembly.deputising import deputising
from assembly.organisation import placed
from engine.permissions.actors import SYSTEM, Actor
from engine.records.gate import Gate
from notices.directory import Directory
from scenarios.definitions import Person


@dataclass
class Cast(Directory):
    """Who plays in a scenario (`notices.directory.Directory`): persons by name, names by id."""

    people: dict[str, Person] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)

    def actor(self, gate: Gate, name: str) -> Actor:
        """As whom the person of that name acts now; without a name the system."""
        if not name:
            return SYSTEM
        person = self.people[name]
        actor = Actor(
            name=name,
            roles=frozenset(person.roles),
            locale=person.locale or gate.catalog.site.locales[0],
        )
        with gate.databases.reading() as connection:
            here = placed(gate, connection, actor, self.ids[name])
            return deputising(gate, connection, here, self._roles_of)[0]

    def name_of(self, person: int | None) -> str:
        """The name of the person with an id, or an empty string."""
        return next((name for name, id in self.ids.items() if id == person), "")

    def copy(self) -> Cast:
        """The same people, for a scenario that adds its own."""
        return replace(self, people=dict(self.people), ids=dict(self.ids))

    def become(self, other: Cast) -> None:
        """Makes it the same people as another cast, in place: others hold on to this one."""
        self.people, self.ids = dict(other.people), dict(other.ids)

    def actor_of(self, gate: Gate, person: int) -> Actor | None:
        """As whom the person reads, or None for somebody without roles."""
        name = self.name_of(person)
        return self.actor(gate, name) if name and self.people[name].roles else None

    def _roles_of(self, people: Collection[int]) -> Mapping[int, frozenset[str]]:
        names = {id: self.name_of(id) for id in people}
        found = {id: frozenset(self.people[name].roles) for id, name in names.items() if name}
        return {id: roles for id, roles in found.items() if roles}

    def people_of(self, gate: Gate, role: str) -> Sequence[int]:
        """The people with a role, by id."""
        return [id for name, id in self.ids.items() if role in self.people[name].roles]

    def locale_of(self, gate: Gate, person: int) -> str:
        """The language of the person, else the site's first."""
        name = self.name_of(person)
        chosen = self.people[name].locale if name else ""
        return chosen or str(gate.catalog.site.locales[0])

    def named(self, gate: Gate, accounts: Collection[str]) -> Mapping[str, int]:
        """The people by the names that scenarios give them, which are their accounts."""
        return {name: self.ids[name] for name in accounts if name in self.ids}
