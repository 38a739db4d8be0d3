"""Workbooks: typed cells, phantom rows, and what is not let in."""

from __future__ import annotations

import datetime as dt
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from exchange import xlsx_source
from exchange.sources import open_source
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
