"""The list as a calendar: a month or a week, records on their days, moved by changing the date.

A moved record goes through the gate like any other change. On a phone the same days are an agenda.
"""

from __future__ import annotations

import calendar as days
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from babel.dates import get_day_names
from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.layouts import ViewShape
from engine.definition.objects import Field, ListView, Object
from engine.fieldtypes.date import Date
from engine.problems import Message, Refusal
from engine.records.query import MOST
from engine.records.reading import Record
from webapp.screens.acting import done, version_given
from webapp.screens.addresses import State
from webapp.screens.dates import month_name, short_day
from webapp.screens.filters import applied, offered_filters, titled
from webapp.screens.here import Here, here
from webapp.screens.listing import chosen_view, query_of, tabs_of
from webapp.screens.presenting import presentations, shape_of
from webapp.screens.problems import refusal_json
from webapp.screens.rendering import page
from webapp.screens.tints import tints
from webapp.screens.values import writer

SHOWN = 500
"""Records that a calendar shows at a time; of more, it says so."""
PER_DAY = 4
"""Records that a day of a month shows; the rest unfolds."""
DAY = dt.timedelta(days=1)
BEGIN, END = "begin", "end"
"""The edges of a bar."""
ENDS_BEFORE = Message(
    "ends-before-it-begins",
    en="it cannot end before it begins",
    zh="结束日期不能早于开始日期",
    hint_en="move it as a whole, or the other end first",
    hint_zh="请整体移动，或先调整另一端",
)


@dataclass(frozen=True, slots=True)
class Event:
    """One record on a day. `begins` and `ends` say whether the day is its first and last."""

    id: int
    version: int
    address: str
    title: str
    time: str
    bits: list[str]
    colour: str
    begins: bool
    ends: bool


@dataclass(frozen=True, slots=True)
class Day:
    """One day: how it is named, and what stands on it."""

    date: dt.date
    label: str
    name: str
    inside: bool
    today: bool
    events: list[Event]


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are shown, and the addresses around them."""

    title: str
    first: dt.date
    last: dt.date
    previous: dt.date
    next: dt.date


def show_calendar(at: Here, definition: Object, state: State) -> Response:
    """The calendar of a view, by month or week (`_span`) around a day (`_on`)."""
    view = chosen_view(at, definition, state)
    assert view is not None
    weekly = request.args.get("_span") == "week"
    on = day_given(request.args.get("_on", ""), at.today)
    span = (week_of if weekly else month_of)(on, at.locale)
    problems: list[str] = []
    records: list[Record] = []
    try:
        records = records_between(at, definition, state, view, span.first, span.last)
    except Refusal as refusal:
        problems = [at.sentence(problem) for problem in refusal.problems]
    start = definition.fields[view.shape.start]
    return page(
        "calendar.html",
        at,
        422 if problems else 200,
        object=definition,
        state=state,
        tabs=tabs_of(at, definition, state),
        chips=list(applied(at, definition, state)),
        ways_to_look=presentations(at, definition, state, view),
        quick_filters=offered_filters(at, definition, state, view.shape.filters or ()),
        view_name=view.name,
        span=span,
        weekly=weekly,
        to=lambda day, week: _address(state, day, week),
        on=on,
        here_today=at.today,
        day_names=_day_names(at.locale),
        weeks=_weeks(at, definition, view, span, on, records[:SHOWN], weekly),
        per_day=SHOWN if weekly else PER_DAY,
        capped=len(records) > SHOWN,
        some=bool(records),
        moves=at.lens(definition.name).may("update") and movable(at, definition, start),
        by=start,
        creates=at.lens(definition.name).may("create"),
        fills=start.name if at.lens(definition.name).may_write(start.name) else "",
        problems=problems,
    )


def day_given(text: str, otherwise: dt.date) -> dt.date:
    """The day of an address; another one where it names none that can be shown."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return otherwise
    return day if 1900 <= day.year <= 2200 else otherwise


