"""Values as HTML: one writer per field, made once per page, called once per cell.

Every writer returns safe markup: whatever comes from a record passes `escape`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel.numbers import get_currency_symbol
from markupsafe import Markup, escape

from engine.definition.objects import Field
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.choice import Choice, Choices, Option, Tags
from engine.fieldtypes.code import Code, Json
from engine.fieldtypes.currency import ExchangeRate
from engine.fieldtypes.date import Date, MomentType
from engine.fieldtypes.file import File
from engine.fieldtypes.link import Link
from engine.fieldtypes.link_any import LinkAny, OfObject
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import Integer, Money, NumberType, Percent, Progress, Rating
from engine.fieldtypes.obscured import Obscured
from engine.fieldtypes.phone import Phone
from engine.fieldtypes.qr import Qr, svg
from engine.fieldtypes.secret import Secret
from engine.fieldtypes.text import Colour, Email, Markdown, TextType, Url
from engine.records.reading import Linked
from engine.texts.markdown import to_html
from webapp.screens.dates import exact_moment, near_day, near_moment
from webapp.screens.filed import write_files, write_secret
from webapp.screens.here import Here
from webapp.screens.icons import icon

Writer = Callable[[Any], str]

COLOURS = frozenset(
    ("grey", "blue", "teal", "green", "amber", "red", "purple", "pink", "orange", "cyan", "indigo")
)
EMPTY = '<span class="nothing">–</span>'


def writer(field: Field, here: Here) -> Writer:
    """What writes this field's values in a list or among facts."""
    inner = _writer(field, here)

    def write(value: Any) -> str:
        if isinstance(value, Obscured):
            return f'<span class="hidden-value">{escape(str(value))}</span>'
        return EMPTY if value is None or value == () or value == "" else inner(value)

    return write


def _writer(field: Field, here: Here) -> Writer:
    type_, locale = field.type, here.locale
    match type_:
        case File():
            return write_files
        case Secret():
            return lambda value: write_secret(here, field, value)
        case Link():
            return _link(type_, here)
        case LinkAny():
            writers = {to: _link(Link(to=to), here) for to in type_.to}
            return lambda value: _of_object(value, writers, here)
        case Links():
            one = _link(Link(to=type_.to), here)
            return lambda value: f'<span class="several">{"".join(map(one, value))}</span>'
        case Tags():
            return lambda value: "".join(f'<span class="tag">{escape(tag)}</span>' for tag in value)
        case Choices():
            chips = _chips(type_, locale)
            return lambda value: "".join(chips.get(name) or str(escape(name)) for name in value)
        case Choice():
            chips = _chips(type_, locale)
            return lambda value: chips.get(value) or str(escape(value))
        case Boolean():
            yes, no = _truths(type_, locale)
            return lambda value: yes if value else no
        case Date():
            today = here.today
            return lambda value: _time(
                value.isoformat(), value.isoformat(), near_day(value, today, locale)
            )
        case MomentType():
            return lambda value: _moment(value, here)
        case Money():
            of = type_.known_currency_of
            return lambda value: (
                f'<span class="num"><small>{currency(of(value), locale)}</small>{value:,f}</span>'
            )
        case Progress():
            return _bar
        case Percent():
            return lambda value: f'<span class="num">{percent(value)}<small>%</small></span>'
        case Rating():
            return lambda value: (
                f'<span class="stars" title="{value:f}">{type_.format(value, locale)}</span>'
            )
        case Integer():
            return lambda value: f'<span class="num">{type_.format(Decimal(value), locale)}</span>'
        case ExchangeRate():
            return lambda value: f'<span class="num">{type_.format(value, locale)}</span>'
        case NumberType():
            return lambda value: f'<span class="num">{shortened(value)}</span>'
        case Url():
            return _address
        case Email():
            return lambda value: f'<a href="mailto:{escape(value)}">{escape(value)}</a>'
        case Phone():
            return lambda value: (
                f'<a href="tel:{escape(value.replace(" ", ""))}">'
                f"{escape(type_.format(value, locale))}</a>"
            )
        case Qr():
            return lambda value: svg(value, label=value) or str(escape(value))
        case Colour():
            return _swatch
        case Code() | Json():
            return lambda value: f'<span class="prose code">{escape(value)}</span>'
        case Markdown():
            return lambda value: f'<div class="prose formatted">{to_html(value)}</div>'
        case TextType() if type_.multiline:
            return lambda value: f'<span class="prose">{escape(value)}</span>'
    return lambda value: str(escape(type_.format(value, locale)))


