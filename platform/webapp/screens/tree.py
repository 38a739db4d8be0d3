"""The list as a tree: records below the one that they are part of, fetched when it is unfolded.

What the actor may not see is no parent: its children stand at the top (rule 31).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Response, request

from engine.definition.layouts_checking import own_link
from engine.definition.objects import ListView, Object
from engine.problems import Refusal
from engine.records.grouping import grouped
from engine.records.query import Query
from engine.records.reading import Record
from webapp.screens.addresses import State
from webapp.screens.filters import applied, offered_filters
from webapp.screens.here import Here, here
from webapp.screens.listing import Column, chosen_view, columns_of, query_of, rows_of, tabs_of
from webapp.screens.presenting import presentations
from webapp.screens.rendering import fragment, page

ROWS = 100
"""Children that are shown at a time."""
DEEPEST = 8
"""Levels that are indented; deeper ones stand with the last of them."""


@dataclass(frozen=True, slots=True)
class Node:
    """A record of the tree: its cells, how deep it stands, and how many are below it."""

    id: int
    version: int
    address: str
    title: str
    cells: list[str]
    level: int
    below: int
    part: str


def show_tree(at: Here, definition: Object, state: State) -> Response:
    """The tree of a view; what was searched or filtered is a plain list of what was found."""
    view = chosen_view(at, definition, state)
    assert view is not None
    flat = bool(state.q or state.filters)
    columns = _columns(at, definition, state, view)
    problems: list[str] = []
    nodes: list[Node] = []
    more = ""
    try:
        nodes, more = _branch(at, definition, state, view, columns, None, 1, flat)
    except Refusal as refusal:
        problems = [at.sentence(problem) for problem in refusal.problems]
    parent = parent_of(definition, view)
    return page(
        "tree.html",
        at,
        422 if problems else 200,
        object=definition,
        state=state,
        tabs=tabs_of(at, definition, state),
        chips=list(applied(at, definition, state)),
        ways_to_look=presentations(at, definition, state, view),
        quick_filters=offered_filters(at, definition, state, view.shape.filters or ()),
        columns=columns,
        nodes=nodes,
        more=more,
        flat=flat,
        parent=parent,
        moves=at.lens(definition.name).may("update")
        and at.lens(definition.name).may_write(parent)
        and not flat,
        creates=at.lens(definition.name).may("create"),
        problems=problems,
    )


def show_branch(object: str) -> Response:
    """The records below `_of`, for the script that unfolds it; or the next ones of the top."""
    at = here()
    definition = at.object(object)
    state = State.read(object, request.args)
    view = chosen_view(at, definition, state)
    text, depth = request.args.get("_of", ""), request.args.get("_level", "1")
    of = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    level = min(int(depth), 99) if depth.isascii() and depth.isdigit() and len(depth) < 3 else 1
    if view is None or not parent_of(definition, view):
        return Response("", 404)
    columns = _columns(at, definition, state, view)
    flat = bool(state.q or state.filters)
    nodes, more = _branch(at, definition, state, view, columns, of, level, flat)
    lens = at.lens(object)
    parent = parent_of(definition, view)
    return fragment(
        "tree_rows.html", at, object=definition, columns=columns, nodes=nodes, more=more,
        parent=parent, moves=lens.may("update") and lens.may_write(parent) and not flat,
        creates=lens.may("create"), deepest=DEEPEST,
    )  # fmt: skip


def parent_of(definition: Object, view: ListView) -> str:
    """The link that makes the tree."""
    return view.shape.parent or own_link(definition)


def _columns(at: Here, definition: Object, state: State, view: ListView) -> list[Column]:
    columns = columns_of(at, definition, state, view)
    shown = [column for column in columns if column.name != parent_of(definition, view)]
    return [replace(column, address="") for column in shown]


def _branch(
    at: Here,
    definition: Object,
    state: State,
    view: ListView,
    columns: Sequence[Column],
    of: int | None,
    level: int,
    flat: bool,
) -> tuple[list[Node], str]:
    """The records below one, or those at the top, and where the next ones are."""
    parent = parent_of(definition, view)
    names = tuple(column.name for column in columns)
    asked = query_of(at, definition, state, view, names)
    if not flat:
        asked = replace(asked, filters={parent: "" if of is None else str(of)})
    if not asked.sort or asked.sort == ("-id",):
        title = definition.fields[definition.title]
        asked = replace(asked, sort=(title.name,) if title.stored else ("id",))
    asked = replace(asked, limit=ROWS, count="none")
    found = at.reader.page(at.actor, definition.name, asked)
    below = {} if flat else _below(at, definition, view, parent, found.items)
    rows = rows_of(definition, columns, found.items)
    nodes = [
        Node(
            id=record.id,
            version=record.version,
            address=row.address,
            title=row.title,
            cells=row.cells,
            level=level,
            below=below.get(record.id, 0),
            part=_part(state.first(), record.id, level + 1),
        )
        for row, record in zip(rows, found.items, strict=True)
    ]
    return nodes, _part(state.next(found.next), of, level) if found.next else ""


def _below(
    at: Here, definition: Object, view: ListView, parent: str, records: Sequence[Record]
) -> dict[int, int]:
    """How many records stand below each of these; one statement."""
    if not records:
        return {}
    where = f"({view.where.source})" if view.where is not None else ""
    ids = [str(record.id) for record in records]
    query = Query(where=where, filters={parent: ids}, fields=("id",), sort=("id",))
    found = grouped(at.reader, at.actor, definition.name, query, parent)
    return {int(group.key): group.count for group in found.groups if group.key is not None}


def _part(state: State, of: int | None, level: int) -> str:
    address = state.part("branch").address
    join = "&" if "?" in address else "?"
    return f"{address}{join}_level={level}" + (f"&_of={of}" if of is not None else "")
