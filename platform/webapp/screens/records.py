"""The page of a record: `/o/<object>/<id>`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.layouts import Section as Placed
from engine.definition.objects import Field, Object
from engine.fieldtypes.choice import Stage
from engine.fieldtypes.date import Date
from engine.fieldtypes.link import Collection, Lines, Related
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import Money, Percent
from engine.fieldtypes.obscured import Obscured
from engine.fieldtypes.text import TextType
from engine.problems import Refusal
from engine.records.query import Query
from engine.records.reading import Record
from engine.records.states import States, states_of
from webapp.screens.approving import panel_of
from webapp.screens.controls import Control, control
from webapp.screens.files import attachments_of
from webapp.screens.filters import titled
from webapp.screens.here import Here, here
from webapp.screens.layouts import (
    RecordTab,
    chosen_tab,
    hidden_sections,
    layout_for,
    shown_tabs,
)
from webapp.screens.origins import copies, merged_from, offers, origins_of
from webapp.screens.printing import papers
from webapp.screens.related import related_of
from webapp.screens.rendering import fragment, page
from webapp.screens.sharing import sharing_of
from webapp.screens.timeline import timeline
from webapp.screens.transitions import Way, ways, workflow_of
from webapp.screens.values import COLOURS, is_number, writer
from webapp.screens.why import question_of, sees_who

FIGURES = 4


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of the record, as HTML."""

    name: str
    label: str
    help: str
    html: str
    editable: bool
    wide: bool


