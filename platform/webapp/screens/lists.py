"""The list of an object: `/o/<object>`, as a table or as a board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.layouts import BOARD, CALENDAR, TIMELINE, TREE
from engine.problems import Problem, Refusal
from engine.records.messages import BAD_QUERY
from engine.records.query import LIMIT
from engine.records.reading import Page
from engine.records.rights import forbidden
from engine.records.settings import ensure_one
from exchange.limits import limits_of
from webapp.screens.addresses import State
from webapp.screens.board import show_board
from webapp.screens.calendar import show_calendar
from webapp.screens.filters import applied, controls, offered_filters, others_than
from webapp.screens.grouping import group_field, group_rows, tinted, totals
from webapp.screens.here import here
from webapp.screens.listing import (
    body_of,
    chosen_view,
    columns_of,
    query_of,
    rows_of,
    tabs_of,
)
from webapp.screens.presenting import kind_of, presentations, shape_of
from webapp.screens.rendering import fragment, page
from webapp.screens.timeline_view import show_timeline_view
from webapp.screens.tree import show_tree

SHOWN_AS = {
    BOARD: show_board, CALENDAR: show_calendar, TIMELINE: show_timeline_view, TREE: show_tree,
}  # fmt: skip
"""What shows a list that is no table."""


def _of_the_cursor(problem: Problem) -> bool:
    return problem.code == BAD_QUERY.code and problem.args.get("key") == "after"


def show_list(object: str) -> AnyResponse:
    """The list as its view presents it: a table, unless it says otherwise."""
    at = here()
    definition = at.object(object)
    if definition.is_settings and at.lens(object).may("read"):
        return redirect(f"/o/{object}/{ensure_one(at.gate, object)}")
    state = State.read(object, request.args)
    view = chosen_view(at, definition, state)
    kind = kind_of(at, definition, state, view)
    if kind in SHOWN_AS:
        return SHOWN_AS[kind](at, definition, state)
    problems: Sequence[str] = ()
    found = Page([])
    columns = columns_of(at, definition, state, view)
    try:
        query = query_of(at, definition, state, view, tuple(c.name for c in columns))
        found = at.reader.page(at.actor, object, query)
    except Refusal as refusal:
        if not at.lens(object).may("read"):
            raise
        if state.after and any(_of_the_cursor(problem) for problem in refusal.problems):
            return redirect(state.first().address)  # the list is in another order by now
        problems = [at.sentence(problem) for problem in refusal.problems]
    rows = tinted(at, definition, view, rows_of(definition, columns, found.items))
    by = group_field(at, definition, view) if found.items and not state.after else None
    groups, exact = (
        group_rows(at, definition, state, view, by, columns) if by is not None else ([], True)
    )
    sums = totals(at, definition, view, query) if found.items else {}
    return page(
        "list.html",
        at,
        422 if problems else 200,
        object=definition,
        state=state,
        tabs=tabs_of(at, definition, state),
        columns=columns,
        rows=rows,
        body=body_of(columns, rows, at.t("select")),
        count=found.count,
        next=state.next(found.next).address if found.next else "",
        previous=state.previous().address if state.trail else "",
        first_number=len(state.trail) * LIMIT + 1,
        chips=list(applied(at, definition, state)),
        groups=groups,
        groups_exact=exact,
        sums={name: html for name, html in sums.items() if name in {c.name for c in columns}},
        ways_to_look=presentations(at, definition, state, view),
        quick_filters=offered_filters(at, definition, state, shape_of(view).filters or ()),
        creates=at.lens(object).may("create"),
        deletes=at.lens(object).may("delete"),
        changes=at.lens(object).may("update"),
        scans=bool(definition.duplicates) and at.lens(object).may("update"),
        imports=at.lens(object).may("import"),
        exports=at.lens(object).may("export"),
        reason_above=limits_of(at.gate, at.actor, object).reason_above,
        tail=state.first().address.removeprefix(f"/o/{object}"),
        problems=problems,
    )


def show_filters(object: str) -> Response:
    """The filters of a list: as a screen, or to be put into its menu by a script."""
    at = here()
    definition = at.object(object)
    lens = at.lens(object)
    if not lens.may("read"):
        raise Refusal(forbidden(lens, "read", at.actor.roles))
    state = State.read(object, request.args)
    chosen = controls(at, definition, state, request.args.get("_only", ""))
    context: dict[str, Any] = {
        "object": definition,
        "state": state,
        "controls": chosen,
        "others": others_than(state, chosen),
    }
    if request.headers.get("X-Part"):
        return fragment("filters.html", at, **context)
    return page("filters_page.html", at, **context)
