"""Excel workbooks: the first sheet, row by row, with numbers and dates as the cells hold them.

Sizes are checked before anything is unpacked; `defusedxml`, which openpyxl takes where it is
installed, refuses entities. Formulas count with the value that the program last saved.
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
from exchange.sources import Source, SourceRow, checked_columns, digest_of, fitted_row

MAX_PACKED = 100 * 1024**2
MAX_UNPACKED = 1024**3
MAX_PARTS = 10_000
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
        with _sheet(self.path) as (sheet, _):
            for line, cells in _records(sheet):
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


def open_xlsx(path: Path) -> Source:
    """The workbook at `path`. Raises Refusal when it is not one, or too large."""
    _check_sizes(path)
    with _sheet(path) as (sheet, others):
        first = next(_records(sheet), None)
        if first is None or first[0] != 1:
            raise Refusal(say.EMPTY_SOURCE(Place(shown(path))))
        columns = checked_columns(first[1], shown(path))
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


@contextmanager
def _sheet(path: Path) -> Iterator[tuple[Any, list[str]]]:
    """The first sheet, and the names of those after it."""
    try:
        # opened here: of a path the library would want a name that ends like a workbook's
        with path.open("rb") as stream:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and extensions that nobody needs
                book = openpyxl.load_workbook(
                    stream, read_only=True, data_only=True, keep_links=False
                )
            try:
                sheets = book.worksheets
                if not sheets:
                    raise Refusal(say.EMPTY_SOURCE(Place(shown(path))))
                yield sheets[0], [sheet.title for sheet in sheets[1:]]
            finally:
                book.close()
    except _UNREADABLE as error:
        why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise Refusal(say.BAD_WORKBOOK(Place(shown(path)), why=why)) from None


def _records(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    sheet.reset_dimensions()  # some programs declare a size that is not the sheet's
    for line, values in enumerate(sheet.iter_rows(values_only=True), 1):
        cells = [_typed(value) for value in values]
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            yield line, cells


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
