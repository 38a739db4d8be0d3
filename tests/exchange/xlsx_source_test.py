"""Workbooks: typed cells, phantom rows, and what is not let in."""

from __future__ import annotations

import datetime as dt
import os
import zipfile
from decimal import Decimal
from functools import partial
from pathlib import Path

import openpyxl
import pytest

from exchange import xlsx_source
from exchange.sources import open_source
from support.patience import cpu_seconds
from support.small import refusal


def workbook(folder: Path, *rows: list[object], more: str = "") -> Path:
    path = folder / "in.xlsx"
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if more:
        book.create_sheet(more).append(["x"])
    book.save(path)
    return path


def test_typed_cells(tmp_path: Path) -> None:
    """Numbers are decimals of the digits that people see, dates are dates, blank is empty."""
    row = [0.1 + 0.2, 12.0, 5, True, dt.datetime(2026, 1, 31), "", "text"]
    found = open_source(workbook(tmp_path, list("abcdefg"), row))
    (only,) = found.rows()
    assert only.cells == [Decimal("0.3"), 12, 5, True, dt.datetime(2026, 1, 31), None, "text"]
    assert only.line == 2


def test_phantom_rows_and_columns(tmp_path: Path) -> None:
    """Formatted but empty rows and columns are not there; short rows are filled up."""
    path = workbook(tmp_path, ["a", "b", None], [None, None], ["1"], [None], [None, None, ""])
    found = open_source(path)
    assert found.columns == ("a", "b")
    assert [(row.line, row.cells) for row in found.rows()] == [(3, ["1", None])]


def test_errors_and_other_sheets_are_told(tmp_path: Path) -> None:
    """A cell with #N/A makes a wrong row; a second sheet makes a notice."""
    found = open_source(workbook(tmp_path, ["a"], ["#N/A"], ["1"], more="Lines"))
    assert [row.wrong and row.wrong.code for row in found.rows()] == ["import-error-cell", None]
    assert [n.sentence() for n in found.notices] == [
        "only the first sheet is read; left out: Lines"
    ]


def test_caps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a large file nor one that unpacks to a large one is opened."""
    path = workbook(tmp_path, ["a"], ["1"])
    monkeypatch.setattr(xlsx_source, "MAX_UNPACKED", 1000)
    assert "import-too-large" in refusal(lambda: open_source(path))
    monkeypatch.setattr(xlsx_source, "MAX_PACKED", 1000)
    assert "import-too-large" in refusal(lambda: open_source(path))


PARTS = {
    "sheet": "xl/worksheets/sheet1.xml",
    "strings": "xl/sharedStrings.xml",
    "styles": "xl/styles.xml",
}
XMLNS = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
STRINGS_TYPE = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/'
    b'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)
SHEET = b"<worksheet " + XMLNS + b"><sheetData>%s</sheetData></worksheet>"
STRINGS = b"<sst " + XMLNS + b">%s</sst>"
STYLES = b"<styleSheet " + XMLNS + b"><cellXfs>%s</cellXfs></styleSheet>"


def rebuilt(folder: Path, **parts: bytes) -> Path:
    """A workbook of the columns a and b, with parts of one's own."""
    good, path = workbook(folder, ["a", "b"], ["1", "2"]), folder / "rebuilt.xlsx"
    own = {PARTS[name]: data for name, data in parts.items()}
    with (
        zipfile.ZipFile(good) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in {*old.namelist(), *own}:
            data = own[name] if name in own else old.read(name)
            if name == "[Content_Types].xml" and b"sharedStrings" not in data:
                data = data.replace(b"</Types>", STRINGS_TYPE)
            new.writestr(name, data)
    return path


def noise(count: int) -> bytes:
    """Comments that do not pack well, so that the ratio alone tells nothing."""
    return b"".join(b"<!--%s-->" % os.urandom(2000).hex().encode() for _ in range(count))


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"sheet": SHEET % (b"<row/>" * 500_000)}, "import-swollen-workbook"),  # by the ratio
        ({"sheet": SHEET % (noise(12) + b"<a/>" * 500_000)}, "import-swollen-workbook"),
        ({"sheet": SHEET % (noise(12) + b"<a>" * 500_000)}, "import-swollen-workbook"),
        ({"sheet": SHEET % (noise(12) + b"<row>" + b"<c/>" * 300_000 + b"</row>")},
         "import-swollen-workbook"),
        ({"sheet": SHEET % (b"<row>" + b"<c/>" * 20_000 + b"</row>")}, "import-sheet-too-large"),
        ({"styles": STYLES % (b"<xf/>" * 200_000)}, "import-swollen-workbook"),
        ({"sheet": SHEET % b'<row><c t="s"><v>240000</v></c></row>',
          "strings": STRINGS % (noise(12) + b"<si><t>a</t></si>" * 250_000)},
         "import-swollen-workbook"),
        ({"sheet": SHEET % b'<row><c t="s"><v>9</v></c></row>',
          "strings": STRINGS % (b"<si><t>a</t></si>" * 9)}, "import-bad-workbook"),
        ({"sheet": SHEET % b'<row r="9"><c><v>9</v></c></row>'}, "import-empty-file"),
    ],
)  # fmt: skip
def test_what_swells(tmp_path: Path, parts: dict[str, bytes], code: str) -> None:
    """Some kilobytes that would become millions of elements are refused in a moment."""
    path = rebuilt(tmp_path, **parts)
    assert path.stat().st_size < 100_000
    found: list[str] = []
    assert cpu_seconds(lambda: found.append(refusal(lambda: open_source(path)))) < 5
    assert code in found[0]


