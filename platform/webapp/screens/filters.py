"""Filters of a list: what can be asked of each kind of field, and what that means.

Plain equality goes to the reader as a filter; ranges, parts of texts and emptiness become a
condition of the one language. Only names of the catalog and quoted literals get into it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.definition.objects import Field, Object
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.choice import Choice, Tags
from engine.fieldtypes.date import Date, MomentType
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import NumberType, Percent
from engine.fieldtypes.text import TextType
from engine.problems import Refusal
from engine.records.query import Query
from webapp import messages as say
from webapp.screens.addresses import State
from webapp.screens.here import Here

FROM, TO, HAS, EMPTY = "from", "to", "has", "empty"
FILLED = "0"
"""The value of an `empty` filter that asks for a value of any kind."""


@dataclass(frozen=True, slots=True)
class Control:
    """How a field is filtered. `kind` chooses the part of the template that draws it."""

    name: str
    label: str
    kind: str
    options: tuple[tuple[str, str], ...] = ()
    target: str = ""
    given: dict[str, list[str]] = field(default_factory=dict)
    shown: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """One filter that is on: what it says, and the list without it."""

    label: str
    text: str
    without: str


def kind_of(found: Field) -> str:
    """Which kind of filter a field takes; empty for none."""
    match found.type:
        case Links():
            return "link"
        case Collection():
            return ""
        case Link():
            return "link"
        case Tags():
            return "tags"
        case Choice():
            return "choice"
        case Boolean():
            return "boolean"
        case Date() | MomentType():
            return "date"
        case Percent():
            return "percent"
        case NumberType():
            return "number"
        case TextType():
            return "text"
    return ""


def filterable(here: Here, definition: Object) -> list[Field]:
    """The fields of a list that can be filtered, system fields last."""
    known = [f for f in here.readable(definition) if kind_of(f) and f.name not in ("id", "version")]
    known = [f for f in known if not f.name.startswith("deleted_")]
    return sorted(known, key=lambda f: f.system)


def controls(here: Here, definition: Object, state: State, only: str = "") -> list[Control]:
    """The controls of the filter menu; `only` that of one field where it is named."""
    fields = filterable(here, definition)
    chosen = [found for found in fields if found.name == only] or fields
    return [_control(here, found, state) for found in chosen]


def offered_filters(
    here: Here, definition: Object, state: State, names: Iterable[str]
) -> list[tuple[str, str, str, bool]]:
    """The filters that stand above the list: name, label, where it is chosen, whether it is on."""
    fields = {found.name: found for found in filterable(here, definition)}
    address = state.filters_address
    join = "&" if "?" in address else "?"
    on = {name.partition(".")[0] for name, _ in state.filters}
    return [
        (name, here.say(fields[name].label), f"{address}{join}_only={name}", name in on)
        for name in names
        if name in fields
    ]


def others_than(state: State, controls: Iterable[Control]) -> list[tuple[str, str]]:
    """The filters that are on and that these controls do not show."""
    shown = {control.name for control in controls}
    return [(n, v) for n, v in state.filters if n.partition(".")[0] not in shown]


def _control(here: Here, found: Field, state: State) -> Control:
    type_ = found.type
    given = {part: state.given(f"{found.name}.{part}") for part in (FROM, TO, HAS, EMPTY)}
    given["is"] = state.given(found.name)
    options: tuple[tuple[str, str], ...] = ()
    target = ""
    shown: tuple[tuple[str, str], ...] = ()
    if isinstance(type_, Choice):
        options = tuple((o.name, here.say(o.label)) for o in type_.options)
    elif isinstance(type_, Link | Links):
        target = type_.to
        shown = tuple((id, title_of(here, type_.to, id)) for id in given["is"])
    return Control(found.name, here.say(found.label), kind_of(found), options, target, given, shown)


def narrowed(here: Here, definition: Object, state: State) -> tuple[dict[str, Any], list[str]]:
    """Plain filters and conditions of the state. Raises Refusal for unusable ones."""
    plain: dict[str, Any] = {}
    conditions: list[str] = []
    fields = {found.name: found for found in filterable(here, definition)}
    for name in dict.fromkeys(key for key, _ in state.filters):
        field_name, _, part = name.partition(".")
        found = fields.get(field_name)
        values = state.given(name)
        if found is None:
            plain[field_name] = values[0]  # the reader says what is wrong with it
        elif not part and kind_of(found) == "tags":
            conditions.append(" or ".join(f"{_text(v)} in {field_name}" for v in values))
        elif not part:
            plain[field_name] = values if len(values) > 1 else values[0]
        else:
            conditions.append(_condition(found, part, values[0]))
    return plain, [f"({condition})" for condition in conditions if condition]


def _condition(found: Field, part: str, raw: str) -> str:
    name = found.name
    if part == EMPTY:
        return f"{name} is not empty" if raw == FILLED else f"{name} is empty"
    if part == HAS:
        call = "matches" if found.folded and found.searchable else "contains"
        return f"{call}({name}, {_text(raw)})"
    if part not in (FROM, TO):
        parts = ", ".join((FROM, TO, HAS, EMPTY))
        raise Refusal(say.UNKNOWN_PARAMETER(name=f"{name}.{part}"[:60], best=parts))
    sign = ">=" if part == FROM else "<="
    type_ = found.type
    if isinstance(type_, Date | MomentType):
        day = Date().read(raw)
        subject = name if isinstance(type_, Date) else f"date_of({name})"
        return f'{subject} {sign} date("{day}")'
    if not isinstance(type_, NumberType):
        part_name = f"{name}.{part}"
        raise Refusal(say.UNKNOWN_PARAMETER(name=part_name, best=f"{name}.{HAS}, {name}.{EMPTY}"))
    bound = NumberType(scale=9).read(raw)
    if isinstance(type_, Percent) and isinstance(bound, Decimal) and "%" not in raw:
        bound = bound / 100
    return f"{name} {sign} {bound.normalize():f}" if bound is not None else ""


def _text(raw: str) -> str:
    return json.dumps(raw, ensure_ascii=False)


def applied(here: Here, definition: Object, state: State) -> Iterator[Applied]:
    """The filters that are on, as chips."""
    on = {name.partition(".")[0] for name, _ in state.filters}
    for found in filterable(here, definition) if on else ():
        if found.name not in on:
            continue
        control = _control(here, found, state)
        names = [control.name, *(f"{control.name}.{part}" for part in (FROM, TO, HAS, EMPTY))]
        text = _described(here, control)
        if text:
            yield Applied(control.label, text, state.without(names).address)


def _described(here: Here, control: Control) -> str:
    given, parts = control.given, []
    if given["is"]:
        known = dict(control.options) | dict(control.shown)
        if control.kind == "boolean":
            known = {"true": here.t("yes"), "false": here.t("no")}
        parts.append(here.t("list_or").join(known.get(value, value) for value in given["is"]))
    unit = "%" if control.kind == "percent" else ""
    low, high = ("".join(given[part][:1]) for part in (FROM, TO))
    if low and high:
        parts.append(f"{low}{unit} – {high}{unit}")
    elif low or high:
        parts.append(f"≥ {low}{unit}" if low else f"≤ {high}{unit}")
    if given[HAS]:
        parts.append(here.t("contains_text", text=given[HAS][0]))
    if given[EMPTY]:
        parts.append(here.t("is_filled" if given[EMPTY][0] == FILLED else "is_empty"))
    return here.t("list_and").join(parts)


def title_of(here: Here, object: str, id: str) -> str:
    """The title of a record for a chip; its id where the actor may not see it."""
    definition = here.catalog.objects[object]
    if not id.isdigit() or not here.lens(object).may_read(definition.title):
        return f"#{id}"
    try:
        query = Query(filters={"id": id}, fields=(definition.title,), limit=1)
        items = here.reader.page(here.actor, object, query).items
    except Refusal:
        return f"#{id}"
    return titled(definition, items[0].values, items[0].id) if items else f"#{id}"


def titled(definition: Object, values: dict[str, Any], id: int) -> str:
    """A record's title as text; its number or id where the title is hidden or empty."""
    for name in (definition.title, "number"):
        if values.get(name) not in (None, ""):
            return str(values[name])
    return f"#{id}"
