"""What the words of a scenario name: objects, records, people, transitions, moments."""

from __future__ import annotations

from collections.abc import Iterable

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.messages import UNKNOWN_OBJECT
from engine.definition.objects import Object
from engine.definition.tree import Node
from engine.problems import Message, did_you_mean
from scenarios import messages as say
from scenarios.checking_values import Values
from scenarios.clock import moment
from scenarios.definitions import Person
from scenarios.symbols import Symbols


class Lookups:
    """Finds what is named; what is not there is added to `problems`."""

    def __init__(
        self,
        catalog: Catalog,
        problems: Problems,
        symbols: Symbols | None = None,
    ) -> None:
        self.catalog, self.problems = catalog, problems
        self.symbols = symbols or Symbols()
        self.values = Values(catalog, problems, self.symbols)

    def object(self, node: Node | None, *, creating: bool = False) -> Object | None:
        """The object that is named, or a problem."""
        if node is None:
            return None
        found = self.catalog.objects.get(str(node.value))
        if found is None:
            best = did_you_mean(str(node.value), self.catalog.objects)
            self.problems.append(UNKNOWN_OBJECT(node.place, name=node.value, best=best))
        elif creating and found.parent:
            parent = self.catalog.objects[found.parent_object].label
            self.problems.append(say.LINE_OBJECT(node.place, object=found.label, parent=parent))
            return None
        return found

    def named(self, node: Node | None) -> Object | None:
        """The object of the record that is named, or a problem."""
        if node is None:
            return None
        object = self.symbols.object_of(str(node.value))
        if not object:
            best = did_you_mean(str(node.value), self.symbols.objects)
            self.problems.append(say.NO_RECORD(node.place, name=node.value, best=best))
        return self.catalog.objects.get(object)

    def somebody(self, node: Node | None) -> Person | None:
        """The person who is named, or a problem."""
        if node is None:
            return None
        found = self.symbols.people.get(str(node.value))
        if found is None:
            best = did_you_mean(str(node.value), self.symbols.people)
            self.problems.append(say.NO_PERSON(node.place, name=node.value, best=best))
        return found

    def actor(self, node: Node | None) -> None:
        """Somebody who signs in."""
        found = self.somebody(node)
        if node is not None and found is not None and not found.roles:
            self.problems.append(say.NO_ACCOUNT(node.place, name=found.name))

    def transition(self, node: Node, definition: Object) -> None:
        workflows = self.catalog.of("workflow").values()
        known = [name for w in workflows if w.object == definition.name for name in w.transitions]
        self._one_of(node, known, say.NO_TRANSITION, definition)

    def document(self, node: Node | None, definition: Object | None) -> None:
        if node is None or definition is None:
            return
        documents = self.catalog.of("document").items()
        known = [name for name, one in documents if one.object == definition.name]
        self._one_of(node, known, say.NO_DOCUMENT, definition)

    def _one_of(
        self, node: Node, known: Iterable[str], message: Message, definition: Object
    ) -> None:
        names = list(known)
        if node.value not in names:
            best = did_you_mean(str(node.value), names)
            name = str(node.value)
            self.problems.append(message(node.place, object=definition.label, name=name, best=best))

    def locale(self, node: Node | None) -> None:
        known = self.catalog.site.locales
        if node is not None and node.value not in known:
            possible = ", ".join(known)
            self.problems.append(say.NO_LOCALE(node.place, name=node.value, possible=possible))

    def time(self, node: Node) -> None:
        place = node.place
        try:
            moment(str(node.value), self.catalog.site.zone)
        except (ValueError, OverflowError):
            self.problems.append(say.BAD_TIME(place, found=str(node.value)))
