"""Values of scenarios: what is given to the gate, and whether what is found is what was expected.

Values are written as the gate reads them. Besides, a link may name a record of the scenario or
the key of a seed record, `empty` means nothing, and times without an offset are company time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.expressions.folding import fold
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.date import MomentType
from engine.fieldtypes.duration import Duration
from engine.fieldtypes.link import Collection, Lines, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import Money, Percent
from engine.problems import Refusal
from engine.records.reading import Linked, Record

EMPTY_WORD = "empty"
"""What scenarios write for "nothing is there"."""

Names = Callable[[str, str], int | None]
"""The id of the record of an object that a word of the scenario names, if it names one."""


def with_zone(type_: FieldType, raw: Any, zone: ZoneInfo) -> Any:
    """A time without an offset as company time; anything else as it is."""
    if not isinstance(type_, MomentType) or not isinstance(raw, str):
        return raw
    try:
        found = dt.datetime.fromisoformat(raw.strip())
    except ValueError:
        return raw
    return found if found.tzinfo else found.replace(tzinfo=zone)


class Giving:
    """Makes the gate's input from what a scenario gives."""

    def __init__(self, catalog: Catalog, names: Names) -> None:
        self.catalog, self.names = catalog, names

    def values(self, object: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The input for a record of `object`."""
        definition = self.catalog.objects[object]
        return {name: self._value(definition.fields.get(name), raw) for name, raw in fields.items()}

    def _value(self, field: Field | None, raw: Any) -> Any:
        if field is None:
            return raw
        if isinstance(field.type, Lines) and isinstance(raw, list):
            return [
                self.values(field.type.of, line) if isinstance(line, dict) else line for line in raw
            ]
        if raw == EMPTY_WORD:
            return None
        if isinstance(field.type, Links) and isinstance(raw, list):
            return [self._value(replace(field, type=Link(to=field.type.to)), one) for one in raw]
        if isinstance(field.type, Link) and isinstance(raw, str):
            id = self.names(raw, field.type.to)
            return raw if id is None else id
        return with_zone(field.type, raw, self.catalog.site.zone)


class Comparing:
    """Holds records against expected values."""

    def __init__(self, catalog: Catalog, names: Names) -> None:
        self.catalog, self.names = catalog, names

    def differs(self, field: Field, expected: Any, found: Any) -> bool:
        """Whether a value is another one than expected."""
        type_ = field.type
        if expected == EMPTY_WORD or expected is None:
            return found not in (None, (), [])
        if isinstance(type_, Links):
            wanted, one = expected if isinstance(expected, list) else [expected], Link(to=type_.to)
            return len(wanted) != len(found or ()) or not all(
                self._is_record(one, name, linked)
                for name, linked in zip(wanted, found, strict=True)
            )
        if isinstance(type_, Link):
            return not self._is_record(type_, expected, found)
        try:
            wanted = type_.read(with_zone(type_, expected, self.catalog.site.zone))
        except Refusal:
            return True
        return bool(wanted != found)

    def _is_record(self, type_: Link, expected: Any, found: Any) -> bool:
        """Whether a link leads to the record that a word, an id, a number or a title names."""
        if not isinstance(found, Linked) or found.id is None:
            return False
        id = self.names(expected, type_.to) if isinstance(expected, str) else expected
        if id is not None:
            return bool(id == found.id)
        return fold(str(expected)) == fold(found.title or "")


def found_in(record: Record, field: Field) -> Any:
    """The value that a reader gave for a field; None where it gave none."""
    return record.values.get(field.name)


def shown(field: Field | None, value: Any, catalog: Catalog | None = None) -> str:
    """A value in the words of a scenario."""
    if value is None or value == () or value == []:
        return EMPTY_WORD
    if isinstance(value, Linked):
        return "(hidden)" if value.restricted else str(value.title)
    if isinstance(value, list):
        return f"[{', '.join(_line(line, field, catalog) for line in value)}]"
    if isinstance(value, dt.datetime) and catalog is not None:
        return value.astimezone(catalog.site.zone).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Decimal):
        return _number(field, value)
    if isinstance(value, dt.timedelta):
        return Duration().format(value, "en")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(shown(None, one) if isinstance(one, Linked) else str(one) for one in value)
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _number(field: Field | None, value: Decimal) -> str:
    """A number as people write it: 15%, 850.00, 2.5."""
    if field is not None and isinstance(field.type, Percent):
        return field.type.format(value, "en")
    if field is not None and isinstance(field.type, Money):
        return f"{value:f}"
    return f"{value.normalize():f}"


def _line(line: Any, field: Field | None, catalog: Catalog | None) -> str:
    if not isinstance(line, Record) or catalog is None:
        return str(line)
    return "{" + record_shown(line, catalog.objects[line.object], catalog) + "}"


NOT_SHOWN = frozenset(
    ("id", "created_on", "created_by", "changed_on", "changed_by", "version", "deleted_by")
)


def record_shown(record: Record, definition: Object, catalog: Catalog) -> str:
    """A record on one line: what is filled in, without what every record has."""
    parts = []
    for name, value in record.values.items():
        field = definition.fields.get(name)
        if field is None or name in NOT_SHOWN or value in (None, (), []):
            continue
        if isinstance(field.type, Collection) and not isinstance(field.type, Lines):
            continue
        parts.append(f"{name}: {shown(field, value, catalog)}")
    return ", ".join(parts)
