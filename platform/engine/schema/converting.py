"""What becomes of values when a field's type changes: they go to a new column, converted.

By itself a value is written as text, as exports write it, and read again by the new type, as
imports are: "12.50" becomes 12.50, an option the text of its label. `convert:` says otherwise:

    convert: round(before, 2)            an expression about the record; `before` is the old value
    convert: {replace: {yes: true}}      values, each with what it becomes
    convert: {format: "%d.%m.%Y"}        dates and times that are written in another way
    convert: {decimal: ","}              numbers that are written in another way
    convert: {by: code}                  records that are found by one of their unique fields
    convert: {otherwise: 0}              what everything becomes that cannot be converted
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from engine.definition.objects import Field
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.choice import Choice, Choices
from engine.fieldtypes.file import File
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.number import NumberType
from engine.fieldtypes.secret import Secret
from engine.fieldtypes.series import Series
from engine.problems import Refusal

PARKED, PENDING = "~", "+"
"""Between a name and what tells its parked or coming columns apart; no name has them."""
BEFORE = "before"
"""What `convert:` calls the value as it was."""
_NEVER = (Collection, Secret, File, Series)


def convertible(former: Field, field: Field) -> bool:
    """Whether the values of `former` can be taken to `field`, as its definition stands."""
    return field.derived or former.derived or carries(former, field)


def carries(former: Field, field: Field) -> bool:
    """Whether values go from one to the other, and are not computed or left behind."""
    if field.derived or isinstance(former.type, _NEVER) or isinstance(field.type, _NEVER):
        return False
    return field.convert is not None or by_itself(former.type, field.type)


def by_itself(former: FieldType, type_: FieldType) -> bool:
    """Whether the values of one type are read by another without being told how."""
    if type_.textual:
        return not isinstance(former, Link)
    if former.textual:
        return not isinstance(type_, Link)
    if isinstance(former, NumberType) and isinstance(type_, NumberType):
        return True
    if isinstance(former, Choice) and isinstance(type_, Choice):
        return True
    return {former.name, type_.name} in ({"date", "moment"}, {"tags", "choices"}) or (
        isinstance(former, Boolean) and isinstance(type_, NumberType | Choice)
    )


def settings_of(field: Field) -> Mapping[str, Any]:
    """What `convert:` says, as a map; an expression stands under `from`."""
    found = field.convert
    if isinstance(found, Mapping):
        return found
    return {} if found is None else {"from": str(found)}


class NotConvertible(Exception):
    """The value cannot become one of the new type."""


def converted(former: Field, field: Field, value: Any, locale: str) -> Any:
    """What `value` of `former` becomes in `field`, where neither expression nor link is asked.

    Choices become their labels in `locale` where the new type is a text. Raises NotConvertible.
    """
    settings = settings_of(field)
    text = _as_text(former.type, field.type, value, locale)
    for key in (text, former.type.to_text(value)):
        if key in settings.get("replace", {}):
            return _read(field.type, settings["replace"][key], settings)
    return _read(field.type, _written(former, field, text, settings), settings)


def _read(type_: FieldType, raw: Any, settings: Mapping[str, Any]) -> Any:
    try:
        return type_.read(raw)
    except Refusal:
        if "otherwise" in settings:
            return type_.read(settings["otherwise"])
        raise NotConvertible from None


def _as_text(former: FieldType, type_: FieldType, value: Any, locale: str) -> str:
    labelled = isinstance(former, Choice) and not isinstance(type_, Choice)
    if labelled and not (isinstance(former, Choices) and type_.name == "tags"):
        return former.format(value, locale)
    if isinstance(former, Boolean) and isinstance(type_, NumberType):
        return "1" if value else "0"
    if former.name == "moment" and type_.name == "date":
        return str(value.date().isoformat())
    return former.to_text(value)


def _written(former: Field, field: Field, text: str, settings: Mapping[str, Any]) -> Any:
    """The text in the form that the new type reads."""
    if "format" in settings:
        try:
            found = dt.datetime.strptime(text.strip(), str(settings["format"]))
        except ValueError:
            return text
        return f"{found:%H:%M}" if field.type.name == "time" else found
    if settings.get("decimal") == ",":
        return text.replace(".", "").replace(" ", "").replace(",", ".")
    return text
