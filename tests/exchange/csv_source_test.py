"""CSV files of all kinds, read as a stream."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.problems import Refusal
from exchange.sources import Source, open_source
from support.small import refusal


def source(folder: Path, content: bytes) -> Source:
    path = folder / "in.csv"
    path.write_bytes(content)
    return open_source(path)


def cells(found: Source) -> list[tuple[int, list[str]]]:
    return [(row.line, row.cells) for row in found.rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """UTF-8 with and without its mark, UTF-16 with one, and GB18030."""
    found = source(tmp_path, "名称,城市\n华为技术,深圳\n".encode(encoding))
    assert found.columns == ("名称", "城市")
    assert cells(found) == [(2, ["华为技术", "深圳"])]
    assert [n.code for n in found.notices] == ["import-read-as"] * (encoding == "gb18030")


def test_another_encoding_is_not_guessed(tmp_path: Path) -> None:
    """`Müller, café` in Latin-1 would be GB18030 too, and nonsense."""
    content = "name,x\nplain,1\nM\u00fcller caf\u00e9s \u00e9t\u00e9s,2\n".encode("latin-1")
    told = refusal(lambda: source(tmp_path, content))
    assert "in.csv:3:1: import-encoding" in told
    assert "byte 0xFC in line 3" in told


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators(tmp_path: Path, separator: str) -> None:
    """What the header has most of, quoted ones not counted."""
    header = separator.join(["a", '"b,;,;,;\t"', "c"])
    row = separator.join(["1", "2", "3"])
    found = source(tmp_path, f"{header}\r\n{row}\r\n".encode())
    assert found.columns == ("a", "b,;,;,;", "c")
    assert cells(found) == [(2, ["1", "2", "3"])]


def test_quoted_lines_and_counting(tmp_path: Path) -> None:
    """A cell with line breaks; lines are those of the file; blank rows are none."""
    found = source(tmp_path, b'a,b\n"x\ny",1\n\n,\n,,,\nz,2,,\n"say ""hi""",3\n')
    assert cells(found) == [(2, ["x\ny", "1"]), (7, ["z", "2"]), (8, ['say "hi"', "3"])]


def test_rows_of_another_width_are_wrong_rows(tmp_path: Path) -> None:
    """Too few or too many cells: the row is told, the others are read."""
    found = source(tmp_path, b"a,b\n1\n1,2,3\n1,2\n")
    wrong = [(row.line, row.wrong and row.wrong.sentence()) for row in found.rows()]
    assert wrong == [
        (2, "the row has 1 cells, the header 2"),
        (3, "the row has 3 cells, the header 2"),
        (4, None),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import-empty-file"),
        (b"\n\n", "import-empty-file"),
        (b"a,,c\n", "import-column-without-name"),
        (b"a,b,a\n", "import-column-twice"),
        (",".join(f"c{i}" for i in range(1001)).encode(), "import-too-many-columns"),
        (b'a,b\n1,2\n"never closed,3\n4,5\n', "import-bad-quotes"),
        (b'a,b\n1,"x" y\n', "import-bad-quotes"),
        (b"a\n" + b"x" * 140_000, "import-bad-quotes"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "import-old-excel"),
        (b"PK\x03\x04 not really", "import-bad-workbook"),
        (b"\xff\xfea", "import-encoding"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read(tmp_path: Path, content: bytes, code: str) -> None:
    """One clear problem, before any row counts."""
    with pytest.raises(Refusal) as refused:
        source(tmp_path, content)
    assert {problem.code for problem in refused.value.problems} == {code}


def test_no_file(tmp_path: Path) -> None:
    """A missing file, and a folder."""
    for path in (tmp_path / "none.csv", tmp_path):
        assert "import-no-file" in refusal(lambda path=path: open_source(path))
