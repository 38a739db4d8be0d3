"""What the leak test has found, once and for all: one small site, one test for each."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest

from engine.permissions.actors import SYSTEM
from leaks.asking import Asker, Counter
from leaks.worlds import Stage, staged
from support.small import PEOPLE, write_files

SITE = (
    PEOPLE
    + """
---
object: order
title: name
fields:
  name: {type: text, required: true}
  day: {type: date, restricted: true}
  code: {type: secret}
  paper: {type: file}
  parts: {type: lines, of: part}
---
object: part
fields:
  order: {type: link, to: order, required: true}
  what: {type: text}
  cost: {type: money, restricted: true}
---
object: tally
kind: view
from: order
group: {name: name}
fields:
  name: {value: name}
  orders: {value: count()}
---
role: own
grants:
  order: {read: own, update: all, export: own, fields: {"*": read, day: write}}
  part: {fields: {"*": read, cost: read}}
---
role: all
grants:
  order: {read: all, create: true, export: all, fields: {"*": write}}
  part: {fields: {"*": write}}
  tally: {read: all, fields: {"*": read}}
"""
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Somebody with both roles, and an order of somebody else."""
    folder = tmp_path_factory.mktemp("mended")
    layer = write_files(folder / "layer", SITE)
    with staged(folder, [layer], [("own", "all")]) as made:
        gate = made.site.current.gate
        values: dict[str, Any] = {
            "name": "Theirs", "day": "2026-01-02", "code": "6222 0000 1234", "owner": 2,
            "parts": [{"what": "gear", "cost": "777.77"}],
        }  # fmt: skip
        gate.create(SYSTEM, "order", [values])
        yield made


@pytest.fixture
def ask(stage: Stage) -> Asker:
    """The person."""
    return Asker(stage, "user0", Counter())


def test_history_of_lines_is_told_cell_by_cell(ask: Asker) -> None:
    """One role shows the cost of one's own lines, another all orders: never both at once."""
    assert "777" not in ask.api("o/order/1").body
    history = ask.api("o/order/1/history")
    assert history.ok and "gear" in history.body
    assert "777" not in history.body and "cost" not in history.body
    assert "777" not in ask.page("/o/order/1/timeline").body


def test_a_bulk_preview_does_not_say_what_one_has_guessed(ask: Asker) -> None:
    """Whoever may write a cell and not read it cannot find out its value by trying."""
    told = {
        ask.page("/o/order/change?list=all&_id=1", {"what": "field.day", "day": day}).body
        .partition("bulk-counts")[2].partition("</p>")[0]
        for day in ("2026-01-02", "2026-01-03")
    }  # fmt: skip
    assert len(told) == 1 and "1" in told.pop()


def test_secrets_and_files_in_workbooks(stage: Stage, ask: Asker) -> None:
    """A secret is its mask there, a file its name."""
    got = ask.browser.post(
        "/o/order/export?list=all", data={"csrf_token": ask.csrf, "format": "xlsx"}
    )
    assert got.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(got.data)).worksheets[0]
    assert "••••1234" in [cell.value for cell in next(sheet.iter_rows(min_row=2))]


@pytest.mark.parametrize(
    "address", ["/o/order?list=all&name.from=a", "/o/order?name.no=1", "/o/tally/98765"]
)
def test_unusable_addresses_are_answered(ask: Asker, address: str) -> None:
    """Ranges of what has no order, and rows that a view does not have."""
    assert 400 <= ask.page(address).status < 500


def test_a_new_form_gives_out_no_ids_of_lines(stage: Stage, ask: Asker) -> None:
    """The lines of a copy are not there yet; their ids would count everybody's lines."""
    page = ask.page("/o/order/new?copy=1")
    assert page.ok and "gear" in page.body
    assert 'name="parts.0.id"' not in page.body
