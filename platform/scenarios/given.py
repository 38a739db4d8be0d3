"""Making what a scenario begins with: departments, people and given records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from engine.definition.tree import Node
from engine.permissions.actors import SYSTEM
from engine.problems import Place
from engine.records.deputies import name_deputy
from scenarios.definitions import Department, Given, Person, Setting, Standing
from scenarios.stage import Named, Stage
from scenarios.values import Giving

Making = tuple[Place, str, Callable[[], Any]]
"""Where something is written, what it is called, and what makes it; that may raise Refusal."""


class Giver:
    """Makes records on a stage, and gives them their names."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.site = stage.gate.catalog.site
        self.giving = Giving(stage.gate.catalog, stage.id_of)

    def all(self, setting: Setting) -> Iterator[Making]:
        """Everything that is to be made, in an order in which each can name those before.

        Who reports to whom, and which department is part of which, is entered in the end, so
        that the order in which they are written does not matter.
        """
        for department in setting.departments.values():
            yield department.place, department.name, partial(self.department, department)
        for department in setting.departments.values():
            if department.parent:
                yield department.place, department.name, partial(self.parent, department)
        for person in setting.people.values():
            yield person.place, person.name, partial(self.person, person)
        for person in setting.people.values():
            if person.manager:
                yield person.place, person.name, partial(self.manager, person)
        for given in setting.given.values():
            place = given.node.key_place or given.node.place
            yield place, given.name, partial(self.record, given)
        for standing in setting.deputies:
            yield standing.node.place, standing.deputy, partial(self.deputy, standing)

    def department(self, department: Department) -> None:
        object = self.site.department
        title = self.stage.gate.catalog.objects[object].title
        self._make(department.name, object, {title: department.name}, department.fields)

    def parent(self, department: Department) -> None:
        above = self.stage.names[department.parent].id
        self._update(department.name, {self.site.department_parent: above})

    def person(self, person: Person) -> None:
        """A person; the account's name and a mail address follow from the name, if not given."""
        site, object = self.site, self.site.person
        values: dict[str, Any] = {self.stage.gate.catalog.objects[object].title: person.name}
        if person.roles and site.person_account:
            values[site.person_account] = person.name
        if person.roles and site.person_email:
            values[site.person_email] = f"{person.name}@example.com"
        if person.department and site.person_department:
            values[site.person_department] = self.stage.names[person.department].id
        named = self._make(person.name, object, values, person.fields)
        self.stage.cast.people[person.name] = person
        self.stage.cast.ids[person.name] = named.id

    def manager(self, person: Person) -> None:
        above = self.stage.names[person.manager].id
        self._update(person.name, {self.site.person_manager: above})

    def record(self, given: Given) -> None:
        """A record, brought as far as the transitions lead that are named with it."""
        gate, stage = self.stage.gate, self.stage
        actor = stage.actor(given.actor)
        values = self.giving.values(given.object, given.fields.to_plain())
        (change,) = gate.create(actor, given.object, [values])
        assert change.id is not None
        stage.names[given.name] = Named(given.object, change.id)
        for transition in given.perform:
            gate.perform(actor, given.object, change.id, transition)

    def deputy(self, standing: Standing) -> None:
        """Somebody who stands in for another."""
        names = self.stage.names
        people = {key: names[getattr(standing, key)].id for key in ("person", "deputy")}
        name_deputy(self.stage.gate, SYSTEM, {**standing.given, **people})

    def _make(self, name: str, object: str, values: dict[str, Any], fields: Node) -> Named:
        given = values | self.giving.values(object, fields.to_plain())
        (change,) = self.stage.gate.create(SYSTEM, object, [given])
        assert change.id is not None
        self.stage.names[name] = Named(object, change.id)
        return self.stage.names[name]

    def _update(self, name: str, values: dict[str, Any]) -> None:
        named = self.stage.names[name]
        self.stage.gate.update(SYSTEM, named.object, named.id, values)