@lru_cache(maxsize=64)
def currency(code: str, locale: str) -> str:
    """The sign of a currency as readers of the locale know it."""
    return str(escape(get_currency_symbol(code, locale=locale.replace("-", "_")))) if code else ""


def percent(value: Decimal) -> str:
    """A fraction in per cent, without the sign."""
    return f"{(value * 100).normalize():f}"


def shortened(value: Decimal | int) -> str:
    """A number with thousands separators, without zeros behind its decimals."""
    text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,d}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def chip(option: Option, locale: str) -> str:
    """An option in its colour."""
    colour = option.colour if option.colour in COLOURS else "plain"
    return f'<span class="chip chip-{colour}">{escape(option.label.in_(locale))}</span>'


def _chips(type_: Choice, locale: str) -> Mapping[str, str]:
    return {option.name: chip(option, locale) for option in type_.options}


def _truths(type_: Boolean, locale: str) -> tuple[str, str]:
    yes, no = escape(type_.format(True, locale)), escape(type_.format(False, locale))
    return f'<span class="yes">{icon("check", 14)}{yes}</span>', f'<span class="no">{no}</span>'


def _link(type_: Link, here: Here) -> Writer:
    restricted = (
        f'<span class="hidden-value">{icon("lock", 12)}{escape(here.t("restricted"))}</span>'
    )
    opens = here.lens(type_.to).may("read")
    person = type_.to == here.catalog.site.person

    def write(value: Linked) -> str:
        if value.restricted:
            return restricted
        title = escape(value.title or f"#{value.id}")
        shown = f"{avatar(str(value.title or '?'), value.id or 0)}{title}" if person else title
        if not opens:
            return f'<span class="link" title="{title}">{shown}</span>'
        return f'<a class="link" href="/o/{type_.to}/{value.id}" title="{title}">{shown}</a>'

    return write


def _of_object(value: OfObject, writers: Mapping[str, Writer], here: Here) -> str:
    """A link to one of several objects, with the name of its object before it."""
    shown = writers[value.object](value.record)
    if value.record.restricted:
        return shown
    label = escape(here.say(here.catalog.objects[value.object].label))
    return f'<small class="of-object">{label}</small> {shown}'


def avatar(name: str, number: int) -> Markup:
    """A person's mark: the first character of their name on one of eight colours."""
    first = escape((name.strip() or "?")[0].upper())
    return Markup(f'<span class="avatar avatar-{number % 8}" aria-hidden="true">{first}</span>')


def _bar(value: Decimal) -> str:
    """Progress as a bar with its figure; the browser draws it, so that no style is inline."""
    return (
        f'<span class="progress"><progress max="1" value="{value:f}"></progress>'
        f"{percent(value)}<small>%</small></span>"
    )


def _swatch(value: str) -> str:
    """A colour as a small picture of itself: attributes need no inline style."""
    shown = escape(value)
    return (
        f'<span class="swatch"><svg width="14" height="14" aria-hidden="true">'
        f'<rect width="14" height="14" rx="3" fill="{shown}"/></svg>{shown}</span>'
    )


def _address(value: str) -> str:
    shown = escape(value.removeprefix("https://").removeprefix("http://").rstrip("/"))
    if not value.startswith(("https://", "http://")):
        return str(shown)
    return f'<a href="{escape(value)}" rel="noopener noreferrer" target="_blank">{shown}</a>'


def _moment(value: dt.datetime, here: Here) -> str:
    exact = exact_moment(value, here.zone)
    return _time(value.isoformat(), exact, near_moment(value, here.now, here.zone, here.locale))


def _time(machine: str, exact: str, shown: str) -> str:
    return f'<time datetime="{machine}" title="{exact}">{shown}</time>'


def is_number(field: Field) -> bool:
    """Whether its values stand right-aligned."""
    return isinstance(field.type, NumberType)


def plain_writer(field: Field, here: Here) -> Writer:
    """What writes this field's values inside a link of their own: as text, without markup."""
    if isinstance(field.type, Links):
        return lambda value: str(
            escape(here.t("list_and").join(o.title or here.t("restricted") for o in value or ()))
        )
    if isinstance(field.type, Link):
        return lambda value: str(
            escape("–" if value is None else value.title or here.t("restricted"))
        )
    return lambda value: str(
        escape("–" if value in (None, "") else field.type.format(value, here.locale))
    )
