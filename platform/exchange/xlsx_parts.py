"""The parts of a workbook that an import needs, measured while they are parsed.

A part of some kilobytes can unpack to millions of elements, each of which costs time and memory
when it is parsed. So what is parsed is limited where it is read: in bytes all together, and in
tags for parts that are small in any workbook, for one row, and for one shared string. Shared
strings are read only as far as cells ask for them.

Source of the parts: Office Open XML, ECMA-376 part 1, sections 12.2 and 12.3.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from engine.loading.reading import shown
from engine.problems import Place, Refusal
from exchange import messages as say

MAX_TAGS = 150_000
"""Tags of all small parts together: a workbook of Excel has up to 65,490 styles of few tags."""
MAX_ROW_TAGS = 100_000
"""Tags of one row, with what stands before it: a row of Excel has up to 16,384 cells of up to six;
and those of one shared string."""
_STRING, _RUN, _TEXT = (f"{{{SHEET_MAIN_NS}}}{name}" for name in ("si", "r", "t"))


class Parts(zipfile.ZipFile):
    """A workbook as an archive, of which not more than `most` bytes are unpacked and `strings`
    shared strings read."""

    def __init__(self, path: Path, most: int, strings: int) -> None:
        self.path = path
        self.left, self.strings = most, strings
        self.tags = 0
        super().__init__(path)

    def read(self, name: Any, pwd: bytes | None = None) -> bytes:
        """A small part."""
        with self.measured(str(name)) as stream:
            data = stream.read()
            self.tags += stream.tags
        if self.tags > MAX_TAGS:
            raise self.swollen()
        return data

    def measured(self, name: str, most_tags: int = MAX_TAGS) -> Measured:
        """A part that is parsed while it is read."""
        return Measured(self, self.open(name), most_tags)

    def swollen(self) -> Refusal:
        """Why the workbook is not read any further."""
        return Refusal(say.SWOLLEN(Place(shown(self.path))))


class Measured(io.RawIOBase):
    """A stream of XML that counts bytes, and `tags` until somebody sets them back."""

    def __init__(self, parts: Parts, stream: Any, most_tags: int) -> None:
        self.parts, self.stream, self.most_tags = parts, stream, most_tags
        self.tags = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises Refusal when they, or the tags, become too many."""
        most = self.parts.left + 1
        data: bytes = self.stream.read(most if size < 0 else min(size, most))
        self.parts.left -= len(data)
        self.tags += data.count(b"<")  # in whatever encoding, it is this byte at least
        if self.parts.left < 0 or self.tags > self.most_tags:
            raise self.parts.swollen()
        return data

    def close(self) -> None:
        """Ends the part's own stream, too."""
        self.stream.close()
        super().close()


class FirstSheet(ExcelReader):
    """Of a workbook what its first sheet needs. `others` are the names of the sheets after it.

    The library would read all strings, all properties, and of every sheet what it needs to know
    its size. Raises Refusal when there is no sheet.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = self.archive = parts
        self.valid_files = parts.namelist()
        self.read_only = self.data_only = True
        self.keep_vba = self.keep_links = self.rich_text = False
        self.read_manifest()
        self.read_strings()
        self.read_workbook()
        apply_stylesheet(self.archive, self.wb)
        found = [
            (sheet.name, rel.target)
            for sheet, rel in self.parser.find_sheets()
            if rel.target in self.valid_files and "chartsheet" not in rel.Type
        ]
        if not found:
            raise Refusal(say.EMPTY_SOURCE(Place(shown(parts.path))))
        self.part = found[0][1]
        self.others = [name for name, _ in found[1:]]

    def read_strings(self) -> None:
        """Finds the shared strings, without reading any."""
        part = self.package.find(SHARED_STRINGS)
        name = part.PartName[1:] if part is not None else ""
        self.shared_strings: Any = Strings(self.parts, name)

    def rows(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """The rows of the sheet with their numbers, which rise, and their cells from the left.

        Raises Refusal where the sheet holds too much between two rows.
        """
        book: Any = self.wb
        with self.parts.measured(self.part, MAX_ROW_TAGS) as stream:
            parser: Any = WorkSheetParser(
                stream,
                self.shared_strings,
                data_only=True,
                epoch=book.epoch,
                date_formats=book._date_formats,
                timedelta_formats=book._timedelta_formats,
            )
            last = 0
            for line, cells in parser.parse():
                parser.row_dimensions.clear()  # of which there may be a million
                if line > last:
                    stream.tags, last = 0, line
                    yield line, cells


class Strings:
    """The shared strings of a workbook, read as far as they are asked for."""

    def __init__(self, parts: Parts, name: str) -> None:
        self._known: list[str] = []
        self._coming = _strings(parts, name) if name else iter(())

    def __getitem__(self, index: int) -> str:
        """The string of this number, from 0. Raises IndexError when there is none."""
        while len(self._known) <= index and (text := next(self._coming, None)) is not None:
            self._known.append(text)
        return self._known[index]


def _strings(parts: Parts, name: str) -> Iterator[str]:
    left = parts.strings
    with parts.measured(name, MAX_ROW_TAGS) as stream:
        root: Any = None
        for event, node in iterparse(stream, events=("start", "end")):
            if root is None:
                root = node
            elif event == "end" and node.tag == _STRING:
                left -= 1
                if left < 0:
                    raise parts.swollen()
                yield _text(node)
                stream.tags = 0
                root.clear()  # what was read is not kept twice


def _text(node: Any) -> str:
    """A string as it stands, or the runs that it is formatted in; neither its reading in kana."""
    runs = [node, *node.findall(_RUN)]
    return "".join(run.findtext(_TEXT) or "" for run in runs).replace("x005F_", "")
