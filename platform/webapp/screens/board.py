"""The list as a board: a column per stage or option, cards that move by transitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Response

from engine.definition.objects import Field, ListView, Object
from engine.fieldtypes.choice import Choice, Option, Stage
from engine.fieldtypes.date import Date
from engine.fieldtypes.link import Link
from engine.fieldtypes.number import Money
from engine.problems import Refusal
from engine.records.grouping import Group, grouped
from engine.records.reading import Record
from webapp.screens.addresses import State
from webapp.screens.filters import applied, offered_filters, titled
from webapp.screens.here import Here
from webapp.screens.listing import chosen_view, query_of, tabs_of
from webapp.screens.presenting import board_field, presentations, shape_of
from webapp.screens.rendering import page
from webapp.screens.tints import tints
from webapp.screens.transitions import Way, ways
from webapp.screens.values import COLOURS, currency, writer

CARDS = 30
"""Cards that a column shows; the rest is found in the table."""


@dataclass(frozen=True, slots=True)
class Card:
    """One record."""

    id: int
    version: int
    address: str
    title: str
    subtitle: str
    amount: str
    lines: list[str]
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One stage or option: its cards, how many there are, what they come to, where they can go."""

    name: str
    label: str
    colour: str
    cards: list[Card]
    count: str
    total: str
    more: str
    ways: list[Way]


def show_board(at: Here, definition: Object, state: State) -> Response:
    """The board of the list's view, search and filters."""
    view = chosen_view(at, definition, state)
    by = board_field(at, definition, view)
    assert by is not None and isinstance(by.type, Choice)
    problems: list[str] = []
    columns: list[Column] = []
    try:
        columns = _columns(at, definition, state, view, by)
    except Refusal as refusal:
        problems = [at.sentence(problem) for problem in refusal.problems]
    if state.given(by.name):
        columns = [column for column in columns if column.name in state.given(by.name)]
    elif view is not None and view.where is not None and isinstance(by.type, Stage):
        columns = [column for column in columns if column.cards or _could(column, columns)]
    return page(
        "board.html",
        at,
        422 if problems else 200,
        object=definition,
        by=by,
        state=state,
        tabs=tabs_of(at, definition, state),
        columns=columns,
        chips=list(applied(at, definition, state)),
        ways_to_look=presentations(at, definition, state, view),
        quick_filters=offered_filters(at, definition, state, shape_of(view).filters or ()),
        creates=at.lens(definition.name).may("create"),
        moves=at.lens(definition.name).may("update"),
        problems=problems,
    )


def _could(column: Column, columns: list[Column]) -> bool:
    """Whether a card that is shown could be moved into this empty column."""
    return any(way.target == column.name for other in columns if other.cards for way in other.ways)


def _columns(
    at: Here, definition: Object, state: State, view: ListView | None, by: Field
) -> list[Column]:
    """The columns: their counts and sums by one statement, and the first cards of each."""
    assert isinstance(by.type, Choice)
    shape = shape_of(view)
    fields = _card_fields(at, definition, by, shape.card)
    money = _summed(at, definition, fields, shape.sum)
    asked = replace(query_of(at, definition, state.first(), view, ()), sort=("id",))
    sums = [money.name] if money is not None else []
    found = grouped(at.reader, at.actor, definition.name, asked, by.name, sums)
    figures = {group.key: group for group in found.groups}
    made: list[Column] = []
    options: list[Option | None] = [None] if None in figures else []
    for option in (*options, *by.type.options):
        figure = figures.get(option.name if option is not None else None)
        cards, more = (
            _cards(at, definition, state, view, by, option, fields) if figure else ([], "")
        )
        made.append(
            Column(
                name=option.name if option is not None else "",
                label=at.say(option.label) if option is not None else at.t("group_empty"),
                colour=option.colour if option is not None and option.colour in COLOURS else "grey",
                cards=cards,
                count=f"{figure.count:,}{'' if found.exact else '+'}" if figure else "0",
                total=_total(at, money, figure, found.exact),
                more=more,
                ways=_ways(at, definition, by, option),
            )
        )
    return made


