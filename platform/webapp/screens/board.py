"""The list as a board: a column per stage, cards that move by transitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flask import Response

from engine.definition.objects import Field, ListView, Object
from engine.fieldtypes.choice import Stage
from engine.fieldtypes.date import Date
from engine.fieldtypes.link import Link
from engine.fieldtypes.number import Money
from engine.problems import Refusal
from engine.records.query import Query
from engine.records.reading import Page, Record
from webapp.screens.addresses import State
from webapp.screens.filters import applied, titled
from webapp.screens.here import Here
from webapp.screens.listing import chosen_view, query_of, stage_field, tabs_of
from webapp.screens.rendering import page
from webapp.screens.transitions import Way, ways
from webapp.screens.values import COLOURS, currency, writer

CARDS = 30
"""Cards that a column shows; the rest is found in the table."""
SUMMED = 1_000
"""Records of a column that are added up; of more, the sum is not shown."""


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


@dataclass(frozen=True, slots=True)
class Column:
    """One stage: its cards, how many there are, what they come to, and where they can go."""

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
    stage = stage_field(at, definition)
    assert stage is not None and isinstance(stage.type, Stage)
    view = chosen_view(at, definition, state)
    problems: list[str] = []
    columns: list[Column] = []
    try:
        columns = [_column(at, definition, state, view, stage, o) for o in stage.type.options]
    except Refusal as refusal:
        problems = [at.sentence(problem) for problem in refusal.problems]
    if state.given(stage.name):
        columns = [column for column in columns if column.name in state.given(stage.name)]
    elif view is not None and view.where is not None:
        columns = [column for column in columns if column.cards or _could(column, columns)]
    return page(
        "board.html",
        at,
        422 if problems else 200,
        object=definition,
        stage=stage,
        state=state,
        tabs=tabs_of(at, definition, state),
        columns=columns,
        chips=list(applied(at, definition, state)),
        table=replace(state.first(), view="").address,
        creates=at.lens(definition.name).may("create"),
        moves=at.lens(definition.name).may("update"),
        problems=problems,
    )


def _could(column: Column, columns: list[Column]) -> bool:
    """Whether a card that is shown could be moved into this empty column."""
    return any(way.target == column.name for other in columns if other.cards for way in other.ways)


def _column(
    at: Here, definition: Object, state: State, view: ListView | None, stage: Field, option: Any
) -> Column:
    fields = _card_fields(at, definition, stage)
    names = tuple(field.name for field in fields)
    asked = query_of(at, definition, state.first(), view, names)
    filters = {**asked.filters, stage.name: option.name}
    asked = replace(asked, filters=filters, limit=CARDS, after="")
    found = at.reader.page(at.actor, definition.name, asked)
    money = next((f for f in fields if isinstance(f.type, Money)), None)
    count = found.count
    table = replace(state.first(), view="", filters=(*state.filters, (stage.name, option.name)))
    card = _card_writer(at, definition, fields, money)
    return Column(
        name=option.name,
        label=at.say(option.label),
        colour=option.colour if option.colour in COLOURS else "grey",
        cards=[card(record) for record in found.items],
        count=f"{count.value:,}{'' if count.exact else '+'}" if count else "",
        total=_total(at, definition, asked, found, money),
        more=table.address if found.next else "",
        ways=ways(at, definition, stage, option.name),
    )


def _total(at: Here, definition: Object, asked: Query, found: Page, money: Field | None) -> str:
    """What the column's records come to, as long as they can be added up."""
    if money is None or (found.count is not None and not found.count.exact):
        return ""
    records = found.items
    if found.next:
        everything = replace(asked, fields=(money.name,), limit=SUMMED, count="none", sort=("id",))
        records = at.reader.page(at.actor, definition.name, everything).items
    total = sum((r.values.get(money.name) or Decimal(0) for r in records), Decimal(0))
    assert isinstance(money.type, Money)
    return f"{currency(money.type.currency, at.locale)}{total:,.0f}" if records else ""


def _card_fields(at: Here, definition: Object, stage: Field) -> list[Field]:
    """What a card tells besides its title: a link, an amount, a date, whose it is."""
    readable = [f for f in at.readable(definition) if not f.system and f is not stage]

    def first(kind: type, most: int) -> list[Field]:
        return [f for f in readable if isinstance(f.type, kind) and f.stored][:most]

    fields = first(Link, 1) + first(Money, 1)
    dates = first(Date, 4)
    fields += [f for f in dates if f.default_from is None and not f.derived][:1] or dates[:1]
    if "owner" in definition.fields and at.lens(definition.name).may_read("owner"):
        fields.append(definition.fields["owner"])
    return fields


def _card_writer(
    at: Here, definition: Object, fields: list[Field], money: Field | None
) -> Callable[[Record], Card]:
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
