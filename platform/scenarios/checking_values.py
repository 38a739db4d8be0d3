"""Checking the values that scenarios give and expect, and their conditions."""

from __future__ import annotations

from engine.definition.catalog import Catalog
from engine.definition.duplicates import CONFIRM
from engine.definition.kinds import Problems
from engine.definition.messages import UNKNOWN_FIELD
from engine.definition.objects import Field, Object
from engine.definition.tree import Node
from engine.expressions import compile_expression
from engine.expressions.types import Kind, Type
from engine.fieldtypes.link import Collection, Lines, Link
from engine.fieldtypes.links import Links
from engine.problems import Refusal, did_you_mean
from scenarios import messages as say
from scenarios.symbols import Symbols
from scenarios.values import EMPTY_WORD, with_zone

BOOLEAN = Type(Kind.BOOLEAN)


class Values:
    """Adds what is wrong with values and conditions to `problems`."""

    def __init__(self, catalog: Catalog, problems: Problems, symbols: Symbols) -> None:
        self.catalog, self.problems, self.symbols = catalog, problems, symbols

    def given(self, fields: Node, object: str) -> None:
        """Values that the gate will read: only the names are looked at, the gate sees to them."""
        definition = self.catalog.objects[object]
        for name, node in fields.items():
            if name == CONFIRM and definition.duplicates:
                continue
            found = self._field(name, node, definition)
            if found is not None and isinstance(found.type, Lines):
                for line in self._lines(found, node):
                    self.given(line, found.type.of)

    def expected(self, fields: Node, object: str) -> None:
        """Values that records shall have: each must be one that the field can have."""
        definition = self.catalog.objects[object]
        for name, node in fields.items():
            found = self._field(name, node, definition)
            if found is None:
                continue
            if isinstance(found.type, Links):
                continue  # records are known when they are there
            if isinstance(found.type, Collection):
                for line in self._lines(found, node):
                    self.expected(line, found.type.of)
            elif node.value != EMPTY_WORD and not isinstance(found.type, Link):
                try:
                    found.type.read(with_zone(found.type, node.to_plain(), self.catalog.site.zone))
                except Refusal as refusal:
                    self.problems += [problem.at(node.place) for problem in refusal.problems]

    def field(self, node: Node, definition: Object) -> None:
        """A field that is named in a list."""
        self._field(str(node.value), node, definition)

    def condition(self, node: Node | None, object: str, *, named: bool = False) -> None:
        """An expression that is true or false of a record; with `named` it may name records."""
        if node is None or not isinstance(node.value, str):
            return
        try:
            compile_expression(
                node.value,
                object,
                self.catalog,
                expected=BOOLEAN,
                place=node.place,
                variables=variables(self.catalog, object, self.symbols.objects) if named else {},
            )
        except Refusal as refusal:
            self.problems += refusal.problems

    def _field(self, name: str, node: Node, definition: Object) -> Field | None:
        found = definition.fields.get(name)
        if found is None:
            best = did_you_mean(name, definition.fields)
            place = node.key_place or node.place
            label = definition.label
            self.problems.append(UNKNOWN_FIELD(place, object=label, name=name, best=best))
        return found

    def _lines(self, field: Field, node: Node) -> tuple[Node, ...]:
        if not isinstance(node.value, tuple) or not all(
            isinstance(line.value, dict) for line in node.elements()
        ):
            self.problems.append(say.NOT_A_LIST(node.place, field=field.label))
            return ()
        return node.elements()


def variables(catalog: Catalog, object: str, objects: dict[str, str]) -> dict[str, Type]:
    """The named records as expressions about a record of `object` see them.

    A field of that object goes before a record of the same name.
    """
    members = catalog.objects[object].fields
    return {
        name: Type(Kind.RECORD, object=of) for name, of in objects.items() if name not in members
    }
