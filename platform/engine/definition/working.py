"""The site's working calendar and fiscal year: which objects and fields say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.definition.kinds import Problems
from engine.definition.messages import UNKNOWN_FIELD, UNKNOWN_OBJECT
from engine.definition.tree import Node
from engine.expressions.messages import UNKNOWN_OPTION
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.date import Date
from engine.fieldtypes.number import NumberType
from engine.problems import Message, Text, did_you_mean

if TYPE_CHECKING:
    from engine.definition.catalog import Catalog

WRONG_FIELD = Message(
    "calendar-field",
    en="{field!r} of {object} must be {expected}",
    zh="{object} 的 {field!r} 须为{expected}",
    hint_en="name another field of {object}",
    hint_zh="请填写 {object} 的其他字段",
)
NO_SETTINGS = Message(
    "fiscal-year-settings",
    en="{found!r} does not name a field of a settings object",
    zh="{found!r} 不是设置对象的字段",
    hint_en="write it like company.fiscal_year_start; the object has `kind: settings`",
    hint_zh="写法如 company.fiscal_year_start；该对象须为 `kind: settings`",
)
_DATE = Text({"en": "a date", "zh": "日期字段"})
_CHOICE = Text({"en": "a choice", "zh": "单选字段"})
_NUMBER = Text({"en": "a number", "zh": "数值字段"})


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Records of `object` are days unlike others of their weekday.

    Those whose choice `kind` is one of `working` are worked, the others are not.
    """

    object: str = ""
    date: str = "date"
    kind: str = "kind"
    working: tuple[str, ...] = ("working",)


def build_calendar(plain: dict[str, Any] | None) -> WorkingCalendar:
    """The calendar from its map in site.yaml."""
    given = dict(plain or {})
    if "working" in given:
        given["working"] = tuple(given["working"])
    return WorkingCalendar(**given)


def check_working(catalog: Catalog, problems: Problems) -> None:
    """Adds what is wrong with the site's calendar and fiscal year."""
    source = catalog.site.source
    calendar = source.get("working_calendar") if source else None
    if calendar is not None:
        _check_calendar(calendar, catalog, problems)
    year = source.get("fiscal_year") if source else None
    if year is not None:
        _check_year(year, catalog, problems)


def _check_calendar(node: Node, catalog: Catalog, problems: Problems) -> None:
    known = catalog.site.calendar
    definition = catalog.objects.get(known.object)
    if definition is None:
        best = did_you_mean(known.object, catalog.objects)
        problems.append(UNKNOWN_OBJECT(node.at("object"), name=known.object, best=best))
        return
    for key, name, kind, expected in (
        ("date", known.date, Date, _DATE), ("kind", known.kind, Choice, _CHOICE),
    ):  # fmt: skip
        found = definition.fields.get(name)
        if found is None:
            best = did_you_mean(name, definition.fields)
            unknown = UNKNOWN_FIELD(node.at(key), object=definition.name, name=name, best=best)
            problems.append(unknown)
        elif not (isinstance(found.type, kind) and found.stored):
            wrong = WRONG_FIELD(node.at(key), object=definition.name, field=name, expected=expected)
            problems.append(wrong)
    kind_field = definition.fields.get(known.kind)
    type_ = kind_field.type if kind_field is not None else None
    if isinstance(type_, Choice):
        names = [option.name for option in type_.options]
        for index, name in enumerate(known.working):
            if name not in names:
                best = did_you_mean(name, names)
                place = node.at("working", index)
                listed = ", ".join(names)
                problems.append(UNKNOWN_OPTION(place, option=name, options=listed, best=best))


def _check_year(node: Node, catalog: Catalog, problems: Problems) -> None:
    object, _, name = catalog.site.fiscal_year.partition(".")
    definition = catalog.objects.get(object)
    field = definition.fields.get(name) if definition is not None else None
    if definition is None or not definition.is_settings or field is None:
        problems.append(NO_SETTINGS(node.place, found=catalog.site.fiscal_year))
    elif not (isinstance(field.type, NumberType) and field.stored):
        wrong = WRONG_FIELD(node.place, object=object, field=name, expected=_NUMBER)
        problems.append(wrong)
