"""The names of a scenario and what they stand for, as far as that is known before it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.definition.kinds import Problems
from engine.problems import Place
from scenarios import messages as say
from scenarios.definitions import Person


@dataclass
class Symbols:
    """Names of records with their objects, and the people among them."""

    objects: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def add(self, name: str, object: str, place: Place, problems: Problems) -> None:
        """Gives a record a name; the second one of that name is a problem."""
        if name in self.objects:
            problems.append(say.NAME_TWICE(place, name=name, line=self.places[name].line))
            return
        self.objects[name] = object
        self.places[name] = place

    def object_of(self, name: str) -> str:
        """The object of the record of that name, or an empty string."""
        return self.objects.get(name, "")
