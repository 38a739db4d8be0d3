"""How records are shown: the layouts of an object, and what a list view shows besides its rows.

Presentation only: whoever may read a field reads it through every other path too. What a role
is not shown here it may still ask for, so nothing of this stands in for a permission.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from engine.definition.tree import Node
from engine.expressions import Expression
from engine.problems import Place, Text

LIST, BOARD, CALENDAR, TIMELINE, TREE = "list", "board", "calendar", "timeline", "tree"
KINDS = (LIST, BOARD, CALENDAR, TIMELINE, TREE)
ZOOMS = ("month", "quarter", "year")


def place_in(source: Node | None, *path: str | int) -> Place:
    """Where something, or one of its keys, was written."""
    return source.at(*path) if source else Place("", 1, 1)


@dataclass(frozen=True, kw_only=True)
class ColourRule:
    """A colour for the records that fulfil a condition; the first rule that holds wins."""

    when: Expression | None
    colour: str
    source: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class ViewShape:
    """What a list view shows, and for whom.

    `filters` are offered above the list (None: all of them in a menu). `group` names the field
    that rows are grouped by, `sums` the columns that are added up, `sum` what a board adds up.
    `by` and `card` make a board, `start` and `end` a calendar or time line with the step `zoom`,
    `parent` a tree. `roles` are those that are offered the view; empty for all.
    """

    kind: str = LIST
    roles: frozenset[str] = frozenset()
    filters: tuple[str, ...] | None = None
    group: str = ""
    sums: tuple[str, ...] = ()
    colours: tuple[ColourRule, ...] = ()
    by: str = ""
    card: tuple[str, ...] = ()
    sum: str = ""
    start: str = ""
    end: str = ""
    zoom: str = ZOOMS[1]
    parent: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A group of fields on the page of a record and on its form.

    `wide` are those of `fields` that take a whole row of `columns` (1 to 3) columns. `name` is
    unique within the object: of the layout, the tab and the place in it.
    """

    label: Text
    fields: tuple[str, ...]
    name: str = ""
    wide: frozenset[str] = frozenset()
    columns: int = 2
    collapsed: bool = False
    visible_when: Expression | None = None
    help: Text | None = None
    roles: frozenset[str] = frozenset()
    source: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class RelatedList:
    """Records that link here: which of them, and how they are listed.

    Empty `columns` and `sort` stand for those of a view of the other object, `limit` is the
    number of rows, and `create` whether one can be made from here.
    """

    field: str
    columns: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    limit: int = 0
    where: Expression | None = None
    create: bool = True
    source: Node | None = dataclasses.field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class LayoutTab:
    """A tab of the page of a record: sections, and below them lists of related records."""

    name: str
    label: Text
    sections: tuple[Section, ...] = ()
    related: tuple[RelatedList, ...] = ()
    roles: frozenset[str] = frozenset()
    source: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The page and the form of an object for some roles (empty: for all).

    `head` are the fields that stand in the record's head; empty for those that say most.
    """

    name: str = ""
    head: tuple[str, ...] = ()
    tabs: tuple[LayoutTab, ...] = ()
    roles: frozenset[str] = frozenset()
    source: Node | None = field(default=None, compare=False, repr=False)

    @property
    def sections(self) -> Iterator[Section]:
        """The sections of all tabs."""
        return (section for tab in self.tabs for section in tab.sections)


def fits(wanted: frozenset[str], roles: Iterable[str] | None) -> bool:
    """Whether something is shown to somebody with these roles; None stands for the system."""
    return not wanted or roles is None or not wanted.isdisjoint(roles)
