"""Holding a scenario against the definitions, before it runs: every name means something.

What a step is expected to be refused for is not looked at: there the mistake is the point.
"""

from __future__ import annotations

from pathlib import Path

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.objects import Object
from engine.definition.tree import Node
from engine.permissions.roles import ACTIONS
from engine.problems import did_you_mean
from scenarios import messages as say
from scenarios.converting import check_conversion
from scenarios.definitions import (
    EMPTY,
    Background,
    Expectation,
    Given,
    Person,
    Scenario,
    Setting,
    Step,
)
from scenarios.lookups import Lookups
from scenarios.mapping import mapping_of


def check_background(background: Background, catalog: Catalog, problems: Problems) -> None:
    """Adds what is wrong with a background."""
    _Checker(catalog, problems).setting(background.setting)


def check_scenario(scenario: Scenario, catalog: Catalog, problems: Problems) -> None:
    """Adds what is wrong with a scenario; what its background has wrong is not told again."""
    checker = _Checker(catalog, problems)
    if scenario.background is not None:
        _Checker(catalog, [], checker.symbols).setting(scenario.background.setting)
    checker.setting(scenario.setting)
    for step in scenario.steps:
        checker.step(step)


class _Checker(Lookups):
    """One scenario on its way through the checks."""

    def setting(self, setting: Setting) -> None:
        """Departments, people and given records, in this order."""
        site = self.catalog.site
        if setting.node.get("now"):
            self.time(setting.node.get("now") or EMPTY)
        for name, department in setting.departments.items():
            if not site.department:
                self.problems.append(say.NO_PEOPLE(department.place, what="departments"))
                return
            self.symbols.add(name, site.department, department.place, self.problems)
            if department.parent and department.parent not in setting.departments:
                self.problems.append(say.NO_DEPARTMENT(department.place, name=department.parent))
            self.values.given(department.fields, site.department)
        if setting.people and not site.person:
            first = next(iter(setting.people.values()))
            self.problems.append(say.NO_PEOPLE(first.place, what="people"))
            return
        for name, person in setting.people.items():
            self.symbols.add(name, site.person, person.place, self.problems)
            self.symbols.people[name] = person
        for person in setting.people.values():
            self.person(person)
        for given in setting.given.values():
            self.record(given)
        for standing in setting.deputies:
            self.somebody(standing.node.get("person"))
            self.somebody(standing.node.get("deputy"))

    def person(self, person: Person) -> None:
        roles = self.catalog.of("role")
        for node in (person.node.get("roles") or EMPTY).elements():
            if node.value not in roles:
                best = did_you_mean(str(node.value), roles)
                self.problems.append(say.NO_ROLE(node.place, name=node.value, best=best))
        department = person.department
        if department and self.symbols.object_of(department) != self.catalog.site.department:
            self.problems.append(say.NO_DEPARTMENT(person.node.at("department"), name=department))
        if person.manager:
            self.somebody(person.node.get("manager"))
        self.locale(person.node.get("locale"))
        self.values.given(person.fields, self.catalog.site.person)

    def record(self, given: Given) -> None:
        if given.actor:
            self.actor(given.node.get("as"))
        definition = self.object(given.node.get("object"), creating=True)
        if definition is None:
            return
        self.values.given(given.fields, definition.name)
        for node in (given.node.get("perform") or EMPTY).elements():
            self.transition(node, definition)
        place = given.node.key_place or given.node.place
        self.symbols.add(given.name, definition.name, place, self.problems)

    def step(self, step: Step) -> None:
        """What a step does, and what it expects."""
        node = step.node
        if step.actor:
            self.actor(node.get("as"))
        subject = self.act(step)
        self.locale(node.get("locale"))
        if step.act == "create" and step.word("named") and subject and not step.refusal:
            self.symbols.add(step.word("named"), subject.name, node.at("named"), self.problems)
        for expectation in step.expected:
            self.expectation(expectation, subject)

    def act(self, step: Step) -> Object | None:
        """Checks what a step does; returns the object of the record that it is about."""
        node, act = step.node, step.act
        target = node.get(act) if act else None
        match act:
            case "":
                return None
            case "create" | "import" | "export" | "sees":
                definition = self.object(target, creating=act in ("create", "import"))
            case "perform":
                definition = self.named(node.get("on"))
                if definition is not None and target is not None and not step.refusal:
                    self.transition(target, definition)
            case "convert":
                definition = self.named(node.get("on"))
                if definition is not None:
                    check_conversion(self, step, definition)
            case "document":
                definition = self.named(node.get("of"))
                self.document(target, definition)
            case "may":
                definition = self.right(step)
            case "inbox":
                for entry in (target or EMPTY).elements():
                    self.named(entry)
                return None
            case "pass":
                return None
            case "until":
                self.time(target or EMPTY)
                return None
            case _:
                definition = self.named(target)
        if definition is not None:
            self.details(step, definition)
        return definition if act not in ("import", "export", "sees") else None

    def details(self, step: Step, definition: Object) -> None:
        """The keys that go with an act on records of an object."""
        node = step.node
        fields = node.get("fields")
        if fields is not None and step.act == "reads":
            self.values.expected(fields, definition.name)
        elif fields is not None and not step.refusal:
            self.values.given(fields, definition.name)
        for key in ("records", "only", "not"):
            for entry in (node.get(key) or EMPTY).elements():
                self.named(entry)
        for entry in (node.get("hidden") or EMPTY).elements():
            self.values.field(entry, definition)
        self.values.condition(node.get("where"), definition.name)
        view = node.get("view")
        if view is not None and view.value not in definition.views:
            best = did_you_mean(str(view.value), definition.views)
            name = definition.label
            self.problems.append(say.NO_VIEW(view.place, object=name, name=view.value, best=best))
        columns = node.get("columns")
        if columns is not None:
            mapping_of(columns, definition.name, self.catalog, self.problems)
        file = node.get("file")
        if file is not None:
            path = Path(file.place.file).parent / str(file.value)
            if Path(str(file.value)).name != file.value or not path.is_file():
                self.problems.append(say.NO_DATA_FILE(file.place, name=file.value))

    def right(self, step: Step) -> Object | None:
        """The rights that `may` names, about a record or about an object as a whole."""
        for name, node in (step.node.get("may") or EMPTY).items():
            if name not in ACTIONS:
                possible = ", ".join(ACTIONS)
                place = node.key_place or node.place
                self.problems.append(say.NO_RIGHT(place, name=name, possible=possible))
        on = step.node.get("on")
        if on is not None and str(on.value) in self.catalog.objects:
            return self.catalog.objects[str(on.value)]
        return self.named(on)

    def expectation(self, expectation: Expectation, subject: Object | None) -> None:
        of = expectation.node.get("of")
        about = self.named(of) if of is not None else subject
        value = expectation.value
        match expectation.kind:
            case "fields" | "that" | "approval" if about is None:
                if of is None:
                    self.problems.append(say.NO_SUBJECT(value.key_place or value.place))
            case "fields":
                self.values.expected(value, about.name if about else "")
            case "that":
                self.values.condition(value, about.name if about else "", named=True)
            case "approval":
                self.approval(value, about)
            case "found":
                self.found(value)
            case "notice":
                self.somebody(value.get("to"))
            case "mail":
                to = value.get("to")
                if to is not None and "@" not in str(to.value):
                    self.somebody(to)
            case "webhook":
                self.webhook(value)

    def webhook(self, value: Node) -> None:
        name = value.get("name")
        known = self.catalog.of("webhook")
        if name is not None and name.value not in known:
            best = did_you_mean(str(name.value), known)
            self.problems.append(say.NO_WEBHOOK(name.place, name=name.value, best=best))
        if value.get("of"):
            self.named(value.get("of"))

    def approval(self, value: Node, about: Object | None) -> None:
        for entry in (value.get("asks") or EMPTY).elements():
            self.actor(entry)
        step = value.get("step")
        if step is None or about is None:
            return
        approvals = self.catalog.of("approval").values()
        known = {name for one in approvals if one.object == about.name for name in one.steps}
        if step.value not in known:
            best = did_you_mean(str(step.value), known)
            problem = say.NO_APPROVAL_STEP(
                step.place, object=about.label, name=step.value, best=best
            )
            self.problems.append(problem)

    def found(self, value: Node) -> None:
        definition = self.object(value.get("object"))
        if definition is None:
            return
        self.values.condition(value.get("where"), definition.name)
        self.values.expected(value.get("fields") or EMPTY, definition.name)
        if value.get("named"):
            name = str(value.plain("named"))
            self.symbols.add(name, definition.name, value.at("named"), self.problems)
