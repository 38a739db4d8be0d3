"""CSV files: encoding and separator are found out, the form is checked before any row counts.

1. A byte-order mark decides. Without one the file is UTF-8, or else GB18030 if its characters are
   those of Chinese text: GB18030 accepts many byte sequences that mean something else elsewhere.
2. The separator (comma, semicolon, tab) is the one that the header has most of outside quotes.
3. The file is read through once: a quote that is never closed must not swallow half of it.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.loading.reading import shown
from engine.problems import Place, Refusal
from exchange import messages as say
from exchange.neutral import restored
from exchange.sources import Source, SourceRow, checked_columns, digest_of, fitted_row

SEPARATORS = ",;\t"
BLOCK = 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MOSTLY = 0.9
"""The share of a text's characters beyond ASCII that must be common in Chinese for GB18030."""


@dataclass(frozen=True)
class CsvReading:
    """How one CSV file is read."""

    path: Path
    encoding: str
    separator: str
    width: int

    def rows(self) -> Iterator[SourceRow]:
        lines = _records(self.path, self.encoding, self.separator)
        next(lines, None)
        width = self.width
        for line, cells in lines:
            for index, cell in enumerate(cells):
                if cell[:1] == "'":
                    cells[index] = restored(cell)
            row = fitted_row(line, cells, width)
            if row is not None:
                yield row


def open_csv(path: Path) -> Source:
    """The CSV file at `path`. Raises Refusal when it is not one that can be read to its end."""
    encoding = _encoding(path)
    separator = _separator(path, encoding)
    records = _records(path, encoding, separator)
    first = next(records, None)
    if first is None:
        raise Refusal(say.EMPTY_SOURCE(Place(shown(path))))
    columns = checked_columns([restored(cell) for cell in first[1]], shown(path))
    count = sum(1 for _ in records)
    notices = [] if encoding.startswith("utf") else [say.READ_AS(encoding=encoding.upper())]
    return Source(
        path=path,
        columns=columns,
        digest=digest_of(path),
        reading=CsvReading(path, encoding, separator, len(columns)),
        count=count,
        notices=tuple(notices),
    )


def _records(path: Path, encoding: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The records of the file, each with the line that it begins on."""
    with path.open(encoding=encoding, newline="") as stream:
        reader = csv.reader(stream, delimiter=separator, strict=True)
        line = 1
        try:
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1
        except (csv.Error, UnicodeError) as error:  # the latter if the file changes meanwhile
            place = Place(shown(path), line)
            limit = csv.field_size_limit()
            raise Refusal(say.BAD_QUOTES(place, why=str(error), limit=limit)) from None


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        start = stream.read(4)
    marked = next((encoding for mark, encoding in _MARKS if start.startswith(mark)), "")
    wrong = _first_wrong_byte(path, marked or "utf-8")
    if wrong is None:
        return marked or "utf-8"
    if not marked and _first_wrong_byte(path, "gb18030") is None and _looks_chinese(path):
        return "gb18030"
    line, byte = wrong
    raise Refusal(say.NO_ENCODING(Place(shown(path), line), byte=f"0x{byte:02X}", line=line))


def _first_wrong_byte(path: Path, encoding: str) -> tuple[int, int] | None:
    """Line and value of the first byte that is not `encoding`."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as stream:
        while True:
            block = stream.read(BLOCK)
            pending = decoder.getstate()[0]
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                whole = pending + block
                return line + whole.count(b"\n", 0, error.start), whole[error.start]
            if not block:
                return None
            line += block.count(b"\n")


def _looks_chinese(path: Path) -> bool:
    found = common = 0
    with path.open(encoding="gb18030", newline="") as stream:
        while block := stream.read(BLOCK):
            beyond = [character for character in block if character > "\x7f"]
            found += len(beyond)
            common += len("".join(beyond).encode("gb2312", "ignore")) // 2
    return common >= found * MOSTLY


def _separator(path: Path, encoding: str) -> str:
    """The separator of the header: what it has most of, a comma where it has none."""
    with path.open(encoding=encoding, newline="") as stream:
        head = stream.read(64 * 1024)
    counts = dict.fromkeys(SEPARATORS, 0)
    quoted = False
    for character in head:
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "\r\n":
            break
        elif not quoted and character in counts:
            counts[character] += 1
    return max(counts, key=lambda separator: counts[separator])
