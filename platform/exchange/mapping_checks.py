"""A mapping against the object that it fills: names, links, and values that no field would take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.messages import UNKNOWN_FIELD, UNKNOWN_OBJECT
from engine.definition.objects import Field, Object
from engine.fieldtypes.file import File
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.links import Links
from engine.problems import Place, Refusal, did_you_mean
from engine.records.inputs import HISTORICAL_FIELDS
from exchange import messages as say

if TYPE_CHECKING:
    from exchange.mapping import Column, ImportMapping


def check(mapping: ImportMapping, catalog: Catalog, problems: Problems) -> None:
    """Adds what is wrong with the mapping to `problems`."""
    definition = catalog.objects.get(mapping.object)
    if definition is None:
        best = did_you_mean(mapping.object, catalog.objects)
        place = mapping.place("object")
        problems.append(UNKNOWN_OBJECT(place, name=mapping.object, best=best))
        return
    if definition.parent:
        parent = catalog.objects[definition.parent_object].label
        place = mapping.place("object")
        problems.append(say.PART_OF(place, object=definition.label, parent=parent))
        return
    checker = _Checker(mapping, definition, catalog, problems)
    for column in mapping.columns.values():
        checker.column(column)
    for name, value in mapping.constants.items():
        place = mapping.place("constants", name)
        field = checker.field(name, place)
        if field is not None:
            checker.takes(field, place, f"constants.{name}")
            checker.readable(field, value, place)
    for index, name in enumerate(mapping.match):
        checker.matched(name, mapping.place("match", index))


class _Checker:
    def __init__(
        self, mapping: ImportMapping, definition: Object, catalog: Catalog, problems: Problems
    ) -> None:
        self.mapping = mapping
        self.definition = definition
        self.catalog = catalog
        self.problems = problems
        self.set_by: dict[str, str] = {}

    def column(self, column: Column) -> None:
        if not column.field:
            return
        whole = self.mapping.place("columns", column.name)
        place = self.mapping.place("columns", column.name, "field")
        field = self.field(column.field, place)
        if field is not None:
            self.takes(field, place, column.name)
            if column.find:
                self.found(column, field)
        others = [self.field(name, whole) for name in column.also]
        for other in others:
            if other is not None:
                self.takes(other, self.mapping.place("columns", column.name, "also"), column.name)
        self.results(column, [f for f in (None if column.find else field, *others) if f])

    def found(self, column: Column, field: Field) -> None:
        place = self.mapping.place("columns", column.name, "find")
        if not isinstance(field.type, Link):
            self.problems.append(say.NOT_A_LINK(place, field=field.name))
            return
        target = self.catalog.objects[field.type.to]
        wanted = self.field(column.find, place, target)
        if wanted is not None and not wanted.stored:
            self.problems.append(say.NOT_STORED(place, field=wanted.name))

    def results(self, column: Column, fields: list[Field]) -> None:
        """What values and corrections become must be something that the fields take."""
        for found in column.values.keys() & column.corrections.keys():
            place = self.mapping.place("columns", column.name, "corrections", found)
            self.problems.append(say.CORRECTED_AND_TRANSLATED(place, found=repr(found)))
        for key, result in _results(column):
            for field in fields:
                place = self.mapping.place("columns", column.name, *key)
                self.readable(field, result, place)

    def matched(self, name: str, place: Place | None) -> None:
        field = self.field(name, place)
        if field is None:
            return
        if not field.stored:
            self.problems.append(say.NOT_STORED(place, field=name))
        elif name not in self.mapping.fields:
            self.problems.append(say.MATCH_NOT_SET(place, field=name))

    def field(self, name: str, place: Place | None, of: Object | None = None) -> Field | None:
        definition = of or self.definition
        if name in definition.fields:
            return definition.fields[name]
        best = did_you_mean(name, definition.fields)
        self.problems.append(UNKNOWN_FIELD(place, object=definition.label, name=name, best=best))
        return None

    def takes(self, field: Field, place: Place | None, setter: str) -> None:
        """The field takes input, and only once."""
        if field.name in self.set_by:
            other = self.set_by[field.name]
            self.problems.append(say.SET_TWICE(place, field=field.name, other=other))
        self.set_by.setdefault(field.name, setter)
        if isinstance(field.type, Collection) and not isinstance(field.type, Links):
            self.problems.append(say.LINES_FIELD(place, field=field.name))
        elif field.name not in self.mapping.match and not takes_input(
            field, self.mapping.historical
        ):
            self.problems.append(say.TAKES_NO_INPUT(place, field=field.name))

    def readable(self, field: Field, value: Any, place: Place | None) -> None:
        try:
            field.type.read(value)
        except Refusal as refusal:
            self.problems += [p.at(place) if place else p for p in refusal.problems]


def takes_input(field: Field, historical: bool) -> bool:
    """Whether an import may set the field at all."""
    if field.name == "owner":
        return True
    if isinstance(field.type, File):  # a table holds no files, only their names
        return False
    return field.writable or (historical and field.name in HISTORICAL_FIELDS)


def _results(column: Column) -> Iterator[tuple[tuple[str, str], Any]]:
    for key, value in column.values.items():
        yield ("values", key), value
    for key, value in column.corrections.items():
        yield ("corrections", key), column.values.get(str(value), value)
