"""What a form consists of: sections with controls, computed values and grids of lines."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from engine.definition.objects import Field, Object
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.link import Collection, Lines
from engine.fieldtypes.links import Links
from engine.records.reading import Record
from engine.records.states import States
from webapp.screens.controls import Control, control, enterable
from webapp.screens.drafting import line_names
from webapp.screens.here import Here
from webapp.screens.layouts import hidden_sections, placed_sections
from webapp.screens.values import is_number, writer
from webapp.screens.wholes import Parts, parts_group

EMPTY_LINES = 1
"""Empty lines that a form begins with."""


@dataclass(frozen=True)
class Computed:
    """A field that the form shows and the gate computes."""

    name: str
    label: str
    help: str
    html: str


@dataclass(frozen=True)
class Line:
    """One row of a grid of lines."""

    index: str
    id: str
    controls: list[Control | Computed]
    problems: list[str]


@dataclass(frozen=True)
class Grid:
    """The lines of a field."""

    name: str
    label: str
    help: str
    heads: list[tuple[str, str, bool, bool]]
    rows: list[Line]
    blank: Line
    problems: list[str]


@dataclass(frozen=True)
class Group:
    """A section of the form. Lines stand by themselves.

    `tab` is the label of the tab that begins with it, else empty.
    """

    label: str
    items: list[Control | Computed | Grid | Parts]
    name: str = ""
    help: str = ""
    columns: int = 2
    collapsed: bool = False
    hidden: bool = False
    wide: frozenset[str] = frozenset()
    tab: str = ""


def groups_of(
    at: Here,
    definition: Object,
    creating: bool,
    values: Mapping[str, Any],
    typed: MultiDict[str, str],
    problems: Mapping[str, list[str]],
    states: States,
    brought: Container[str] = (),
) -> list[Group]:
    """The sections of a form; sections in which nothing is entered are left out.

    Fields that are closed are shown, not entered. What a link into the form has `brought` counts
    as typed, unlike what the form fills in by itself.
    """
    entered = {
        field.name: field
        for field in enterable(at, definition, creating)
        if field.name not in states.closed
    }
    lens = at.lens(definition.name)
    totals = {
        name for name, field in definition.fields.items()
        if field.rollup is not None and field.rollup.collection in entered
    }  # fmt: skip
    groups: list[Group] = []
    begun = set[str]()
    away = hidden_sections(at, definition, states)
    for tab, part in placed_sections(at, definition):
        items: list[Control | Computed | Grid | Parts] = []
        for name in part.fields:
            field = definition.fields[name]
            if creating and name == "owner" and part.source is None:
                continue  # it falls to whoever creates the record
            if name in definition.wholes:
                if any(part in entered for part in definition.wholes[name].values()):
                    items.append(
                        parts_group(
                            at, definition, field, entered, values, typed, problems,
                            filled=creating, brought=brought,
                        )
                    )  # fmt: skip
                elif lens.may_read(name):
                    items.append(_computed(at, field, values.get(name)))
            elif name in entered and isinstance(field.type, Lines):
                grid = _grid(at, field, values.get(name) or [], typed, problems)
                if creating:  # the ids are those of a draft, which tell how many lines there are
                    grid = replace(grid, rows=[replace(row, id="") for row in grid.rows])
                items.append(grid)
            elif name in entered:
                items.append(
                    control(
                        at, field, values.get(name), typed=typed,
                        problems=problems.get(name, ()),
                        filled=creating and name not in brought,
                    )
                )  # fmt: skip
            elif (
                (field.derived or name in states.closed)
                and lens.may_read(name)
                and (not isinstance(field.type, Collection) or isinstance(field.type, Links))
            ):
                items.append(_computed(at, field, values.get(name)))
        if any(not isinstance(item, Computed) or item.name in totals for item in items):
            begins = tab if tab and tab not in begun else ""
            begun.add(tab)
            groups.append(
                Group(
                    at.say(part.label), items, part.name, at.say(part.help), part.columns,
                    part.collapsed and not any(name in problems for name in part.fields),
                    part.name in away, part.wide, begins,
                )
            )  # fmt: skip
    return groups


def _computed(at: Here, field: Field, value: Any, prefix: str = "") -> Computed:
    name = prefix + field.name
    return Computed(name, at.say(field.label), at.say(field.help), writer(field, at)(value))


def _grid(
    at: Here,
    field: Field,
    records: Sequence[Record],
    typed: MultiDict[str, str],
    problems: Mapping[str, list[str]],
) -> Grid:
    assert isinstance(field.type, Lines)
    child = at.catalog.objects[field.type.of]
    lens = at.lens(child.name)
    entered = {f.name for f in enterable(at, child, True)}
    fields = [
        f
        for f in child.fields.values()
        if not f.system and f.name != child.parent and not f.beside
        and not isinstance(f.type, Composite)
        and (not isinstance(f.type, Collection) or isinstance(f.type, Links))
        and (f.name in entered or (f.derived and lens.may_read(f.name)))
    ]  # fmt: skip
    by_id = {str(record.id): record for record in records}
    if f"{field.name}:lines:there" in typed:
        prefixes = line_names(field.name, typed)
        rows = [
            _line(at, fields, entered, by_id.get(typed.get(f"{p}id", "")), p, typed, problems)
            for p in prefixes
        ]
    else:
        rows = [
            _line(at, fields, entered, record, f"{field.name}.{n}.", typed, problems)
            for n, record in enumerate(records)
        ]
        rows += [
            _line(at, fields, entered, None, f"{field.name}.{n}.", typed, problems)
            for n in range(len(rows), len(rows) + (0 if rows else EMPTY_LINES))
        ]
    return Grid(
        name=field.name,
        label=at.say(field.label),
        help=at.say(field.help),
        heads=[(f.name, at.say(f.label), is_number(f), f.required) for f in fields],
        rows=rows,
        blank=_line(at, fields, entered, None, f"{field.name}.NEW.", MultiDict(), {}),
        problems=list(problems.get(field.name, ())),
    )


def _line(
    at: Here,
    fields: Sequence[Field],
    entered: set[str],
    record: Record | None,
    prefix: str,
    typed: MultiDict[str, str],
    problems: Mapping[str, list[str]],
) -> Line:
    _, index, _ = prefix.split(".")
    items: list[Control | Computed] = []
    for field in fields:
        value = record.values.get(field.name) if record is not None else None
        if record is None and field.default is not None:
            value = field.type.read(field.default)
        if field.name in entered:
            name = prefix + field.name
            items.append(
                control(
                    at, field, value, typed=typed, name=name,
                    problems=problems.get(name, ()), filled=record is None,
                )
            )  # fmt: skip
        else:
            items.append(_computed(at, field, value, prefix))
    return Line(index, str(record.id) if record else "", items, list(problems.get(prefix, ())))
