"""Controls: how each field type is entered, and how what was typed reaches the gate.

A form holds text. `as_text` writes a value the way its control shows it, `given` collects what
was typed: fields that still read as they were shown are left out, so that a form changes only
what a person changed and what somebody else may have changed meanwhile stays (rule 14).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from werkzeug.datastructures import MultiDict

from engine.definition.objects import Field, Object
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.choice import Choice, Choices, Stage, Tags
from engine.fieldtypes.code import Code, Json
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.date import Date, MomentType, TimeOfDay
from engine.fieldtypes.duration import Duration
from engine.fieldtypes.file import File, FileRef
from engine.fieldtypes.link import Lines, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import Integer, Money, NumberType, Percent, Rating
from engine.fieldtypes.phone import Phone
from engine.fieldtypes.secret import Secret
from engine.fieldtypes.text import Colour, Email, TextType, Url
from engine.records.reading import Linked
from webapp.screens.filed import CLEARED, ids_text, shown_files
from webapp.screens.here import Here
from webapp.screens.picking import MODE, MORE, as_chosen, picked, picked_input, same_picked
from webapp.screens.values import currency

ID = ":id"
"""Behind a link's name: the id of the record that was chosen for the title that is shown."""
WAS = ":was"
"""Behind a name: what the form filled in by itself. As long as it stands, nothing was typed."""
ABSENT = ":there"
"""Behind the name of a control that sends nothing when it is empty (boxes to tick)."""


@dataclass(frozen=True)
class Control:
    """One control of a form. `kind` chooses the part of the template that draws it."""

    name: str
    field: Field
    label: str
    help: str
    kind: str
    text: str
    required: bool
    chosen: tuple[str, ...] = ()
    id: str = ""
    options: tuple[tuple[str, str], ...] = ()
    target: str = ""
    needs: str = ""
    unit: str = ""
    limit: int = 0
    problems: tuple[str, ...] = ()
    fixed: bool = False
    was: str | None = None
    picked: tuple[tuple[str, str], ...] = ()
    files: tuple[FileRef, ...] = ()
    mode: str = ""
    offers: tuple[str, ...] = ()


def kind_of(found: Field) -> str:
    """Which control a field takes."""
    match found.type:
        case Lines():
            return "lines"
        case Link():
            return "link"
        case Links():
            return "links"
        case File():
            return "file"
        case Secret():
            return "secret"
        case Tags():
            return "tags"
        case Choices():
            return "choices"
        case Choice():
            return "choice"
        case Boolean():
            return "boolean"
        case Date():
            return "date"
        case MomentType():
            return "moment"
        case TimeOfDay():
            return "time"
        case Duration():
            return "duration"
        case Money():
            return "money"
        case Percent():
            return "percent"
        case Rating():
            return "rating"
        case Integer():
            return "integer"
        case NumberType():
            return "number"
        case Email():
            return "email"
        case Phone():
            return "tel"
        case Url():
            return "url"
        case Colour():
            return "colour"
        case Code() | Json():
            return "code"
        case TextType() if found.type.multiline:
            return "multiline"
    return "text"


def control(
    at: Here,
    found: Field,
    value: Any = None,
    *,
    typed: MultiDict[str, str] | None = None,
    name: str = "",
    problems: Iterable[str] = (),
    filled: bool = False,
) -> Control:
    """The control of a field with a value, or with what was typed into it before.

    `filled` says that the value is no record's but was filled in by the form.
    """
    name = name or found.name
    type_ = found.type
    text, id, chosen = as_text(at, found, value), "", tuple[str, ...]()
    if isinstance(type_, Link) and isinstance(value, Linked):
        id = str(value.id or "")
    if isinstance(type_, Choices):
        chosen = tuple(value or ())
    if isinstance(type_, Links):
        chosen = as_chosen(value)
    was = (",".join(chosen) if chosen else text) if filled else None
    if typed is not None and (name in typed or f"{name}{ABSENT}" in typed):
        text, id, chosen = (
            typed.get(name, ""),
            typed.get(f"{name}{ID}", ""),
            tuple(typed.getlist(name)),
        )
        was = typed.get(f"{name}{WAS}")
        text = typed.get(f"{name}{MORE}", text)
    elif isinstance(type_, Links):
        text, typed = "", None
    if isinstance(type_, Secret):  # what was typed never comes back in a page
        text, was = as_text(at, found, value), "" if filled else None
    return Control(
        name=name,
        field=found,
        label=at.say(found.label),
        help=at.say(found.help),
        kind=kind_of(found),
        text=text,
        required=found.required,
        chosen=chosen,
        id=id,
        options=_options(at, found),
        target=type_.to if isinstance(type_, Link | Links) else "",
        needs=" ".join(read_of_own(found)),
        unit=_unit(at, found, value),
        limit=type_.limit if isinstance(type_, TextType) else 0,
        problems=tuple(problems),
        fixed=isinstance(value, Linked) and value.restricted,
        was=was,
        picked=picked(at, found, value, typed, name) if isinstance(type_, Links) else (),
        files=shown_files(at, value, text) if isinstance(type_, File) else (),
        mode=typed.get(f"{name}{MODE}", "") if typed is not None else "",
    )


