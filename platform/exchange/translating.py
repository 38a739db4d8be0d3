"""From a row of a file to the input of a change: every column's rule worked out once per file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from engine.definition.catalog import Catalog
from engine.definition.objects import Field
from engine.fieldtypes.choice import Choice, Tags
from engine.fieldtypes.date import MomentType
from engine.fieldtypes.duration import iso
from engine.fieldtypes.link import Link
from engine.fieldtypes.links import Links
from engine.problems import Problem, Refusal
from engine.records.inputs import HISTORICAL_FIELDS
from exchange import messages as say
from exchange.lists import list_input
from exchange.mapping import Column, ImportMapping
from exchange.mapping_checks import takes_input
from exchange.naming import LINE, PROBLEMS, RESTRICTED, link_key
from exchange.sources import Source, SourceRow

STAMPS = HISTORICAL_FIELDS - {"owner", "department"}
"""System fields that an empty cell leaves to the system."""


class Correction(NamedTuple):
    """One cell that was put right."""

    line: int
    column: str
    found: str
    became: Any


@dataclass(eq=False, slots=True)
class Draft:
    """What one row asks for.

    `given` is the input by field; `finds` the words by which linked records are still to be
    found; `told` the values of fields that only tell which record is meant. `key` are the values
    of the fields that records are matched by; `id` is the record that has them. A `lost` row
    cannot be recognised, so nothing else is asked about it.
    """

    row: SourceRow
    given: dict[str, Any] = field(default_factory=dict)
    finds: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    key: tuple[Any, ...] | None = None
    id: int | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class _Cell:
    """A column at its place, with everything that is done to its cells."""

    index: int
    column: Column
    targets: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    put: str
    find: str


class Translator:
    """Translates the rows of one file by one mapping."""

    def __init__(self, mapping: ImportMapping, source: Source, catalog: Catalog) -> None:
        """Raises Refusal when the file's columns are not those of the mapping."""
        self.mapping = mapping
        self.definition = catalog.objects[mapping.object]
        self.catalog = catalog
        self.zone = catalog.site.zone
        _check_columns(mapping, source)
        self.told = frozenset(
            name
            for name in mapping.match
            if not takes_input(self.definition.fields[name], mapping.historical)
        )
        self.finds: dict[str, str] = {}
        cells = [
            self._cell(source.columns.index(column.name), column)
            for column in mapping.columns.values()
            if column.field
        ]
        self._plain = tuple(
            (cell.index, *cell.targets[0])
            for cell in cells
            if cell.put == "given" and len(cell.targets) == 1 and not _edits(cell.column)
        )
        plain = {index for index, _, _ in self._plain}
        self._others = tuple(cell for cell in cells if cell.index not in plain)
        self._constants = {
            name: value for name, value in mapping.constants.items() if name not in self.told
        }
        stamped = {name for cell in cells for name, _ in cell.targets} & STAMPS
        self._stamps = tuple(stamped) if mapping.historical else ()

    def draft(self, row: SourceRow) -> Draft:
        """What the row asks for, links still by the words that the file has."""
        draft = Draft(row, dict(self._constants))
        if row.wrong is not None:
            draft.problems.append(row.wrong)
            return draft
        cells, given = row.cells, draft.given
        for index, name, convert in self._plain:
            value = cells[index]
            if value == "" or value is None:
                given[name] = None
            else:
                given[name] = value if convert is None else convert(value)
        for cell in self._others:
            self._fill(draft, cell, cells[cell.index])
        for name in self._stamps:
            if given.get(name) is None:
                given.pop(name, None)
        return draft

    def _fill(self, draft: Draft, cell: _Cell, value: Any) -> None:
        value = self._edited(draft, cell.column, value)
        empty = value is None or value == ""
        for name, convert in cell.targets:
            if cell.put == "told" and name in self.told:
                draft.told[name] = None if empty else value
            else:
                draft.given[name] = None if empty else convert(value) if convert else value
        if cell.find:
            name = cell.column.field
            if value == RESTRICTED:
                draft.given[name] = {"restricted": True}
            elif empty:
                draft.given[name] = None
            else:
                draft.finds[name] = value

    def _edited(self, draft: Draft, column: Column, value: Any) -> Any:
        """The cell put right and translated."""
        if not _edits(column):
            return value.strip() if type(value) is str else value
        text = as_text(value)
        if text in column.corrections:
            value = column.corrections[text]
            draft.corrections.append(Correction(draft.row.line, column.name, text, value))
            text = as_text(value)
        return column.values.get(text, value)

    def _cell(self, index: int, column: Column) -> _Cell:
        fields = self.definition.fields
        first = fields[column.field]
        find = column.find
        if isinstance(first.type, Link) and not find and column.field in self.mapping.match:
            find = link_key(self.catalog.objects[first.type.to])
        names = column.also if find else column.fields
        if find:
            self.finds[column.field] = find
        return _Cell(
            index=index,
            column=column,
            targets=tuple((name, _converter(fields[name], self.zone)) for name in names),
            put="told" if self.told & set(column.fields) else "find" if find else "given",
            find=find,
        )


def _edits(column: Column) -> bool:
    return bool(column.values or column.corrections)


def _check_columns(mapping: ImportMapping, source: Source) -> None:
    have = set(source.columns)
    problems: list[Problem] = [
        say.UNMAPPED_COLUMN(name=name)
        for name in source.columns
        if name not in mapping.columns and name not in (LINE, PROBLEMS)
    ]
    found = ", ".join(source.columns)
    problems += [
        say.MISSING_COLUMN(mapping.place("columns", name), name=name, found=found)
        for name, column in mapping.columns.items()
        if name not in have and column.field
    ]
    if problems:
        raise Refusal(*problems)


def _converter(target: Field, zone: ZoneInfo) -> Callable[[Any], Any] | None:
    """What makes typed cells of a workbook, and times without a zone, fit for the field."""
    if isinstance(target.type, MomentType):
        return lambda value: localised(value, zone)
    if isinstance(target.type, Links):
        return lambda value: list_input(as_text(value))
    if target.type.textual or isinstance(target.type, Choice | Tags):
        return as_text
    return None


def as_text(value: Any) -> str:
    """A cell as text, the way it looks in the file."""
    if type(value) is str:
        return value.strip() if value[:1].isspace() or value[-1:].isspace() else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.timedelta):
        return iso(value)
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def localised(value: Any, zone: ZoneInfo) -> Any:
    """A time without an offset, or a day, in the company's zone; any other input as it is."""
    moment = value
    if isinstance(value, str):
        try:
            moment = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            return value
    elif isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        moment = dt.datetime(value.year, value.month, value.day)
    if isinstance(moment, dt.datetime) and moment.tzinfo is None:
        return moment.replace(tzinfo=zone)
    return value