def _cards(
    at: Here,
    definition: Object,
    state: State,
    view: ListView | None,
    by: Field,
    option: Option | None,
    fields: list[Field],
) -> tuple[list[Card], str]:
    """The first cards of a column, and where the rest is found."""
    asked = query_of(at, definition, state.first(), view, tuple(field.name for field in fields))
    filters = {**asked.filters, by.name: option.name if option is not None else ""}
    asked = replace(asked, filters=filters, limit=CARDS, count="none")
    found = at.reader.page(at.actor, definition.name, asked)
    pair = (by.name, option.name) if option is not None else (f"{by.name}.empty", "1")
    rest = state.first().without([by.name])
    table = replace(rest, view="table", filters=(*rest.filters, pair))
    colours = tints(at, definition, shape_of(view), [record.id for record in found.items])
    write = _card_writer(at, definition, fields)
    cards = [replace(write(r), colour=colours.get(r.id, "")) for r in found.items]
    return cards, table.address if found.next else ""


def _ways(at: Here, definition: Object, by: Field, option: Option | None) -> list[Way]:
    """Where the cards of a column can go: by transitions, or by choosing another option."""
    name = option.name if option is not None else None
    if isinstance(by.type, Stage):
        return ways(at, definition, by, name) if name is not None else []
    assert isinstance(by.type, Choice)
    if not at.lens(definition.name).may_write(by.name) or not by.writable:
        return []
    return [
        Way(f"={one.name}", at.say(one.label), one.name, (), (), "on")
        for one in by.type.options
        if one.name != name
    ]


def _summed(at: Here, definition: Object, fields: list[Field], name: str) -> Field | None:
    """What the columns add up: what the view says, else the amount of the cards."""
    if name:
        return definition.fields[name] if at.lens(definition.name).may_read(name) else None
    return next((f for f in fields if isinstance(f.type, Money)), None)


def _total(at: Here, summed: Field | None, figure: Group | None, exact: bool) -> str:
    """What the column's records come to, as long as they were all added up."""
    if summed is None or figure is None or not exact or figure.sums[0] is None:
        return ""
    if isinstance(summed.type, Money):
        return f"{currency(summed.type.currency, at.locale)}{figure.sums[0]:,.0f}"
    return summed.type.format(figure.sums[0], at.locale)


def _card_fields(
    at: Here, definition: Object, stage: Field, chosen: tuple[str, ...]
) -> list[Field]:
    """What a card tells besides its title: what the view says, else a link, an amount, a date,
    whose it is."""
    if chosen:
        return [definition.fields[n] for n in chosen if at.lens(definition.name).may_read(n)]
    readable = [f for f in at.readable(definition) if not f.system and f is not stage]

    def first(kind: type, most: int) -> list[Field]:
        return [f for f in readable if isinstance(f.type, kind) and f.stored][:most]

    fields = first(Link, 1) + first(Money, 1)
    dates = first(Date, 4)
    fields += [f for f in dates if f.default_from is None and not f.derived][:1] or dates[:1]
    if "owner" in definition.fields and at.lens(definition.name).may_read("owner"):
        fields.append(definition.fields["owner"])
    return fields


def _card_writer(at: Here, definition: Object, fields: list[Field]) -> Callable[[Record], Card]:
    money = next((f for f in fields if isinstance(f.type, Money)), None)
    writers = {field.name: writer(field, at) for field in fields}
    subtitle = next((f.name for f in fields if isinstance(f.type, Link)), "")
    if subtitle == "owner":
        subtitle = ""

    def write(record: Record) -> Card:
        values = record.values

        def cell(name: str) -> str:
            return writers[name](values[name]) if values.get(name) is not None else ""

        others = [f.name for f in fields if f is not money and f.name != subtitle]
        return Card(
            id=record.id,
            version=record.version,
            address=f"/o/{definition.name}/{record.id}",
            title=titled(definition, values, record.id),
            subtitle=cell(subtitle) if subtitle else "",
            amount=cell(money.name) if money is not None else "",
            lines=[text for name in others if (text := cell(name))],
        )

    return write
