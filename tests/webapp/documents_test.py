"""Documents over the web: a PDF for whoever may print the record, else a problem."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from urllib.parse import unquote

import pytest

from support.world import Client, World

_numbers = count(1)


@pytest.fixture(autouse=True)
def no_process_stays(world: World) -> Iterator[None]:
    """The rendering processes end with the test."""
    yield
    world.app.extensions["formwright"].renderer.close()


@pytest.fixture
def quotation(rep: Client) -> str:
    """The path of a quotation of `rep`."""
    customer = rep.made("customer", name=f"纸面 {next(_numbers)} 公司")
    lines = [{"description": "车床", "price": "10"}]
    return f"o/quotation/{rep.made('quotation', customer=customer['id'], lines=lines)['id']}"


def test_pdf(rep: Client, quotation: str) -> None:
    """A PDF, shown in place, with the label and the number as the name of its file."""
    number = rep.get(quotation).get_json()["number"]
    for locale, label in (("zh", "报价单"), ("en", "Quotation")):
        response = rep.get(f"{quotation}/documents/quotation?locale={locale}")
        assert (response.status_code, response.mimetype) == (200, "application/pdf")
        assert response.data.startswith(b"%PDF")
        assert response.headers["Cache-Control"] == "no-store"
        told = response.headers["Content-Disposition"]
        kind, plain, encoded = told.split("; ")
        assert (kind, plain.endswith(f'{number}.pdf"')) == ("inline", True)
        assert told.isascii()
        assert unquote(encoded) == f"filename*=UTF-8''{label} {number}.pdf"


def test_screen(world: World, quotation: str) -> None:
    """The record's page offers what may be printed, in both languages, and leads to it."""
    browser = world.browser("rep")
    page = browser.get(f"/{quotation}").text
    for locale in ("zh", "en"):
        address = f"/{quotation}/documents/quotation?locale={locale}"
        assert f'href="{address}"' in page
    assert browser.get(address).data.startswith(b"%PDF")
    signed_out = world.app.test_client().get(address, headers={"Accept": "text/html"})
    assert signed_out.status_code == 302
    stranger = world.browser("other")
    assert stranger.get(address).status_code == 404
    assert browser.get(f"/{quotation}/documents/nothing").status_code == 404


def test_refused(rep: Client, other: Client, quotation: str) -> None:
    """Nobody learns of what they may not read; what is unknown is a problem."""
    theirs = other.get(f"{quotation}/documents/quotation")
    never = other.get("o/quotation/999999/documents/quotation")
    assert theirs.status_code == never.status_code == 404
    assert theirs.get_json()["code"] == never.get_json()["code"] == "not-found"
    for path, status, code in (
        ("documents/nothing", 404, "unknown-document"),
        ("documents/order_confirmation", 404, "unknown-document"),
        ("documents/quotation?locale=fr", 400, "bad-query"),
        ("documents/quotation?colour=red", 400, "unknown-parameter"),
    ):
        response = rep.get(f"{quotation}/{path}")
        assert (response.status_code, response.get_json()["code"]) == (status, code), path


def test_described(admin: Client) -> None:
    """The description of the API names documents and approvals."""
    paths = admin.get("_openapi").get_json()["paths"]
    found = paths["/o/quotation/{record}/documents/{document}"]
    assert "application/pdf" in found["get"]["responses"]["200"]["content"]
    assert set(paths["/approvals"]) == {"get"}
    decisions = paths["/approvals/{task}/{decision}"]["parameters"][1]["schema"]["enum"]
    assert decisions == ["approve", "reject", "withdraw"]
