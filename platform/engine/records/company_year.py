"""The company's year as the records of its calendar and settings have it."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.expressions.workdays import CompanyYear
from engine.fieldtypes.choice import Choice
from engine.records.prepared import Prepared
from engine.records.settings import one_id
from engine.schema.tables import DELETED

if TYPE_CHECKING:
    from engine.records.gate import Gate


def company_year(gate: Gate, connection: sa.Connection | None = None) -> Callable[[], CompanyYear]:
    """What reads the company's year when it is first asked for, and keeps it.

    Without a `connection` one is opened for it.
    """

    @functools.cache
    def read() -> CompanyYear:
        opened = gate.databases.reading() if connection is None else nullcontext(connection)
        with opened as found:
            holidays: list[dt.date] = []
            worked: list[dt.date] = []
            for day, kind in _days(gate, found):
                (worked if kind in _working(gate) else holidays).append(day)
            return CompanyYear.of(holidays, worked, _month(gate, found))

    return read


def _days(gate: Gate, connection: sa.Connection) -> list[Any]:
    calendar = gate.catalog.site.calendar
    if not calendar.object:
        return []

    def build() -> Prepared:
        table = gate.tables.table(calendar.object)
        fields = gate.catalog.objects[calendar.object].fields
        day, kind = (table.c[fields[name].column] for name in (calendar.date, calendar.kind))
        live = table.c[DELETED].is_(None)
        return gate.statements.prepared(sa.select(day, kind).where(live, day.is_not(None)))

    return list(gate.statements.once(("company days",), build).rows(connection, {}))


def _working(gate: Gate) -> frozenset[str]:
    """The stored options of days that are worked."""
    calendar = gate.catalog.site.calendar
    type_ = gate.catalog.objects[calendar.object].fields[calendar.kind].type
    assert isinstance(type_, Choice)
    return frozenset(type_.keys.get(name, name) for name in calendar.working)


def _month(gate: Gate, connection: sa.Connection) -> int:
    """The month in which the fiscal year begins; January where nothing is said."""
    object, _, name = gate.catalog.site.fiscal_year.partition(".")
    id = one_id(gate, connection, object) if object else None
    if id is None:
        return 1
    shape = gate.shapes[object]
    (values,) = gate.statements.by_ids(shape).rows(connection, {"ids": [id]})
    return int(shape.row(values).get(name) or 1)
