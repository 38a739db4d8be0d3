"""The list of an object: `/o/<object>`, as a table or as a board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, request

from engine.problems import Refusal
from engine.records.query import LIMIT
from engine.records.reading import Page
from engine.records.rights import forbidden
from webapp.screens.addresses import State
from webapp.screens.board import show_board
from webapp.screens.filters import applied, controls
from webapp.screens.here import here
from webapp.screens.listing import (
    BOARD,
    body_of,
    chosen_view,
    columns_of,
    query_of,
    rows_of,
    stage_field,
    tabs_of,
)
from webapp.screens.rendering import fragment, page


def show_list(object: str) -> Response:
    """The list as a table, or as a board."""
    at = here()
    definition = at.object(object)
    state = State.read(object, request.args)
    if state.view == BOARD and stage_field(at, definition):
        return show_board(at, definition, state)
    view = chosen_view(at, definition, state)
    problems: Sequence[str] = ()
    found = Page([])
    columns = columns_of(at, definition, state, view)
    try:
        query = query_of(at, definition, state, view, tuple(c.name for c in columns))
        found = at.reader.page(at.actor, object, query)
    except Refusal as refusal:
        if not at.lens(object).may("read"):
            raise
        problems = [at.sentence(problem) for problem in refusal.problems]
    rows = rows_of(definition, columns, found.items)
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
        stage=stage_field(at, definition),
        board=State(object, state.tab, BOARD, "", state.q, filters=state.filters).address,
        creates=at.lens(object).may("create"),
        deletes=at.lens(object).may("delete"),
        changes=at.lens(object).may("update"),
        imports=at.lens(object).may("import"),
        exports=at.lens(object).may("export"),
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
    context: dict[str, Any] = {
        "object": definition,
        "state": state,
        "controls": controls(at, definition, state),
    }
    if request.headers.get("X-Part"):
        return fragment("filters.html", at, **context)
    return page("filters_page.html", at, **context)
