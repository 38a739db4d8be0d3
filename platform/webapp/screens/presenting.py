"""How a list is presented: as a table, board, calendar, time line or tree."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.definition.layouts import BOARD, CALENDAR, LIST, TIMELINE, TREE, ViewShape, fits
from engine.definition.objects import Field, ListView, Object
from engine.fieldtypes.choice import Stage
from webapp.screens.addresses import State
from webapp.screens.here import Here
from webapp.screens.layouts import roles_of

TABLE = "table"
ICONS = {
    LIST: "list", BOARD: "square-kanban", CALENDAR: "calendar-days",
    TIMELINE: "chart-gantt", TREE: "list-tree",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Presentation:
    """One way to look at the list, for the switch above it."""

    label: str
    icon: str
    address: str
    current: bool


def shape_of(view: ListView | None) -> ViewShape:
    """What the view shows; a plain list without one."""
    return view.shape if view is not None else ViewShape()


def offered(at: Here, definition: Object, view: ListView) -> bool:
    """Whether the view is for the actor's roles, and they may read what it is made of."""
    shape, lens = view.shape, at.lens(definition.name)
    made_of = (shape.start, shape.end if shape.kind == TIMELINE else "", shape.by, shape.parent)
    return fits(shape.roles, roles_of(at)) and all(lens.may_read(n) for n in made_of if n)


def board_field(at: Here, definition: Object, view: ListView | None) -> Field | None:
    """The field that a board is made of: what the view says, else the stage."""
    name = shape_of(view).by
    fields = {found.name: found for found in at.readable(definition)}
    if name:
        return fields.get(name)
    return next((found for found in fields.values() if isinstance(found.type, Stage)), None)


def kind_of(at: Here, definition: Object, state: State, view: ListView | None) -> str:
    """How the list is presented: as the state asks, else as the view says."""
    declared = shape_of(view).kind
    wanted = {"": declared, TABLE: LIST}.get(state.view, state.view)
    if wanted == BOARD:
        return BOARD if board_field(at, definition, view) is not None else LIST
    return wanted if wanted == declared else LIST


def presentations(
    at: Here, definition: Object, state: State, view: ListView | None
) -> list[Presentation]:
    """The ways to look at the list; none where there is only the table."""
    declared = shape_of(view).kind
    kinds = [LIST]
    if declared == BOARD or board_field(at, definition, view) is not None:
        kinds.append(BOARD)
    if declared not in kinds:
        kinds.append(declared)
    if len(kinds) < 2:
        return []
    current = kind_of(at, definition, state, view)
    labels = {
        LIST: at.t("table"), BOARD: at.t("board"), CALENDAR: at.t("calendar"),
        TIMELINE: at.t("timeline_view"), TREE: at.t("tree"),
    }  # fmt: skip
    return [
        Presentation(
            labels[kind], ICONS[kind],
            replace(state.first(), view=_word(kind, declared)).address, kind == current,
        )
        for kind in kinds
    ]  # fmt: skip


def kept(state: State, view: ListView) -> str:
    """The presentation that stays when one goes to another view."""
    return BOARD if state.view == BOARD and view.shape.kind == LIST else ""


def _word(kind: str, declared: str) -> str:
    """The word of the address that asks for a kind."""
    if kind == declared:
        return ""
    return TABLE if kind == LIST else kind
