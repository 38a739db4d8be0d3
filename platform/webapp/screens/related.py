"""Records that link to a record: tabs below it, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, request

from engine.definition.layouts import LayoutTab, RelatedList
from engine.definition.objects import ListView, Object
from engine.fieldtypes.link import Related
from engine.problems import Refusal
from engine.records import messages
from engine.records.query import Query
from engine.records.reading import Linked, Record
from webapp.screens.addresses import State
from webapp.screens.here import Here, here
from webapp.screens.layouts import layout_for, tabs_for
from webapp.screens.listing import Column, Row, column_of, columns_of, rows_of
from webapp.screens.rendering import fragment

RELATED_ROWS = 5


@dataclass(frozen=True, slots=True)
class RelatedTab:
    """A list of records that link here."""

    name: str
    label: str
    address: str
    creates: str
    quick: bool
    shape: RelatedList


def related_tabs(
    at: Here, definition: Object, record: Record, lists: Iterable[RelatedList]
) -> list[RelatedTab]:
    """Those of the lists of records that link here that the actor may read."""
    tabs = []
    for shape in lists:
        field = definition.fields[shape.field]
        if not isinstance(field.type, Related) or not at.lens(definition.name).may_read(field.name):
            continue
        lens = at.lens(field.type.of)
        if not lens.may("read") or not lens.may_read(field.type.by):
            continue
        reads = shape.where.reads if shape.where is not None else ()
        if not all(at.lens(object).may_read(name) for object, name in reads):
            continue
        child, by = field.type.of, field.type.by
        own_screens = not at.catalog.objects[child].parent
        creates = shape.create and own_screens and lens.may("create") and lens.may_write(by)
        tabs.append(
            RelatedTab(
                name=field.name,
                label=at.say(field.label),
                address=f"/o/{child}?list=all&{by}={record.id}" if own_screens else "",
                creates=f"/o/{child}/new?{by}={record.id}" if creates else "",
                quick=bool(at.catalog.objects[child].quick),
                shape=shape,
            )
        )
    return tabs


@dataclass(frozen=True, slots=True)
class RelatedPage:
    """A page of related records."""

    columns: list[Column]
    rows: list[Row]
    count: str
    next: str


def related_page(
    at: Here, definition: Object, record: Record, shape: RelatedList, after: str = ""
) -> RelatedPage:
    """Related records, a few at a time."""
    field = definition.fields[shape.field]
    assert isinstance(field.type, Related)
    child, by = at.catalog.objects[field.type.of], field.type.by
    view = next((v for v in child.views.values() if v.equal == (by,) and v.where is None), None)
    if shape.columns:
        view = ListView(name="", label=child.plural, columns=shape.columns, sort=shape.sort)
    columns = columns_of(at, child, State(child.name), view)
    if child.parent:  # a line is found where the record stands that it is part of
        columns = [c for c in columns if c.name != child.parent]
        columns.insert(0, column_of(at, child.fields[child.parent], title=True))
    columns = [column for column in columns if column.name != by][:6]
    sort = tuple(
        n
        for n in shape.sort or (view.sort if view else ())
        if at.lens(child.name).may_read(n.lstrip("-"))
    )
    names = dict.fromkeys((child.title, *(c.name for c in columns)))
    query = Query(
        filters={by: record.id},
        where=shape.where.source if shape.where is not None else "",
        sort=sort or ("-id",),
        fields=tuple(n for n in names if at.lens(child.name).may_show(n)),
        masks=True,
        limit=shape.limit or RELATED_ROWS,
        after=after,
        count="capped",
    )
    found = at.reader.page(at.actor, child.name, query)
    count = found.count
    rows = rows_of(child, columns, found.items)
    return RelatedPage(
        columns=columns,
        rows=[_of_parent(child, row, one) for row, one in zip(rows, found.items, strict=True)],
        count=f"{count.value:,}{'' if count.exact else '+'}" if count else "",
        next=found.next or "",
    )


def _of_parent(child: Object, row: Row, record: Record) -> Row:
    """The row of a line leads to the record that the line is part of."""
    if not child.parent:
        return row
    above: Linked = record.values[child.parent]
    return replace(row, address=f"/o/{child.parent_object}/{above.id}")


def related_of(
    at: Here, definition: Object, record: Record, tab: LayoutTab, chosen: str
) -> dict[str, Any]:
    """What a tab of the record's page shows of related records.

    Lists that a layout places stand below each other; the others share one place.
    """
    tabs = related_tabs(at, definition, record, tab.related)
    if layout_for(at, definition).source is not None:
        stacked = [(one, related_page(at, definition, record, one.shape)) for one in tabs]
        return {"tabs": [], "tab": None, "related": None, "stacked": stacked}
    one = next((one for one in tabs if one.name == chosen), tabs[0] if tabs else None)
    related = related_page(at, definition, record, one.shape) if one else None
    return {"tabs": tabs, "tab": one, "related": related, "stacked": []}


def show_related(object: str, id: int, name: str) -> Response:
    """A page of related records, for the script that changes tabs."""
    at = here()
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id)
    lists = (one for tab in tabs_for(at, definition) for one in tab.related)
    shapes = [one for one in lists if one.field == name][:1]
    tab = next(iter(related_tabs(at, definition, record, shapes)), None)
    if tab is None:
        raise Refusal(messages.NOT_FOUND(object=name, record=""))
    found = related_page(at, definition, record, tab.shape, request.args.get("after", ""))
    return fragment("related.html", at, address=f"/o/{object}/{record.id}", tab=tab, related=found)