def test_what_nobody_asks_for(tmp_path: Path) -> None:
    """A million strings behind the header's, or rows behind it, cost the header nothing."""
    for parts in (
        {"sheet": SHEET % b'<row><c t="s"><v>0</v></c></row>',
         "strings": STRINGS % (b"<si><t>a</t></si>" + noise(30) + b"<si><t>b</t></si>" * 900_000)},
        {"sheet": SHEET % (b"<row><c><v>1</v></c></row>" + noise(9) + b"<row/>" * 400_000)},
    ):  # fmt: skip
        path = rebuilt(tmp_path, **parts)
        assert cpu_seconds(partial(open_source, path)) < 1
        assert len(open_source(path).columns) == 1


def test_rows_that_swell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two rows, in their number, and in the cells of all of them."""
    head = b"<row><c><v>1</v></c></row>"
    for rows, code in (
        (noise(9) + b'<row r="1"/>' * 200_000, "import-swollen-workbook"),
        (b'<row r="1048577"><c><v>1</v></c></row>', "import-sheet-too-large"),
        (b'<row><c r="XFD2"><v>1</v></c></row>' * 60, "import-sheet-too-large"),
    ):
        monkeypatch.setattr(xlsx_source, "MAX_CELLS", 900_000)
        found = open_source(rebuilt(tmp_path, sheet=SHEET % (head + rows)))
        assert code in refusal(lambda found=found: list(found.rows()))


def test_bytes_that_may_be_unpacked(tmp_path: Path) -> None:
    """Whoever has less time gives a lower limit."""
    path = rebuilt(tmp_path)
    assert open_source(path).columns == ("a", "b")
    assert "import-swollen-workbook" in refusal(lambda: open_source(path, 2_000))


def test_shared_strings(tmp_path: Path) -> None:
    """In any order, plain and formatted, without their reading in kana."""
    formatted = b"<si><r><rPr><b/></rPr><t>x</t></r><r><t> y</t></r><rPh><t>z</t></rPh></si>"
    cells = b"".join(b'<c t="s"><v>%d</v></c>' % n for n in (2, 0))
    path = rebuilt(
        tmp_path,
        sheet=SHEET % (b"<row>" + cells + b"</row><row/>"
                       b'<row><c t="s"><v>1</v></c><c t="s"><v>3</v></c></row>'),
        strings=STRINGS % (b"<si><t>one</t></si>" + formatted + b"<si><t>two</t></si><si/>"),
    )  # fmt: skip
    found = open_source(path)
    assert found.columns == ("two", "one")
    assert [(row.line, row.cells) for row in found.rows()] == [(3, ["x y", None])]


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>"""


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_entities_are_refused(tmp_path: Path, part: str) -> None:
    """A workbook with an entity in its XML is no workbook."""
    good, bad = workbook(tmp_path, ["a"], ["1"]), tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(bad, "w") as new:
        for item in old.infolist():
            new.writestr(item, BOMB if item.filename == part else old.read(item))
    assert "import-bad-workbook" in refusal(lambda: list(open_source(bad).rows()))


def test_damaged_workbooks(tmp_path: Path) -> None:
    """Cut short anywhere, it is refused without a traceback."""
    whole = workbook(tmp_path, ["a"], ["1"]).read_bytes()
    for length in range(5, len(whole), 401):
        path = tmp_path / "cut.xlsx"
        path.write_bytes(whole[:length])
        assert "import-bad-workbook" in refusal(lambda path=path: list(open_source(path).rows()))
