"""The formats of an export: CSV, XLSX and JSON, each written as a stream."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO, Self

from engine.definition.catalog import Catalog
from engine.fieldtypes.duration import iso
from engine.problems import Refusal
from engine.records.reading import Record
from engine.records.serial import to_json
from exchange import messages as say
from exchange.neutral import neutralised

MOST_ROWS = 1_048_576
MOST_CHARACTERS = 32_767
"""What a worksheet and one of its cells can hold (ECMA-376 and the programs that read it)."""
MARK_SHEET = "exported by"
"""The last sheet of a workbook whose reader has a watermark."""
EXACT_DIGITS = 15
"""Digits that spreadsheet programs keep of a number."""
FIRST_YEAR = 1900
"""Worksheets know no earlier dates."""


@dataclass(frozen=True)
class Sheet:
    """One table of an export: its name and the headings of its columns."""

    name: str
    headers: list[str]


class Writer(ABC):
    """Writes records one by one. The first of `sheets` holds the records, others their lines.

    `mark` says who exports and when, where the format has a place for it.
    """

    def __init__(
        self, out: BinaryIO, sheets: Sequence[Sheet], catalog: Catalog, mark: str = ""
    ) -> None:
        self.out = out
        self.mark = mark
        self.sheets = sheets
        self.catalog = catalog

    @abstractmethod
    def __enter__(self) -> Self:
        """Writes what comes before the first record."""

    @abstractmethod
    def __exit__(self, *raised: object) -> None:
        """Writes what comes after the last record."""

    @abstractmethod
    def record(
        self, record: Record, values: Sequence[Any], lines: Mapping[str, Sequence[Record]]
    ) -> None:
        """Writes a record: its values in the order of the headings, its lines by field."""

    @abstractmethod
    def line(self, sheet: str, values: Sequence[Any]) -> None:
        """Writes a line of the record that was written last."""


class CsvWriter(Writer):
    """CSV in UTF-8 with a byte-order mark, so that Excel takes it for what it is."""

    def __enter__(self) -> Self:
        self._text = io.TextIOWrapper(
            self.out, encoding="utf-8-sig", newline="", write_through=False
        )
        self._rows = csv.writer(self._text)
        self._rows.writerow([neutralised(header) for header in self.sheets[0].headers])
        return self

    def __exit__(self, *raised: object) -> None:
        self._text.flush()
        self._text.detach()

    def record(
        self, record: Record, values: Sequence[Any], lines: Mapping[str, Sequence[Record]]
    ) -> None:
        self._rows.writerow([_csv_cell(value) for value in values])

    def line(self, sheet: str, values: Sequence[Any]) -> None:
        """A CSV file has no place for lines."""


class JsonWriter(Writer):
    """A JSON array of records as the REST interface gives them, lines inside."""

    def __enter__(self) -> Self:
        self.out.write(b"[")
        self._first = True
        return self

    def __exit__(self, *raised: object) -> None:
        if raised[0] is None:
            self.out.write(b"\n]\n")

    def record(
        self, record: Record, values: Sequence[Any], lines: Mapping[str, Sequence[Record]]
    ) -> None:
        whole = Record(record.object, record.id, {**record.values, **lines})
        text = json.dumps(to_json(self.catalog, whole), ensure_ascii=False)
        self.out.write(("\n" if self._first else ",\n").encode() + text.encode())
        self._first = False

    def line(self, sheet: str, values: Sequence[Any]) -> None:
        """Lines stand inside their record."""


class XlsxWriter(Writer):
    """A workbook: the records on the first sheet, lines on one of their own each."""

    def __enter__(self) -> Self:
        import openpyxl  # slow to import

        self._book = openpyxl.Workbook(write_only=True)
        self._sheets = {}
        self._counts = dict.fromkeys((sheet.name for sheet in self.sheets), 0)
        for sheet in self.sheets:
            self._sheets[sheet.name] = made = self._book.create_sheet(sheet.name[:31])
            if self.mark:  # an ampersand is a command there
                made.oddHeader.center.text = made.oddFooter.center.text = self.mark.replace(
                    "&", "&&"
                )
            self._append(sheet.name, sheet.headers)
        return self

    def __exit__(self, *raised: object) -> None:
        if self.mark:
            last = self._book.create_sheet(self._free(MARK_SHEET))
            last.append([_xlsx_cell(last, self.mark)])
            last.close()
        for sheet in self._sheets.values():
            sheet.close()
        if raised[0] is None:
            self._book.save(self.out)

    def _free(self, name: str) -> str:
        """The name, or one like it that no sheet has."""
        taken = {sheet.name[:31] for sheet in self.sheets}
        return next(one for one in (name, *(f"{name} {n}" for n in range(99))) if one not in taken)

    def record(
        self, record: Record, values: Sequence[Any], lines: Mapping[str, Sequence[Record]]
    ) -> None:
        self._append(self.sheets[0].name, values)

    def line(self, sheet: str, values: Sequence[Any]) -> None:
        self._append(sheet, values)

    def _append(self, name: str, values: Sequence[Any]) -> None:
        self._counts[name] += 1
        if self._counts[name] > MOST_ROWS:
            raise Refusal(say.TOO_MANY_ROWS(limit=MOST_ROWS - 1))
        sheet = self._sheets[name]
        row = []
        for index, value in enumerate(values):
            if isinstance(value, str) and len(value) > MOST_CHARACTERS:
                header = next(s.headers[index] for s in self.sheets if s.name == name)
                raise Refusal(say.TEXT_TOO_LONG(record=values[0], field=header, length=len(value)))
            row.append(_xlsx_cell(sheet, value))
        sheet.append(row)


FORMATS: Mapping[str, type[Writer]] = {"csv": CsvWriter, "xlsx": XlsxWriter, "json": JsonWriter}


def _csv_cell(value: Any) -> str:
    if isinstance(value, str):
        return neutralised(value)
    return _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.timedelta):
        return iso(value)
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _xlsx_cell(sheet: Any, value: Any) -> Any:
    """A typed cell where the program keeps the value exactly, a string otherwise."""
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(value, str) and not _keeps(value):
        value = _text(value)
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"  # whatever it begins with, it is no formula (rule 35)
    return cell


def _keeps(value: Any) -> bool:
    """Whether a worksheet keeps the value exactly: no long numbers, no time zones, no old dates."""
    if isinstance(value, Decimal):
        return len(value.as_tuple().digits) <= EXACT_DIGITS
    if isinstance(value, dt.date):
        return not isinstance(value, dt.datetime) and value.year >= FIRST_YEAR
    return not isinstance(value, dt.timedelta)
