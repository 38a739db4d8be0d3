"""Layouts and views: their expressions are compiled, and their names are checked.

Every problem stands where the name was written, with the name that was probably meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from engine.definition import layouts_messages as say
from engine.definition import messages
from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.layouts import (
    BOARD,
    CALENDAR,
    LIST,
    TIMELINE,
    TREE,
    Layout,
    LayoutTab,
    RelatedList,
    Section,
    ViewShape,
    place_in,
)
from engine.definition.objects import Field, ListView, Object
from engine.definition.tree import Node
from engine.expressions import Expression
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.choice import Choice, Choices
from engine.fieldtypes.date import Date, MomentType
from engine.fieldtypes.link import Collection, Lines, Link, Related
from engine.fieldtypes.number import NumberType
from engine.problems import Place, Text, did_you_mean

Compile = Callable[[Node, str, str], Expression | None]
"""Compiles the condition under a key of a node, about an object."""

_KEYS = {
    "filters": (LIST, BOARD, CALENDAR, TIMELINE), "columns": (LIST, TREE), "sums": (LIST,),
    "group": (LIST, TIMELINE), "by": (BOARD,), "card": (BOARD, CALENDAR), "sum": (BOARD,),
    "from": (CALENDAR, TIMELINE), "to": (CALENDAR, TIMELINE), "zoom": (TIMELINE,),
    "parent": (TREE,),
}  # fmt: skip
"""The kinds of view that a key says something to."""

DATES = Text({"en": "a date or a time", "zh": "日期或时间"})
GROUPS = Text({"en": "a choice, stage, yes/no, link or date", "zh": "单选、阶段、是否、链接或日期"})
NUMBERS = Text({"en": "a stored number", "zh": "已存储的数字"})
CHOICES = Text({"en": "a stage or a choice", "zh": "阶段或单选"})
OWN = Text({"en": "a link to the own object", "zh": "指向自身对象的链接"})
LISTS = Text({"en": "a list of related records", "zh": "相关记录列表"})


def connected_shape(shape: ViewShape, object: str, compile: Compile) -> ViewShape:
    """The shape with its colour rules compiled."""
    colours = (
        replace(rule, when=compile(rule.source, "when", object))
        for rule in shape.colours
        if rule.source is not None
    )
    return replace(shape, colours=tuple(colours))


def connected_layouts(definition: Object, compile: Compile) -> tuple[Layout, ...]:
    """The object's layouts with their conditions compiled."""

    def section(one: Section) -> Section:
        assert one.source is not None
        return replace(one, visible_when=compile(one.source, "visible_when", definition.name))

    def related(one: RelatedList) -> RelatedList:
        found = definition.fields.get(one.field)
        if found is None or not isinstance(found.type, Related) or one.source is None:
            return one
        return replace(one, where=compile(one.source, "where", found.type.of))

    def tab(one: LayoutTab) -> LayoutTab:
        return replace(
            one,
            sections=tuple(map(section, one.sections)),
            related=tuple(map(related, one.related)),
        )

    return tuple(replace(one, tabs=tuple(map(tab, one.tabs))) for one in definition.layouts)


def check_layouts(definition: Object, catalog: Catalog, problems: Problems) -> None:
    """Adds what is wrong with the names in the object's layouts, views and quick form."""
    checker = _Checker(definition, catalog, problems)
    if definition.sections and any(one.source and not one.name for one in definition.layouts):
        place = definition.place("sections")
        problems.append(say.LAYOUT_AND_SECTIONS(place, object=definition.name))
    for layout in definition.layouts:
        checker.layout(layout)
    for view in definition.views.values():
        checker.view(view)
    for index, name in enumerate(definition.quick):
        found = checker.field(name, definition.place("quick", index))
        if found is not None and (not found.writable or isinstance(found.type, Lines)):
            problems.append(say.NOT_FOR_QUICK(definition.place("quick", index), field=name))


