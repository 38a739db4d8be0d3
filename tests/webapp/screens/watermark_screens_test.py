"""The viewer's name on screens, documents and exports, for whom a role asks for it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from pypdf import PdfReader

from support.world import World, make_world

LAYER = """
role: finance
watermark: true
"""


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("marked")
    (folder / "layer/roles").mkdir(parents=True)
    (folder / "layer/roles/finance.yaml").write_text(LAYER)
    made = make_world(f"sqlite:///{folder / 'site.db'}", folder / "layer")
    yield made
    made.app.extensions["formwright"].renderer.close()
    made.site.close()


def grounds(pdf: bytes) -> list[bool]:
    """Whether a picture repeats under the text, for each page."""
    pages = PdfReader(io.BytesIO(pdf)).pages
    found: list[Any] = [page["/Resources"].get("/Pattern") for page in pages]
    return [one is not None and bool(one.get_object()) for one in found]


def test_screens(marked: World) -> None:
    """A picture with the name and the minute, which the page's own policy allows; nobody else's."""
    answer = marked.browser("clerk").get("/")
    found = re.search(r'<style nonce="([^"]+)">\.watermark\{[^"]*"data:[^,]+,([^"]+)"', answer.text)
    assert found is not None, answer.text[:2000]
    drawn = base64.b64decode(found[2]).decode()
    assert ">Clerk</text>" in drawn and re.search(r">\d{4}-\d\d-\d\d \d\d:\d\d</text>", drawn)
    assert f"'nonce-{found[1]}'" in answer.headers["Content-Security-Policy"]
    assert '<div class="watermark" aria-hidden="true">' in answer.text
    assert "watermark" not in marked.browser("rep").get("/").text


def test_workbooks(marked: World) -> None:
    """Head, foot and a last sheet of a workbook; other formats have no place for it."""
    marked.client("rep").made("customer", name="Marked")
    for name, sheets in (("clerk", 1), ("rep", 0)):
        browser = marked.browser(name)
        token = re.search(r'csrf-token" content="([^"]+)"', browser.get("/").text)
        assert token
        form = {"csrf_token": token[1], "format": "xlsx"}
        answer = browser.post("/o/customer/export", data=form)
        assert answer.status_code == 200, answer.text
        book = openpyxl.load_workbook(io.BytesIO(answer.data))
        marks = [sheet for sheet in book.sheetnames if sheet == "exported by"]
        assert len(marks) == sheets and bool(book.worksheets[0].oddHeader.center.text) is bool(
            sheets
        )
        if marks:
            assert book.sheetnames[-1] == "exported by"
            assert str(book["exported by"]["A1"].value).startswith("Clerk · 20")


def test_documents(marked: World) -> None:
    """Every page of a PDF has it as its ground."""
    rep, clerk = marked.client("rep"), marked.client("clerk")
    customer = rep.made("customer", name="Printed")["id"]
    lines = [{"description": "Lathe", "price": "10"} for _ in range(60)]
    id = rep.made("quotation", customer=customer, lines=lines)["id"]
    plain, with_mark = (
        client.get(f"o/quotation/{id}/documents/quotation") for client in (rep, clerk)
    )
    assert plain.status_code == with_mark.status_code == 200, with_mark.text
    pages = grounds(with_mark.data)
    assert len(pages) > 1 and all(pages)
    assert not any(grounds(plain.data))
