"""Exports over REST and on the screen: limits, reasons, and what the file holds."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator

import openpyxl
import pytest

from support.world import World, make_world

LAYER = """
role: sales_representative
export_limits: {rows: 4, rows_per_day: 6, reason_above: 1}
"""


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("limited")
    (folder / "layer/roles").mkdir(parents=True)
    (folder / "layer/roles/sales_representative.yaml").write_text(LAYER)
    made = make_world(f"sqlite:///{folder / 'site.db'}", folder / "layer")
    rep = made.client("rep")
    for number in range(3):
        rep.made("customer", name=f"C{number}")
    yield made
    made.site.close()


def test_rest(limited: World) -> None:
    """The file in each format; a reason above the limit, and the day over all doors."""
    rep, path = limited.client("rep"), "o/customer/export"
    refused = rep.call("POST", path, {})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "export-reason")
    assert "--reason" not in refused.text
    told = rep.call("POST", path, {"reason": "a fair", "fields": ["name"]})
    assert told.status_code == 200 and told.mimetype == "text/csv" and "C1" in told.text
    one = {"format": "json", "where": "name == 'C2'"}
    assert [r["name"] for r in json.loads(rep.call("POST", path, one).data)] == ["C2"]
    book = rep.call("POST", path, {"format": "xlsx", "q": "C0"})
    assert openpyxl.load_workbook(io.BytesIO(book.data)).worksheets[0].max_row == 2
    over = rep.call("POST", path, {"reason": "again"})
    assert over.get_json()["code"] == "export-day-limit"
    bad = [{"x": 1}, {"fields": "name"}, {"format": 7}]
    assert [rep.call("POST", path, body).status_code for body in bad] == [400] * 3
    assert rep.call("POST", path, {"format": "pdf"}).status_code == 422
    assert rep.call("POST", "o/nothing/export", {}).status_code == 404
    entries = limited.client("admin").items("audit?action=export")
    assert "a fair" in [entry["data"].get("reason") for entry in entries]


def test_the_screen_asks(limited: World) -> None:
    """Whoever forgot the reason is asked for it and goes on from there."""
    other = limited.client("other")
    for number in range(2):
        other.made("customer", name=f"D{number}")
    browser = limited.browser("other")
    token = re.search(r'csrf-token" content="([^"]+)"', browser.get("/").text)
    assert token is not None
    form = {"csrf_token": token[1], "format": "csv"}
    asked = browser.post("/o/customer/export?q=D", data=form)
    assert asked.status_code == 422 and 'name="reason"' in asked.text
    assert 'action="/o/customer/export?q=D"' in asked.text
    assert '<input type="hidden" name="format" value="csv">' in asked.text
    done = browser.post("/o/customer/export?q=D", data=form | {"reason": "stocktaking"})
    assert done.status_code == 200 and "D0" in done.text
