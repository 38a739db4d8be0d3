"""What a list consists of: views, columns, rows, and the query for a page of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup, escape

from engine.definition.objects import Field, ListView, Object
from engine.fieldtypes.choice import Choice, Choices, Stage, Tags
from engine.fieldtypes.date import Date
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.number import Money
from engine.fieldtypes.text import TextType
from engine.records.query import Query
from engine.records.reading import Record
from webapp.screens.addresses import State
from webapp.screens.filters import narrowed, titled
from webapp.screens.here import Here
from webapp.screens.presenting import kept, offered
from webapp.screens.values import is_number, plain_writer, writer

ALL = "all"
"""The tab without a declared view, and the name under which an address asks for it."""
BOARD = "board"
MOST_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how its cells are written, and how it is sorted."""

    name: str
    label: str
    number: bool
    sort: str
    address: str
    write: Callable[[Any], str]
    title: bool


@dataclass(frozen=True, slots=True)
class Tab:
    """One declared view."""

    label: str
    address: str
    current: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the list."""

    id: int
    address: str
    title: str
    cells: list[str]
    colour: str = ""


def query_of(
    at: Here, definition: Object, state: State, view: ListView | None, fields: tuple[str, ...]
) -> Query:
    """What the state asks of the reader."""
    plain, conditions = narrowed(at, definition, state)
    if view is not None and view.where is not None:
        conditions.insert(0, f"({view.where.source})")
    sort: tuple[str, ...] = (state.sort,) if state.sort else (view.sort if view else ())
    if not sort:
        sort = ("-id",)
    needed = dict.fromkeys((definition.title, *fields))
    lens = at.lens(definition.name)
    return Query(
        where=" and ".join(conditions),
        filters=plain,
        sort=tuple(name for name in sort if state.sort or lens.may_read(name.lstrip("-"))),
        words=state.q,
        fields=tuple(name for name in needed if lens.may_show(name)),
        after=state.after,
        count="capped",
        masks=True,
    )


def views_of(at: Here, definition: Object) -> list[ListView]:
    """The declared views of which the actor may read everything that they ask."""
    return [view for view in definition.views.values() if _readable(at, definition, view)]


def _readable(at: Here, definition: Object, view: ListView) -> bool:
    lens = at.lens(definition.name)
    if not all(lens.may_read(name.lstrip("-")) for name in (*view.sort, *view.equal)):
        return False
    if not offered(at, definition, view):
        return False
    reads = view.where.reads if view.where is not None else ()
    return all(at.lens(object).may_read(name) for object, name in reads)


def chosen_view(at: Here, definition: Object, state: State) -> ListView | None:
    """The view that the state names; without a name the first; None for all records."""
    views = {view.name: view for view in views_of(at, definition)}
    if state.tab:
        return views.get(state.tab)
    return next(iter(views.values()), None)


def tabs_of(at: Here, definition: Object, state: State) -> list[Tab]:
    """The views, and everything."""
    views = views_of(at, definition)
    current = chosen_view(at, definition, state)
    tabs = [
        Tab(at.say(v.label), State(definition.name, v.name, kept(state, v)).address, v is current)
        for v in views
    ]
    if not any(v.where is None and not v.equal and v.shape.kind == "list" for v in views):
        everything = State(definition.name, ALL, state.view).address
        tabs.append(Tab(at.t("all_records"), everything, current is None))
    return tabs


def columns_of(at: Here, definition: Object, state: State, view: ListView | None) -> list[Column]:
    """The columns that the view declares, or sensible ones."""
    lens = at.lens(definition.name)
    names = view.columns if view and view.columns else default_columns(definition)
    names = tuple(name for name in names if lens.may_show(name))
    if not names:
        names = tuple(f.name for f in at.readable(definition) if not f.system)[:MOST_COLUMNS]
    title = next((n for n in names if n == definition.title), "") or next(
        (n for n in names if n == "number"), ""
    )
    order = (state.sort,) if state.sort else (view.sort if view else ())
    return [
        column_of(at, definition.fields[name], state, order[0] if order else "", name == title)
        for name in names
    ]


def column_of(
    at: Here, found: Field, state: State | None = None, order: str = "", title: bool = False
) -> Column:
    """The column of a field; without a state it cannot be sorted."""
    sort = {found.name: "ascending", f"-{found.name}": "descending"}.get(order, "")
    readable = at.lens(found.object).may_read(found.name)
    sortable = readable and found.stored and not isinstance(found.type, Collection | Choices | Tags)
    address = ""
    if sortable and state is not None:
        shown = state if state.sort else replace(state, sort=order)
        address = shown.sorted(found.name).address
    return Column(
        name=found.name,
        label=at.say(found.label),
        number=is_number(found),
        sort=sort,
        address=address,
        write=plain_writer(found, at) if title else writer(found, at),
        title=title,
    )


def default_columns(definition: Object) -> tuple[str, ...]:
    """Title, stage, what matters of links, amounts and dates, owner."""
    fields = [f for f in definition.fields.values() if not f.system and not f.restricted]

    def some(kinds: Any, most: int, refuse: Any = ()) -> list[str]:
        found = [f for f in fields if isinstance(f.type, kinds) and not isinstance(f.type, refuse)]
        return [f.name for f in found if f.name != definition.title][:most]

    names = [definition.title]
    names += some(Stage, 1) + some(Link, 2) + some(Choice, 2, (Stage, Choices)) + some(Money, 1)
    names += some(Date, 1)
    if len(names) < 5:
        names += some(TextType, 5 - len(names))
    if definition.owned:
        names.append("owner")
    return tuple(dict.fromkeys(names))[:MOST_COLUMNS]


def rows_of(definition: Object, columns: Sequence[Column], records: Sequence[Record]) -> list[Row]:
    """The rows, their cells written."""
    writers = [(column.name, column.write) for column in columns]
    return [
        Row(
            id=record.id,
            address=f"/o/{definition.name}/{record.id}",
            title=titled(definition, record.values, record.id),
            cells=[write(record.values.get(name)) for name, write in writers],
        )
        for record in records
    ]


def stage_field(at: Here, definition: Object) -> Field | None:
    """The field that a board is made of."""
    found = (f for f in at.readable(definition) if isinstance(f.type, Stage))
    return next(found, None)


def body_of(columns: Sequence[Column], rows: Sequence[Row], select: str) -> Markup:
    """The rows as HTML, put together at once: a template would cost three times as much.

    `select` is the label of the boxes that select a row.
    """
    cells = [_cell(column) for column in columns]
    picked = escape(select)
    parts = []
    for row in rows:
        address = escape(row.address)
        tint = f' class="tint tint-{row.colour}"' if row.colour else ""
        drawn = "".join(
            cell.format(address, html) for cell, html in zip(cells, row.cells, strict=True)
        )
        parts.append(
            f'<tr data-row="{row.id}"{tint}><td class="pick"><input type="checkbox" name="id"'
            f' value="{row.id}" aria-label="{picked} {escape(row.title)}"></td>{drawn}</tr>\n'
        )
    return Markup("".join(parts))


def _cell(column: Column) -> str:
    """The form of a column's cells: 0 is the row's address, 1 the value's HTML."""
    label = str(escape(column.label)).replace("{", "{{").replace("}", "}}")
    right = ' class="right"' if column.number else ""
    inner = '<a class="row-title" href="{0}">{1}</a>' if column.title else "{1}"
    return f'<td{right} data-label="{label}">{inner}</td>'