def movable(at: Here, definition: Object, start: Field) -> bool:
    """Whether the actor may set the date that records stand at."""
    return start.writable and at.lens(definition.name).may_write(start.name)


def month_of(on: dt.date, locale: str) -> Span:
    """The weeks that a month has days of; they begin on Mondays."""
    first = on.replace(day=1)
    last = first.replace(day=days.monthrange(on.year, on.month)[1])
    return Span(
        month_name(on.year, on.month, locale),
        first - first.weekday() * DAY,
        last + (6 - last.weekday()) * DAY,
        (first - DAY).replace(day=1),
        last + DAY,
    )


def week_of(on: dt.date, locale: str) -> Span:
    """The week of a day, from Monday to Sunday."""
    first = on - on.weekday() * DAY
    last = first + 6 * DAY
    title = f"{short_day(first, 0, locale)} – {short_day(last, 0, locale)}"
    return Span(title, first, last, first - 7 * DAY, first + 7 * DAY)


def records_between(
    at: Here, definition: Object, state: State, view: ListView, first: dt.date, last: dt.date,
    more: Sequence[str] = (),
) -> list[Record]:  # fmt: skip
    """The records of the view that touch the days, in the order of their beginning."""
    shape, lens = view.shape, at.lens(definition.name)
    begins = _day_of(definition.fields[shape.start])
    ends = shape.end if shape.end and lens.may_read(shape.end) else ""
    names = [shape.start, ends, *shape.card, *more]
    names = [name for name in dict.fromkeys(names) if name and lens.may_read(name)]
    asked = query_of(at, definition, state.first(), view, tuple(names))
    asked = replace(asked, masks=False)  # what is masked has no place in it
    where = f'{begins} <= date("{last}") and '
    if ends:
        after = f'{_day_of(definition.fields[ends])} >= date("{first}")'
        where += f'({begins} >= date("{first}") or {after})'
    else:
        where += f'{begins} >= date("{first}")'
    where = f"{asked.where} and {where}" if asked.where else where
    asked = replace(
        asked, where=where, sort=(shape.start,), limit=min(SHOWN + 1, MOST), count="none"
    )
    return at.reader.page(at.actor, definition.name, asked).items


def _day_of(field: Field) -> str:
    return field.name if isinstance(field.type, Date) else f"date_of({field.name})"


def day_of(at: Here, value: Any) -> dt.date | None:
    """The day of a date or of a moment in the company's time zone."""
    if isinstance(value, dt.datetime):
        return value.astimezone(at.zone).date()
    return value if isinstance(value, dt.date) else None


def _weeks(
    at: Here, definition: Object, view: ListView, span: Span, on: dt.date,
    records: Sequence[Record], weekly: bool,
) -> list[list[Day]]:  # fmt: skip
    """The weeks with their days, each with the records that touch it."""
    shape, lens = view.shape, at.lens(definition.name)
    writers = {n: writer(definition.fields[n], at) for n in shape.card if lens.may_read(n)}
    colours = tints(at, definition, shape, [record.id for record in records])
    names = _day_names(at.locale)
    by_day: dict[dt.date, list[Event]] = {}
    for record in records:
        begin = day_of(at, record.values.get(shape.start))
        if begin is None:
            continue
        end = max(begin, day_of(at, record.values.get(shape.end)) or begin)
        for day in _between(max(begin, span.first), min(end, span.last)):
            event = _event(at, definition, record, writers, colours.get(record.id, ""))
            time = _time(at, record.values.get(shape.start)) if day == begin else ""
            by_day.setdefault(day, []).append(
                replace(event, time=time, begins=day == begin, ends=day == end)
            )
    shown = [
        Day(
            date=day,
            label=short_day(day, at.today.year, at.locale),
            name=names[day.weekday()],
            inside=weekly or day.month == on.month,
            today=day == at.today,
            events=by_day.get(day, []),
        )
        for day in _between(span.first, span.last)
    ]
    return [shown[n : n + 7] for n in range(0, len(shown), 7)]


