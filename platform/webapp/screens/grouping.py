"""A list in groups: a row per group with its count and sums, and pages of records within each.

The groups come from one statement. The first few are open; any other is fetched when somebody
opens it, by the same filters that the list itself has.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flask import Response, request
from markupsafe import Markup

from engine.definition.layouts import ViewShape
from engine.definition.objects import Field, ListView, Object
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.date import Date
from engine.fieldtypes.link import Link
from engine.records.grouping import Group, grouped, order_of
from engine.records.query import Query
from engine.records.reading import Linked
from webapp.screens.addresses import State
from webapp.screens.dates import month_name
from webapp.screens.here import Here, here
from webapp.screens.listing import (
    Column,
    Row,
    body_of,
    chosen_view,
    columns_of,
    query_of,
    rows_of,
)
from webapp.screens.presenting import shape_of
from webapp.screens.rendering import fragment
from webapp.screens.tints import tints
from webapp.screens.values import writer

OPEN = 3
"""Groups that are open at first."""
ROWS = 10
"""Records of a group that are shown at a time."""
MOST_GROUPS = 200
"""Groups that are shown; the rest is found by a filter."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group: what it is called, how many records it has, what they come to, and its rows."""

    label: str
    count: str
    sums: list[tuple[str, str]]
    table: str
    part: str
    body: Markup
    more: str
    open: bool


@dataclass(frozen=True, slots=True)
class Sum:
    """A column that is added up: its name, label and figure as HTML; empty beyond the cap."""

    name: str
    label: str
    html: str


def group_field(at: Here, definition: Object, view: ListView | None) -> Field | None:
    """The field that the list is grouped by, where the actor may read it."""
    name = shape_of(view).group
    return definition.fields[name] if name and at.lens(definition.name).may_read(name) else None


def group_rows(
    at: Here,
    definition: Object,
    state: State,
    view: ListView | None,
    by: Field,
    columns: Sequence[Column],
) -> tuple[list[GroupRow], bool]:
    """The groups of a list, and whether their figures are exact."""
    shape = shape_of(view)
    sums = summed(at, definition, shape)
    asked = query_of(at, definition, state.first(), view, ())
    found = grouped(at.reader, at.actor, definition.name, asked, by.name, [f.name for f in sums])
    more = "" if found.exact else "+"
    rows = []
    for number, group in enumerate(order_of(by, found.groups)[:MOST_GROUPS]):
        within = _within(state, by, group)
        opened = number < OPEN
        body, following = _page(at, definition, within, view, columns) if opened else (Markup(), "")
        rows.append(
            GroupRow(
                label=label_of(at, by, group),
                count=f"{group.count:,}{more}",
                sums=figures(at, sums, group.sums, found.exact),
                table=replace(within, view="table").address,
                part=within.part("group").address,
                body=body,
                more=following,
                open=opened,
            )
        )
    return rows, found.exact


def summed(at: Here, definition: Object, shape: ViewShape) -> list[Field]:
    """The columns that are added up and that the actor may read."""
    lens = at.lens(definition.name)
    return [definition.fields[name] for name in shape.sums if lens.may_read(name)]


def figures(
    at: Here, fields: Sequence[Field], sums: Sequence[Decimal | None], exact: bool
) -> list[tuple[str, str]]:
    """The sums with their labels, as HTML; nothing where only a part was added up."""
    if not exact:
        return []
    return [
        (at.say(field.label), writer(field, at)(value))
        for field, value in zip(fields, sums, strict=True)
        if value is not None
    ]


def totals(at: Here, definition: Object, view: ListView | None, asked: Query) -> dict[str, str]:
    """What the columns of the whole list come to, by column; empty text beyond the cap."""
    fields = summed(at, definition, shape_of(view))
    if not fields:
        return {}
    names = [field.name for field in fields]
    query = replace(asked, after="", fields=("id",), sort=("id",))
    found = grouped(at.reader, at.actor, definition.name, query, "", names)
    if not found.groups or not found.exact:
        return dict.fromkeys(names, "")
    sums = found.groups[0].sums
    return {f.name: writer(f, at)(value) for f, value in zip(fields, sums, strict=True)}


def label_of(at: Here, by: Field, group: Group) -> str:
    """A group's name as HTML."""
    if group.key is None:
        return str(Markup.escape(at.t("group_empty")))
    if isinstance(by.type, Date):
        year, _, month = str(group.key).partition("-")
        return str(Markup.escape(month_name(int(year), int(month), at.locale)))
    value: Any = group.key
    if isinstance(by.type, Link):
        value = Linked(int(group.key), group.title or f"#{group.key}")
    if isinstance(by.type, Boolean):
        value = bool(value)
    return writer(by, at)(value)


def _within(state: State, by: Field, group: Group) -> State:
    """The list of one group: the same state, filtered to it."""
    name, parts = by.name, ("from", "to", "has", "empty")
    if group.key is None:
        pairs = [(f"{name}.empty", "1")]
    elif isinstance(by.type, Date):
        first, last = month_ends(str(group.key))
        pairs = [(f"{name}.from", str(first)), (f"{name}.to", str(last))]
    elif isinstance(by.type, Boolean):
        pairs = [(name, "true" if group.key else "false")]
    else:
        pairs = [(name, str(group.key))]
    rest = state.without([name, *(f"{name}.{part}" for part in parts)])
    return replace(rest, filters=(*rest.filters, *pairs))


def month_ends(month: str) -> tuple[dt.date, dt.date]:
    """The first and the last day of a month like "2026-03"."""
    year, number = map(int, month.split("-"))
    return dt.date(year, number, 1), dt.date(year, number, calendar.monthrange(year, number)[1])


def _page(
    at: Here, definition: Object, state: State, view: ListView | None, columns: Sequence[Column]
) -> tuple[Markup, str]:
    """Some rows of a group, and where the next ones are."""
    names = tuple(column.name for column in columns)
    asked = replace(query_of(at, definition, state, view, names), limit=ROWS, count="none")
    found = at.reader.page(at.actor, definition.name, asked)
    rows = tinted(at, definition, view, rows_of(definition, columns, found.items))
    following = state.next(found.next).part("group").address if found.next else ""
    return body_of(columns, rows, at.t("select")), following


def tinted(at: Here, definition: Object, view: ListView | None, rows: Sequence[Row]) -> list[Row]:
    """The rows in the colours that the view gives them."""
    colours = tints(at, definition, shape_of(view), [row.id for row in rows])
    return [replace(row, colour=colours.get(row.id, "")) for row in rows]


def show_group(object: str) -> Response:
    """Rows of one group, for the script that opens it."""
    at = here()
    definition = at.object(object)
    state = State.read(object, request.args)
    view = chosen_view(at, definition, state)
    columns = columns_of(at, definition, state, view)
    body, more = _page(at, definition, state, view, columns)
    return fragment("group_rows.html", at, body=body, more=more, width=len(columns) + 1)
