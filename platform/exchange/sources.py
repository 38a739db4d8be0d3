"""Files as streams of rows: what kind of file it is, and what every kind gives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from engine.loading.reading import shown
from engine.problems import Place, Problem, Refusal
from exchange import messages as say

MAX_COLUMNS = 1_000
MAX_CSV_BYTES = 4 * 1024**3
"""A file is read as a stream; the limit is against what was meant to be something else."""
IN_A_REQUEST = 64 * 1024**2
"""Bytes that may be unpacked to look a file through, so that nobody waits long for it."""
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"


class SourceRow(NamedTuple):
    """One row: the line it begins on, its cells, and what is wrong with the row as such."""

    line: int
    cells: list[Any]
    wrong: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file that was looked through: it can be read as often as needed.

    `columns` are the names of the first row; `count` is the number of rows, where it is known
    without reading them; `notices` are for the person who imports.
    """

    path: Path
    columns: tuple[str, ...]
    digest: str
    reading: Reading
    count: int | None = None
    notices: tuple[Problem, ...] = field(default=())
    title: str = ""

    @property
    def label(self) -> str:
        """What the file is called."""
        return self.title or self.path.name

    @property
    def name(self) -> str:
        """The file as problems name it."""
        return shown(self.path)

    def rows(self) -> Iterator[SourceRow]:
        """The rows after the header. Raises Refusal when the file turns out to be broken."""
        return self.reading.rows()


class Reading(Protocol):
    """How one kind of file is read."""

    def rows(self) -> Iterator[SourceRow]:
        """The rows after the header."""


def open_source(path: Path, most: int = IN_A_REQUEST) -> Source:
    """The file at `path`: CSV or XLSX, told by its content.

    Of a workbook not more than `most` bytes are unpacked to find its columns. Raises Refusal when
    it cannot be read, before anything is made of it.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
            size = path.stat().st_size
    except OSError as error:
        raise Refusal(say.NO_SOURCE(Place(shown(path)), why=error.strerror or str(error))) from None
    if start.startswith(_ZIP):
        from exchange.xlsx_source import open_xlsx  # openpyxl is slow to import

        return open_xlsx(path, most)
    if start.startswith(_OLD_EXCEL):
        raise Refusal(say.OLD_EXCEL(Place(shown(path))))
    if not size:
        raise Refusal(say.EMPTY_SOURCE(Place(shown(path))))
    if size > MAX_CSV_BYTES:
        raise Refusal(say.TOO_LARGE(Place(shown(path)), limit=MAX_CSV_BYTES // 1024**2))
    from exchange.csv_source import open_csv

    return open_csv(path)


def checked_columns(cells: list[Any], name: str) -> tuple[str, ...]:
    """The names of the columns from the cells of the first row.

    Raises Refusal when one has no name, or two have the same.
    """
    names = ["" if cell is None else str(cell).strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    place = Place(name)
    if not names:
        raise Refusal(say.EMPTY_SOURCE(place))
    if len(names) > MAX_COLUMNS:
        raise Refusal(say.TOO_MANY_COLUMNS(place, number=len(names), limit=MAX_COLUMNS))
    problems = [say.NO_NAME(place, number=i) for i, n in enumerate(names, 1) if not n]
    twice = {n for n in names if n and names.count(n) > 1}
    problems += [say.NAME_TWICE(place, name=n) for n in sorted(twice)]
    if problems:
        raise Refusal(*problems)
    return tuple(names)


def fitted_row(line: int, cells: list[Any], width: int) -> SourceRow | None:
    """A row of the header's width; None where nothing is in it (phantom rows)."""
    found = len(cells)
    if found > width and not any(cell not in (None, "") for cell in cells[width:]):
        del cells[width:]
        found = width
    if found != width:
        if all(cell in (None, "") for cell in cells):
            return None
        return SourceRow(line, cells, say.BAD_WIDTH(found=found, expected=width))
    if not any(cells) and all(cell in (None, "") for cell in cells):
        return None
    return SourceRow(line, cells)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