def _event(
    at: Here, definition: Object, record: Record, writers: dict[str, Any], colour: str
) -> Event:
    values = record.values
    return Event(
        id=record.id,
        version=record.version,
        address=f"/o/{definition.name}/{record.id}",
        title=titled(definition, values, record.id),
        time="",
        bits=[write(values[n]) for n, write in writers.items() if values.get(n) not in (None, ())],
        colour=colour,
        begins=True,
        ends=True,
    )


def _time(at: Here, value: Any) -> str:
    return f"{value.astimezone(at.zone):%H:%M}" if isinstance(value, dt.datetime) else ""


def _between(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    return (first + n * DAY for n in range((last - first).days + 1))


def _day_names(locale: str) -> list[str]:
    names = get_day_names("abbreviated", locale=locale.replace("-", "_"))
    return [names[number] for number in range(7)]


def _address(state: State, day: dt.date, weekly: bool) -> str:
    address = state.first().address
    join = "&" if "?" in address else "?"
    return f"{address}{join}_on={day}{'&_span=week' if weekly else ''}"


def move(object: str, id: int) -> AnyResponse:
    """Moves a record to another day of the calendar or time line that its view shows.

    Its end moves along, and a moment keeps its time of day. With `edge` only its beginning or its
    end moves; an end that nobody has said is that of its first day.
    """
    at = here()
    definition = at.object(object)
    view = definition.views.get(request.form.get("list", ""))
    record = at.reader.one(at.actor, object, id)
    shape = shape_of(view)
    days_on = request.form.get("days", "")
    if not shape.start or not days_on.lstrip("-").isdigit() or len(days_on) > 6:
        return done(f"/o/{object}/{id}")
    edge = request.form.get("edge", "")
    try:
        values = _values(at, definition, shape, record, int(days_on) * DAY, edge)
    except OverflowError:
        return done(f"/o/{object}/{id}")
    try:
        _check_order(at, shape, record, values)
        at.gate.update(at.actor, object, record.id, _inputs(definition, values), version_given())
    except Refusal as refusal:
        return refusal_json(at, refusal, record=record)
    at.changed(object)
    return done(f"/o/{object}/{record.id}")


def _values(
    at: Here,
    definition: Object,
    shape: ViewShape,
    record: Record,
    distance: dt.timedelta,
    edge: str,
) -> dict[str, Any]:
    """What the dates become that are moved."""
    begin = record.values.get(shape.start)
    found = {} if edge == END else {shape.start: begin}
    if shape.end and edge != BEGIN:
        end = record.values.get(shape.end)
        like = definition.fields[shape.start].type.name == definition.fields[shape.end].type.name
        found[shape.end] = begin if end is None and edge == END and like else end
    return {
        name: _moved(at, value, distance)
        for name, value in found.items()
        if value is not None and definition.fields[name].writable
    }


def _check_order(at: Here, shape: ViewShape, record: Record, values: dict[str, Any]) -> None:
    """Raises Refusal where a record would end before it begins."""
    begin, end = (
        day_of(at, values.get(name, record.values.get(name))) if name else None
        for name in (shape.start, shape.end)
    )
    if begin is not None and end is not None and end < begin:
        raise Refusal(ENDS_BEFORE(path=shape.end))


def _inputs(definition: Object, values: dict[str, Any]) -> dict[str, Any]:
    return {name: definition.fields[name].type.to_json(value) for name, value in values.items()}


def _moved(at: Here, value: Any, distance: dt.timedelta) -> Any:
    """A date or moment some days later; a moment keeps its time of day in the company's zone."""
    if isinstance(value, dt.datetime):
        local = value.astimezone(at.zone)
        later = dt.datetime.combine(local.date() + distance, local.time(), tzinfo=at.zone)
        return later.astimezone(dt.UTC)
    return value + distance
