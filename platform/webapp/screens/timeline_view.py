"""The list as a time line: a bar per record from its beginning to its end, grouped by a field.

A row is divided into units (days; weeks where a year is shown), and a bar stands in them by its
classes, since no style may stand in a page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Response, request

from engine.definition.layouts import ZOOMS
from engine.definition.objects import ListView, Object
from engine.fieldtypes.date import Date
from engine.problems import Refusal
from engine.records.grouping import Group as Keyed
from engine.records.reading import Linked, Record
from webapp.screens.addresses import State
from webapp.screens.calendar import (
    DAY,
    SHOWN,
    day_given,
    day_of,
    movable,
    records_between,
)
from webapp.screens.dates import month_name, short_day
from webapp.screens.filters import applied, offered_filters, titled
from webapp.screens.grouping import label_of, month_ends
from webapp.screens.here import Here
from webapp.screens.listing import chosen_view, tabs_of
from webapp.screens.presenting import presentations
from webapp.screens.rendering import page
from webapp.screens.tints import tints

QUARTER, MONTH, YEAR = "quarter", "month", "year"


@dataclass(frozen=True, slots=True)
class Scale:
    """The units of a row: how many, how many days each, and what is written above them."""

    title: str
    first: dt.date
    units: int
    step: int
    marks: list[tuple[int, int, str, bool]]
    previous: dt.date
    next: dt.date

    @property
    def last(self) -> dt.date:
        """The last day that is shown."""
        return self.first + self.units * self.step * DAY - DAY


@dataclass(frozen=True, slots=True)
class Bar:
    """One record: its first unit (from 1) and how many; whether it came before or goes on."""

    id: int
    version: int
    address: str
    title: str
    told: str
    at: int
    units: int
    came: bool
    goes_on: bool
    colour: str


@dataclass(frozen=True, slots=True)
class Group:
    """The records with one value of the field that the time line is grouped by."""

    label: str
    bars: list[Bar]


def show_timeline_view(at: Here, definition: Object, state: State) -> Response:
    """The time line of a view, by `_zoom` around a day (`_on`)."""
    view = chosen_view(at, definition, state)
    assert view is not None
    zoom = request.args.get("_zoom", "")
    zoom = zoom if zoom in ZOOMS else view.shape.zoom
    on = day_given(request.args.get("_on", ""), at.today)
    scale = scale_of(at, zoom, on)
    problems: list[str] = []
    records: list[Record] = []
    more = (view.shape.group,) if view.shape.group else ()
    try:
        records = records_between(at, definition, state, view, scale.first, scale.last, more)
    except Refusal as refusal:
        problems = [at.sentence(problem) for problem in refusal.problems]
    return page(
        "timeline_view.html",
        at,
        422 if problems else 200,
        object=definition,
        state=state,
        tabs=tabs_of(at, definition, state),
        chips=list(applied(at, definition, state)),
        ways_to_look=presentations(at, definition, state, view),
        quick_filters=offered_filters(at, definition, state, view.shape.filters or ()),
        view_name=view.name,
        scale=scale,
        zoom=zoom,
        zooms=[(name, at.t(name)) for name in ZOOMS],
        to=lambda day, zoom: _address(state, day, zoom),
        on=on,
        here_today=at.today,
        groups=_groups(at, definition, view, scale, records[:SHOWN]),
        capped=len(records) > SHOWN,
        **_movements(at, definition, view),
        creates=at.lens(definition.name).may("create"),
        problems=problems,
    )


def _movements(at: Here, definition: Object, view: ListView) -> dict[str, bool]:
    """Whether the actor may move bars, and their edges one by one."""
    may = at.lens(definition.name).may("update")
    begin = may and movable(at, definition, definition.fields[view.shape.start])
    end = bool(view.shape.end) and movable(at, definition, definition.fields[view.shape.end])
    return {"moves": begin, "begins": begin and bool(view.shape.end), "ends": may and end}


def scale_of(at: Here, zoom: str, on: dt.date) -> Scale:
    """A month or a quarter by days, a year by weeks."""
    if zoom == MONTH:
        first, last = month_ends(f"{on:%Y-%m}")
        marks = [(n + 1, 1, str(n + 1), (first + n * DAY) == at.today) for n in range(last.day)]
        title = month_name(on.year, on.month, at.locale)
        return Scale(title, first, last.day, 1, marks, (first - DAY).replace(day=1), last + DAY)
    months = 3 if zoom == QUARTER else 12
    begin = dt.date(on.year, (on.month - 1) // months * months + 1, 1)
    starts = [_later(begin, n) for n in range(months + 1)]
    step = 1 if zoom == QUARTER else 7
    first = begin if step == 1 else begin - begin.weekday() * DAY
    units = -(-(starts[-1] - first).days // step)
    places = [max(0, (day - first).days // step) for day in starts[:-1]] + [units]
    marks = [
        (place + 1, places[n + 1] - place, _month(at, starts[n], months), False)
        for n, place in enumerate(places[:-1])
    ]
    if first <= at.today < starts[-1]:
        marks.append(((at.today - first).days // step + 1, 1, "", True))
    title = (
        str(on.year)
        if zoom == YEAR
        else at.t("quarter_of_year", year=on.year, quarter=(on.month + 2) // 3)
    )
    return Scale(title, first, units, step, marks, _later(begin, -months), starts[-1])


def _later(day: dt.date, months: int) -> dt.date:
    number = day.year * 12 + day.month - 1 + months
    return dt.date(number // 12, number % 12 + 1, 1)


def _month(at: Here, day: dt.date, months: int) -> str:
    if months == 3:
        return month_name(day.year, day.month, at.locale)
    return short_day(day, day.year, at.locale).removesuffix(" 1").removesuffix("1日")


def _groups(
    at: Here, definition: Object, view: ListView, scale: Scale, records: Sequence[Record]
) -> list[Group]:
    """The bars in the order of their beginning, by the value that they are grouped by."""
    colours = tints(at, definition, view.shape, [record.id for record in records])
    by = definition.fields.get(view.shape.group)
    if by is not None and not at.lens(definition.name).may_read(by.name):
        by = None
    found: dict[str, Group] = {}
    for record in records:
        label = ""
        if by is not None:
            value = record.values.get(by.name)
            title = (value.title or "") if isinstance(value, Linked) else ""
            key = value.id if isinstance(value, Linked) else value
            if isinstance(by.type, Date) and value is not None:
                key = f"{value:%Y-%m}"
            label = label_of(at, by, Keyed(key, title, 0, ()))
        bar = _bar(at, definition, view, scale, record)
        if bar is not None:
            group = found.setdefault(label, Group(label, []))
            group.bars.append(replace(bar, colour=colours.get(record.id, "")))
    return list(found.values())


def _bar(at: Here, definition: Object, view: ListView, scale: Scale, record: Record) -> Bar | None:
    begin = day_of(at, record.values.get(view.shape.start))
    if begin is None:
        return None
    end = max(begin, day_of(at, record.values.get(view.shape.end)) or begin)
    first, last = max(begin, scale.first), min(end, scale.last)
    start = (first - scale.first).days // scale.step
    stop = (last - scale.first).days // scale.step
    title = titled(definition, record.values, record.id)
    days = [short_day(day, at.today.year, at.locale) for day in dict.fromkeys((begin, end))]
    return Bar(
        id=record.id,
        version=record.version,
        address=f"/o/{definition.name}/{record.id}",
        title=title,
        told=f"{title} · {' – '.join(days)}",
        at=start + 1,
        units=max(1, stop - start + 1),
        came=begin < scale.first,
        goes_on=end > scale.last,
        colour="",
    )


def _address(state: State, day: dt.date, zoom: str) -> str:
    address = state.first().address
    join = "&" if "?" in address else "?"
    return f"{address}{join}_on={day}&_zoom={zoom}"
