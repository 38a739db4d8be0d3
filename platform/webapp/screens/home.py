"""Home: what is mine, what is due, what is new; and the person's own choices."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Response, redirect, request, session
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.objects import ListView, Object
from engine.problems import Refusal
from engine.records.query import Query
from engine.records.reading import Record
from webapp.languages import COOKIE_KEY
from webapp.preferences import keep_locale
from webapp.screens.addresses import State
from webapp.screens.approving import waiting
from webapp.screens.dates import exact_moment, near_moment
from webapp.screens.filters import titled
from webapp.screens.here import Here, here
from webapp.screens.listing import Column, Row, columns_of, rows_of, views_of
from webapp.screens.navigation import readable_objects
from webapp.screens.rendering import page
from workflow.approvals.states import InboxQuery

PANELS = 4
ROWS = 6
RECENT = 8


@dataclass(frozen=True, slots=True)
class Panel:
    """A declared view with its first rows."""

    title: str
    object: str
    icon: str
    address: str
    count: str
    columns: list[Column]
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Change:
    """A record that was changed lately."""

    address: str
    title: str
    object: str
    icon: str
    when: str
    exact: str
    moment: str


def show_home() -> Response:
    """The home of whoever is signed in."""
    at = here()
    panels = _panels(at)
    rows, more = waiting(at, InboxQuery(limit=ROWS))
    hour = at.now.astimezone(at.zone).hour
    part = "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
    return page(
        "home.html",
        at,
        greeting=at.t(f"good_{part}", name=at.actor.name),
        today=at.today,
        tasks=[panel for panel in panels if panel.rows],
        quiet=[panel for panel in panels if not panel.rows],
        changes=_changes(at),
        rows=rows,
        waiting=f"{len(rows)}{'+' if more else ''}",
        submitted=False,
    )


def _panels(at: Here) -> list[Panel]:
    """One view of each object that looks at the calendar, then one about the person."""
    due: list[tuple[Object, ListView]] = []
    mine: list[tuple[Object, ListView]] = []
    for definition in readable_objects(at):
        views = [view for view in views_of(at, definition) if view.where is not None]
        timely = [view for view in views if view.where and view.where.uses_clock]
        due += [(definition, view) for view in timely[:1]]
        mine += [
            (definition, v) for v in views if v.where and v.where.uses_user and v not in timely
        ][:1]
    chosen = [*due[:PANELS], *mine[:PANELS]]
    panels = [_panel(at, definition, view) for definition, view in chosen]
    return [panel for panel in panels if panel is not None]


def _panel(at: Here, definition: Object, view: ListView) -> Panel | None:
    state = State(definition.name, view.name)
    columns = columns_of(at, definition, state, view)[:4]
    lens = at.lens(definition.name)
    names = dict.fromkeys((definition.title, *(column.name for column in columns)))
    assert view.where is not None
    query = Query(
        where=view.where.source,
        sort=view.sort,
        fields=tuple(name for name in names if lens.may_show(name)),
        masks=True,
        limit=ROWS,
        count="capped",
    )
    try:
        found = at.reader.page(at.actor, definition.name, query)
    except Refusal:
        return None
    count = found.count
    return Panel(
        title=at.say(view.label),
        object=at.say(definition.plural),
        icon=definition.icon or "square",
        address=state.address,
        count=f"{count.value:,}{'' if count.exact else '+'}" if count else "",
        columns=columns,
        rows=rows_of(definition, columns, found.items),
    )


def _changes(at: Here) -> list[Change]:
    """The records that changed last, of all objects."""
    found: list[tuple[Object, Record]] = []
    for definition in readable_objects(at):
        lens = at.lens(definition.name)
        if "changed_on" not in definition.fields or not lens.may_read("changed_on"):
            continue
        names = [
            n for n in (definition.title, "number") if n in definition.fields and lens.may_read(n)
        ]
        query = Query(sort=("-id",), fields=(*names, "changed_on"), limit=RECENT)
        try:
            page_found = at.reader.page(at.actor, definition.name, query)
        except Refusal:
            continue
        found += [
            (definition, record) for record in page_found.items if record.values.get("changed_on")
        ]
    found.sort(key=lambda pair: pair[1].values["changed_on"], reverse=True)
    return [_change(at, definition, record) for definition, record in found[:RECENT]]


def _change(at: Here, definition: Object, record: Record) -> Change:
    moment = record.values["changed_on"]
    return Change(
        address=f"/o/{definition.name}/{record.id}",
        title=titled(definition, record.values, record.id),
        object=at.say(definition.label),
        icon=definition.icon or "square",
        when=near_moment(moment, at.now, at.zone, at.locale),
        exact=exact_moment(moment, at.zone),
        moment=moment.isoformat(),
    )


def choose_language() -> AnyResponse:
    """Keeps the language that was chosen, and goes back to where it was."""
    at = here()
    chosen = request.form.get("locale", "")
    if chosen in at.catalog.site.locales:
        session[COOKIE_KEY] = chosen
        at.gate.before_transaction()
        with at.application.databases.writing() as connection:
            keep_locale(connection, at.caller.account.id, chosen)
    return redirect(own_address(request.form.get("back", "/")), 303)


def own_address(text: str) -> str:
    """An address of this very site; anything else leads home."""
    parts = urlsplit(text.replace("\\", "/"))
    if parts.scheme or parts.netloc or not text.startswith("/") or text.startswith("//"):
        return "/"
    return text
