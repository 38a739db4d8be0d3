"""Excel workbooks: the first sheet, row by row, with numbers and dates as the cells hold them.

Sizes are checked before anything is unpacked, and what is parsed is measured
(`exchange.xlsx_parts`); `defusedxml`, which openpyxl takes where it is installed, refuses
entities. Formulas count with the value that the program last saved.
"""

from __future__ import annotations

import datetime as dt
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from engine.loading.reading import shown
from engine.problems import Place, Refusal
from exchange import messages as say
from exchange.sources import IN_A_REQUEST, Source, SourceRow, checked_columns, digest_of, fitted_row
from exchange.xlsx_parts import FirstSheet, Parts

MAX_PACKED = 100 * 1024**2
MAX_UNPACKED = 256 * 1024**2
MAX_PARTS = 10_000
MAX_RATIO = 200
"""So many times larger than packed a part may be; sheets of real data stay below 30."""
SMALL = 1024**2
"""Bytes of a part for which the ratio does not matter."""
MAX_LINES = 1_048_576
MAX_WIDTH = 16_384
"""Rows and columns that a sheet of Excel can have."""
MAX_CELLS = 100_000_000
"""Cells of all rows together, with the empty ones before the last of each row."""
MAX_STRINGS = 4_000_000
HEAD_STRINGS = 200_000
"""Shared strings that are read for all rows, and for the first one: programs write them in about
the order in which cells have them."""
ERRORS = frozenset(("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"))
_UNREADABLE = (
    zipfile.BadZipFile, InvalidFileException, DefusedXmlException, ParseError,
    KeyError, ValueError, TypeError, IndexError, AttributeError, OSError, EOFError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
"""What openpyxl and zipfile raise for damaged workbooks; they promise no common class."""

assert openpyxl.DEFUSEDXML, "openpyxl must read XML through defusedxml"


@dataclass(frozen=True)
class XlsxReading:
    """How one workbook is read."""

    path: Path
    columns: tuple[str, ...]

    def rows(self) -> Iterator[SourceRow]:
        with _book(self.path, MAX_UNPACKED, MAX_STRINGS) as book:
            for line, cells in _records(book):
                if line == 1:
                    continue
                cells += [None] * (len(self.columns) - len(cells))
                row = fitted_row(line, cells, len(self.columns))
                if row is not None:
                    yield self._checked(row)

    def _checked(self, row: SourceRow) -> SourceRow:
        for column, cell in zip(self.columns, row.cells, strict=False):
            if isinstance(cell, str) and cell in ERRORS:
                return row._replace(wrong=say.ERROR_CELL(column=column, found=cell))
        return row


def open_xlsx(path: Path, most: int = IN_A_REQUEST) -> Source:
    """The workbook at `path`, of which only the first row is read.

    Not more than `most` bytes are unpacked for that. Raises Refusal when it is no workbook, or
    too large.
    """
    _check_sizes(path)
    with _book(path, most, HEAD_STRINGS) as book:
        first = next(_records(book), None)
        if first is None or first[0] != 1:
            raise Refusal(say.EMPTY_SOURCE(Place(shown(path))))
        columns = checked_columns(first[1], shown(path))
        others = book.others
    notices = (say.OTHER_SHEETS(sheets=", ".join(others)),) if others else ()
    return Source(
        path=path,
        columns=columns,
        digest=digest_of(path),
        reading=XlsxReading(path, columns),
        notices=notices,
    )


def _check_sizes(path: Path) -> None:
    place = Place(shown(path))
    if path.stat().st_size > MAX_PACKED:
        raise Refusal(say.TOO_LARGE(place, limit=MAX_PACKED // 1024**2))
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile as error:
        raise Refusal(say.BAD_WORKBOOK(place, why=str(error))) from None
    # zipfile never unpacks more of a part than its entry says
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise Refusal(say.TOO_LARGE(place, limit=MAX_UNPACKED // 1024**2))
    if any(p.file_size > SMALL and p.file_size > MAX_RATIO * p.compress_size for p in parts):
        raise Refusal(say.SWOLLEN(place))


@contextmanager
def _book(path: Path, most: int, strings: int) -> Iterator[FirstSheet]:
    """The workbook, of which `most` bytes may be unpacked and `strings` shared strings read."""
    try:
        with Parts(path, most, strings) as parts:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and extensions that nobody needs
                book = FirstSheet(parts)
            yield book
    except _UNREADABLE as error:
        why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise Refusal(say.BAD_WORKBOOK(Place(shown(path)), why=why)) from None


def _records(book: FirstSheet) -> Iterator[tuple[int, list[Any]]]:
    """The rows in which there is something, and the first one."""
    count = 0
    for line, cells in book.rows():
        width = max((cell["column"] for cell in cells), default=0)
        count += width
        if line > MAX_LINES or width > MAX_WIDTH or count > MAX_CELLS:
            place = Place(shown(book.parts.path))
            raise Refusal(say.SHEET_TOO_LARGE(place, rows=MAX_LINES, columns=MAX_WIDTH))
        values: list[Any] = [None] * width
        for cell in cells:
            values[cell["column"] - 1] = _typed(cell["value"])
        while values and values[-1] is None:
            values.pop()
        if values or line == 1:
            yield line, values


def _typed(value: Any) -> Any:
    """A cell's value: no float, and nothing that only looks empty."""
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return int(value)
        return Decimal(f"{value:.15g}")  # as many digits as a spreadsheet program shows
    if isinstance(value, dt.timedelta | dt.time):
        return str(value)
    if value == "":
        return None
    return value