def read_of_own(found: Field) -> tuple[str, ...]:
    """The fields of the linking record that the condition on a link's target reads."""
    reads = found.where.reads if found.where is not None else ()
    return tuple(sorted(name for object, name in reads if object == found.object))


def _options(at: Here, found: Field) -> tuple[tuple[str, str], ...]:
    type_ = found.type
    if isinstance(type_, Boolean):
        return (("true", at.t("yes")), ("false", at.t("no")))
    if isinstance(type_, Rating):
        stars = range(type_.stars, 0, -1)
        return tuple((str(n), type_.format(n, at.locale)) for n in stars)
    if not isinstance(type_, Choice):
        return ()
    options = type_.options
    if isinstance(type_, Stage):
        start = at.catalog.of("workflow")[type_.workflow].start
        options = tuple(option for option in options if option.name in start)
    return tuple((option.name, at.say(option.label)) for option in options)


def _unit(at: Here, found: Field, value: Any) -> str:
    if isinstance(found.type, Money):
        return currency(found.type.known_currency_of(value), at.locale)
    return "%" if isinstance(found.type, Percent) else ""


def as_text(at: Here, found: Field, value: Any) -> str:
    """A value as its control shows it."""
    if value is None or value == ():
        return ""
    match found.type:
        case File():
            return ids_text(value)
        case Link():
            return "" if value.restricted else (value.title or f"#{value.id}")
        case Links():
            return ",".join(as_chosen(value))
        case Tags():
            return at.t("list_and").join(value)
        case Choices():
            return ",".join(value)
        case Boolean():
            return "true" if value else "false"
        case Percent():
            return f"{(value * 100).normalize():f}"
        case Duration() | Phone():  # which read what they write for people
            return found.type.format(value, at.locale)
        case NumberType() if isinstance(value, Decimal):
            text = f"{value:f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        case MomentType():
            moment: dt.datetime = value
            return f"{moment.astimezone(at.zone):%Y-%m-%dT%H:%M}"
    return found.type.to_text(value)


def as_input(at: Here, found: Field, typed: MultiDict[str, str], name: str) -> Any:
    """What was typed, in the input form that the field's type reads."""
    text = typed.get(name, "")
    match found.type:
        case Link():
            return typed.get(f"{name}{ID}", "") or text
        case Links():
            return picked_input(typed, name)
        case Secret() if f"{name}{CLEARED}" in typed:
            return None
        case Choices():
            return typed.getlist(name)
        case Percent():
            return _fraction(text)
        case MomentType() if text.strip():
            return _moment(at, text)
    return text


def _fraction(text: str) -> str:
    """Per cent as typed: 25 means 25 %."""
    stripped = text.strip()
    if not stripped or stripped.endswith(("%", "％")):
        return stripped
    return f"{stripped}%"


def _moment(at: Here, text: str) -> str:
    """A moment of the company's time zone."""
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=at.zone)
    return moment.isoformat()


def given(
    at: Here,
    fields: Iterable[Field],
    typed: MultiDict[str, str],
    before: Mapping[str, Any],
    prefix: str = "",
) -> dict[str, Any]:
    """What a form says about `fields`: those whose text differs from what was shown.

    `before` are the values that the form was drawn with.
    """
    found: dict[str, Any] = {}
    for field in fields:
        name = f"{prefix}{field.name}"
        if name not in typed and f"{name}{ABSENT}" not in typed:
            continue
        raw = as_input(at, field, typed, name)
        was = typed.get(f"{name}{WAS}")
        if was is not None:
            same = was == ",".join(typed.getlist(name)) + typed.get(f"{name}{MORE}", "")
        else:
            same = _same(at, field, raw, before.get(field.name), typed.get(name, ""))
        if not same:
            found[field.name] = raw
    return found


def _same(at: Here, field: Field, raw: Any, value: Any, text: str) -> bool:
    if isinstance(field.type, Choices):
        return list(value or ()) == raw
    if isinstance(field.type, Links):
        return same_picked(raw, value)
    if isinstance(field.type, Secret):
        return raw == ""
    if isinstance(field.type, Link):
        if value is None:
            return raw == ""
        return text == as_text(at, field, value) and raw in (str(value.id or ""), text)
    shown = as_text(at, field, value)
    return text.replace("\r\n", "\n").strip() == shown.replace("\r\n", "\n").strip()


def enterable(at: Here, definition: Object, creating: bool) -> list[Field]:
    """The fields of a form: those that the actor may write; the stage only at the start."""
    lens = at.lens(definition.name)
    return [
        found
        for found in definition.fields.values()
        if lens.may_write(found.name)
        and (found.writable or found.name == "owner")
        and (creating or not isinstance(found.type, Stage))
        and found.name != definition.parent
        and not isinstance(found.type, Composite)  # its parts are
    ]