class _Checker:
    """Checks the names of one object's presentation."""

    def __init__(self, definition: Object, catalog: Catalog, problems: Problems) -> None:
        self.definition = definition
        self.catalog = catalog
        self.problems = problems

    def field(self, name: str, place: Place, of: Object | None = None) -> Field | None:
        """The field of that name; a problem where there is none."""
        definition = of or self.definition
        found = definition.fields.get(name)
        if found is None:
            best = did_you_mean(name, definition.fields)
            self.problems.append(
                messages.UNKNOWN_FIELD(place, object=definition.name, name=name, best=best)
            )
        return found

    def kind(self, name: str, place: Place, key: str, expected: Text, fit: Callable[[Field], bool]
             ) -> None:  # fmt: skip
        """The field of that name must be of a kind that the key can use."""
        found = self.field(name, place)
        if found is not None and not fit(found):
            self.problems.append(say.UNSUITABLE(place, key=key, field=name, expected=expected))

    def roles(self, roles: Iterable[str], source: Node | None) -> None:
        """The roles that something is for must exist."""
        known = self.catalog.of("role")
        for name in sorted(roles):
            if name not in known:
                best = did_you_mean(name, known)
                self.problems.append(
                    say.UNKNOWN_ROLE(place_in(source, "for"), name=name, best=best)
                )

    def layout(self, layout: Layout) -> None:
        """A layout: its head, and its tabs."""
        self.roles(layout.roles, layout.source)
        for index, name in enumerate(layout.head):
            found = self.field(name, place_in(layout.source, "head", index))
            if found is not None and isinstance(found.type, Collection):
                place = place_in(layout.source, "head", index)
                self.problems.append(say.NO_VALUE(place, key="head", field=name))
        for tab in layout.tabs:
            self.roles(tab.roles, tab.source)
            for section in tab.sections:
                self.section(section)
            for related in tab.related:
                self.related(related)

    def section(self, section: Section) -> None:
        """A section: its fields, and for whom it is."""
        self.roles(section.roles, section.source)
        for index, name in enumerate(section.fields):
            self.field(name, place_in(section.source, "fields", index))

    def related(self, related: RelatedList) -> None:
        """A related list: what it lists, and the names of the other object that it uses."""
        place = place_in(related.source, "field")
        self.kind(related.field, place, "related", LISTS, lambda f: isinstance(f.type, Related))
        found = self.definition.fields.get(related.field)
        if found is None or not isinstance(found.type, Related):
            return
        child = self.catalog.objects[found.type.of]
        for index, name in enumerate(related.columns):
            self.field(name, place_in(related.source, "columns", index), child)
        for name in related.sort:
            self.field(name.lstrip("-"), place_in(related.source, "sort"), child)

    def view(self, view: ListView) -> None:
        """A view: keys that its kind knows, and fields that they can use."""
        shape, source = view.shape, view.source
        self.roles(shape.roles, source)
        for key, kinds in _KEYS.items():
            if source is not None and source.get(key) is not None and shape.kind not in kinds:
                self.problems.append(
                    say.KEY_OF_OTHER_KIND(source.at(key), key=key, kind=shape.kind,
                                          kinds=", ".join(kinds))
                )  # fmt: skip
        for index, name in enumerate(shape.filters or ()):
            self.field(name, place_in(source, "filters", index))
        for index, name in enumerate(shape.card):
            self.field(name, place_in(source, "card", index))
        for index, name in enumerate(shape.sums):
            self.kind(name, place_in(source, "sums", index), "sums", NUMBERS, _addable)
        self._kinds(shape, source)

    def _kinds(self, shape: ViewShape, source: Node | None) -> None:
        """What boards, calendars, time lines and trees are made of."""
        for key, name, expected, fit in (
            ("group", shape.group, GROUPS, _groupable), ("sum", shape.sum, NUMBERS, _addable),
            ("by", shape.by, CHOICES, _chosen), ("from", shape.start, DATES, _dated),
            ("to", shape.end, DATES, _dated), ("parent", shape.parent, OWN, self._own),
        ):  # fmt: skip
            if name:
                self.kind(name, place_in(source, key), key, expected, fit)
        missing = {
            CALENDAR: "" if shape.start else "from", TIMELINE: "" if shape.start else "from",
            TREE: "" if self.tree(shape) else "parent", BOARD: "" if self.board(shape) else "by",
        }.get(shape.kind)  # fmt: skip
        if missing:
            place = place_in(source, "kind")
            self.problems.append(say.KEY_MISSING(place, kind=shape.kind, key=missing))

    def tree(self, shape: ViewShape) -> str:
        """The link that makes a tree."""
        return shape.parent or own_link(self.definition)

    def board(self, shape: ViewShape) -> bool:
        """Whether there is something that makes a board."""
        return bool(shape.by) or any(
            isinstance(f.type, Choice) and f.type.name == "stage"
            for f in self.definition.fields.values()
        )

    def _own(self, found: Field) -> bool:
        return isinstance(found.type, Link) and found.type.to == self.definition.name


def own_link(definition: Object) -> str:
    """The first link of an object to itself, or an empty string."""
    return next(
        (
            f.name for f in definition.fields.values()
            if isinstance(f.type, Link) and f.type.to == definition.name and f.stored
            and not f.system
        ),
        "",
    )  # fmt: skip


def _addable(found: Field) -> bool:
    return isinstance(found.type, NumberType) and found.stored


def _chosen(found: Field) -> bool:
    return isinstance(found.type, Choice) and not isinstance(found.type, Choices) and found.stored


def _groupable(found: Field) -> bool:
    known = isinstance(found.type, Choice | Boolean | Link | Date)
    return known and not isinstance(found.type, Choices) and found.stored


def _dated(found: Field) -> bool:
    return isinstance(found.type, Date | MomentType) and found.stored