@dataclass(frozen=True, slots=True)
class LineTable:
    """The lines of a field."""

    label: str
    columns: list[tuple[str, bool]]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """A section of facts. Tables of lines stand below its facts."""

    label: str
    facts: list[Fact]
    tables: list[LineTable]
    help: str = ""
    columns: int = 2
    collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of the path. `state` is "past", "now" or "ahead"."""

    label: str
    state: str
    colour: str


def show_record(object: str, id: int) -> Response:
    """The record with everything about it."""
    at = here()
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id, masks=True)
    states = states_of(at.gate, at.actor, object, id)
    approval = panel_of(at, object, record.id)
    locked = approval is not None and approval.running
    updates = not locked and may(at, "update", record)
    shown = shown_tabs(at, definition)
    current = chosen_tab(shown, request.args.get("tab", ""))
    entries, older = timeline(at, definition, record)
    stage = next((f for f in at.readable(definition) if isinstance(f.type, Stage)), None)
    steps, onward = path(at, definition, record, stage) if stage else ([], [])
    body = {
        "object": definition,
        "address": f"/o/{object}/{record.id}",
        "sections": sections(at, definition, record, updates, states, current.sections),
        **related_of(at, definition, record, current, request.args.get("related", "")),
    }
    if request.args.get("part") == "tab":
        return fragment("record_tab.html", at, **body)
    return page(
        "record.html",
        at,
        record=record,
        merged=merged_from(),
        title=heading(at, definition, record),
        number=_number(at, definition, record),
        figures=figures(at, definition, record),
        stage=stage,
        steps=steps,
        ways=onward if updates else [],
        record_tabs=[
            RecordTab(one.name, at.say(one.label), one is current)
            for one in (shown if len(shown) > 1 else ())
        ],
        entries=entries,
        older=older,
        updates=updates,
        deletes=not locked and may(at, "delete", record),
        approval=approval,
        papers=papers(at, object, record.id),
        attachments=attachments_of(at, definition, record, updates),
        stamps=_stamps(at, definition, record),
        origins=origins_of(at, record),
        offers=[] if locked else offers(at, definition, record),
        copies=copies(at, definition),
        shared=sharing_of(at, definition, record, updates),
        why=question_of(at, object, record.id, "update"),
        sees_who=sees_who(at),
        **body,
    )


def show_by_number(object: str, number: str) -> AnyResponse:
    """The record with that number, at its own address."""
    at = here()
    record = at.reader.one(at.actor, at.object(object).name, number)
    return redirect(f"/o/{object}/{record.id}")


def may(at: Here, action: str, record: Record) -> bool:
    """Whether the actor may do this with this very record."""
    if not at.lens(record.object).may(action):
        return False
    query = Query(filters={"id": record.id}, fields=("id",), action=action, limit=1)
    try:
        return bool(at.reader.page(at.actor, record.object, query).items)
    except Refusal:
        return False


def heading(at: Here, definition: Object, record: Record) -> str:
    """What the record is called; settings by their object."""
    if definition.is_settings:
        return at.say(definition.label)
    return titled(definition, record.values, record.id)


def _number(at: Here, definition: Object, record: Record) -> str:
    return str(record.values.get("number") or "") if definition.title != "number" else ""


def _stamps(at: Here, definition: Object, record: Record) -> list[tuple[str, str]]:
    """Who made it and who changed it last."""
    return [
        (at.say(definition.fields[name].label), writer(definition.fields[name], at)(value))
        for name in ("created_by", "created_on", "changed_by", "changed_on")
        if name in definition.fields and (value := record.values.get(name)) is not None
    ]


def figures(at: Here, definition: Object, record: Record) -> list[tuple[str, str]]:
    """The few values that say most, by how many declared lists show them; and whose it is."""
    fields = [
        f for f in at.readable(definition)
        if f.name in record.values and not f.restricted and not f.beside
    ]  # fmt: skip
    head = layout_for(at, definition).head
    if head:
        known = {f.name: f for f in at.readable(definition) if f.name in record.values}
        return [
            (at.say(known[n].label), writer(known[n], at)(record.values[n]))
            for n in head if n in known
        ]  # fmt: skip
    shown_in = Counter(name for view in definition.views.values() for name in view.columns)

    def some(kind: type, most: int) -> list[Field]:
        found = [f for f in fields if isinstance(f.type, kind) and not f.system]
        filled = [f for f in found if record.values[f.name]]
        return sorted(filled, key=lambda f: -shown_in[f.name])[:most]

    chosen = some(Money, 2) + some(Percent, 1) + some(Date, 2)
    chosen = chosen[: FIGURES - 1]
    chosen += [f for f in fields if f.name == "owner" and record.values["owner"] is not None]
    return [(at.say(f.label), writer(f, at)(record.values[f.name])) for f in chosen]


def path(
    at: Here, definition: Object, record: Record, stage: Field
) -> tuple[list[Step], list[Way]]:
    """The stages in order, and the ways on from the present one."""
    workflow = workflow_of(at, stage)
    now = record.values.get(stage.name)
    names = [option.name for option in workflow.options]
    place = names.index(now) if now in names else -1
    ended = workflow.state(now) == "lost"
    steps = []
    for index, option in enumerate(workflow.options):
        if workflow.state(option.name) == "lost" and index != place:
            continue
        state = "now" if index == place else "past" if index < place and not ended else "ahead"
        colour = option.colour if option.colour in COLOURS else "grey"
        steps.append(Step(at.say(option.label), state, colour))
    return steps, ways(at, definition, stage, now, free=True)  # shown where nothing is running


def asked(at: Here, definition: Object, record: Record, way: Way) -> list[Control]:
    """The controls of what a transition asks for, and of what it needs and is still empty."""
    missing = [name for name in way.needs if record.values.get(name) in (None, ())]
    names = dict.fromkeys((*way.fields, *missing))
    shown = {n: v for n, v in record.values.items() if not isinstance(v, Obscured)}
    return [control(at, definition.fields[name], shown.get(name)) for name in names]


def sections(
    at: Here,
    definition: Object,
    record: Record,
    updates: bool,
    states: States,
    parts: Iterable[Placed],
) -> list[Section]:
    """The sections of a tab, with their readable fields.

    A field without a place is shown only where it holds something from before.
    """
    hidden = hidden_sections(at, definition, states)
    found = []
    for part in parts:
        placed = [
            name for name in part.fields
            if name not in states.hidden or record.values.get(name) not in (None, (), [])
        ]  # fmt: skip
        section = _section(at, definition, record, part, placed, updates, states.closed)
        if (section.facts or section.tables) and part.name not in hidden:
            found.append(section)
    return found


def _section(
    at: Here,
    definition: Object,
    record: Record,
    part: Placed,
    names: Iterable[str],
    updates: bool,
    closed: Container[str],
) -> Section:
    lens = at.lens(definition.name)
    facts, tables = [], []
    for name in names:
        field = definition.fields[name]
        if name not in record.values or isinstance(field.type, Related) or field.attached:
            continue
        if isinstance(field.type, Lines):
            tables.append(line_table(at, field, record.values[name]))
            continue
        entered = field.writable or name == "owner"
        facts.append(
            Fact(
                name=name,
                label=at.say(field.label),
                help=at.say(field.help),
                html=writer(field, at)(record.values[name]),
                editable=updates and entered and lens.may_write(name)
                and not isinstance(field.type, Stage) and name not in closed,
                wide=name in part.wide
                or (isinstance(field.type, TextType) and field.type.multiline)
                or field.type.holds == "files",
            )
        )  # fmt: skip
    label, help = at.say(part.label), at.say(part.help)
    return Section(label, facts, tables, help, part.columns, part.collapsed)


def line_table(at: Here, field: Field, records: list[Record]) -> LineTable:
    """The lines of a field as a table; columns in which nothing stands are left out."""
    assert isinstance(field.type, Lines)
    child = at.catalog.objects[field.type.of]
    fields = [
        f
        for f in child.fields.values()
        if at.lens(child.name).may_show(f.name)
        and not f.system and f.name != child.parent
        and (not isinstance(f.type, Collection) or isinstance(f.type, Links))
        and not f.part_of and not f.beside
        and (not records or any(r.values.get(f.name) not in (None, ()) for r in records))
    ]  # fmt: skip
    writers = [(f.name, writer(f, at)) for f in fields]
    return LineTable(
        label=at.say(field.label),
        columns=[(at.say(f.label), is_number(f)) for f in fields],
        rows=[[write(r.values.get(name)) for name, write in writers] for r in records],
    )


def show_timeline(object: str, id: int) -> Response:
    """Older entries of the timeline."""
    at = here()
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id)
    before = request.args.get("before", "")
    number = int(before) if before.isdigit() and len(before) < 19 else 0
    entries, older = timeline(at, definition, record, number)
    return fragment(
        "timeline.html", at, address=f"/o/{object}/{record.id}", entries=entries, older=older
    )
