"""Forms, lists and addresses that were opened before a revision was published."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from support.live import Live, live_world
from support.outdated import LINES, SELLER, carried

BEFORE = """
object: deal
fields:
  name: {type: text, required: true}
  amount: {type: integer, label: Sum}
  heat: {type: choice, options: {cold: Cold, hot: Hot}}
  memo: {type: text, label: Remark}
  lines: {type: lines, of: item}
"""
RENAMED = """
object: deal
fields:
  name: {type: text, required: true}
  value: {type: integer, label: Value, was: amount}
  heat: {type: choice, options: {cold: Cold, glowing: {label: Glowing, was: hot}}}
  memo: {type: text, label: Remark}
  lines: {type: lines, of: item}
"""
LINES_RENAMED = LINES.replace("what:", "thing:").replace("{type: text}", "{type: text, was: what}")
WITHOUT = BEFORE.replace("  memo: {type: text, label: Remark}\n", "")
NEEDS_MORE = BEFORE + "  reason: {type: text, required: true, label: Reason}\n"
OBJECT_RENAMED = BEFORE.replace("object: deal", "object: chance\nwas: deal")


class Browser:
    """Somebody with the form open."""

    def __init__(self, live: Live) -> None:
        name = live.account("seller")
        self.client: FlaskClient = live.browser(name)
        self.live = live

    def opened(self, address: str) -> dict[str, str]:
        """What the form at the address carries."""
        return carried(self.client.get(address).text)

    def send(self, address: str, form: dict[str, Any], *, script: bool = True) -> Any:
        """Sends the form, as the script does or as a plain form."""
        accept = "application/json" if script else "text/html"
        return self.client.post(address, data=form, headers={"Accept": accept})

    def publish(self, text: str) -> None:
        """Publishes, and this process has taken it."""
        self.live.publish(text)
        assert self.live.site.refresh(wait=True)


@pytest.fixture
def at(tmp_path: Path, sqlite_url: str) -> Iterator[Browser]:
    with live_world(sqlite_url, tmp_path, SELLER + LINES + BEFORE) as live:
        yield Browser(live)


def test_what_was_typed_follows_a_rename(at: Browser) -> None:
    """Fields, fields of lines and options go by their keys; the form is saved as it is."""
    form = at.opened("/o/deal/new")
    form |= {"name": "A", "amount": "12", "heat": "hot", "lines:lines:there": "1"}
    form |= {"lines:lines": "0", "lines.0.what": "bolts"}
    at.publish(LINES_RENAMED + RENAMED)
    answer = at.send("/o/deal/new", form)
    assert answer.status_code == 200, answer.text
    made = at.live.client("user1").get("o/deal/1").get_json()
    assert (made["name"], made["value"], made["heat"]) == ("A", 12, "glowing")
    assert made["lines"][0]["thing"] == "bolts"


def test_what_is_gone_is_told(at: Browser) -> None:
    """Nothing is saved; the form comes again with the rest in it, and says what it has lost."""
    form = at.opened("/o/deal/new") | {"name": "A", "amount": "12", "memo": "call back"}
    at.publish(LINES + WITHOUT)
    answer = at.send("/o/deal/new", form)
    assert (answer.status_code, answer.get_json()["again"]) == (409, True)
    page = at.send("/o/deal/new", form, script=False)
    assert page.status_code == 409
    text = unescape(page.text)
    assert "Remark is no longer part of the form. You had: call back" in text
    assert 'value="A"' in text and 'value="12"' in text
    again = carried(page.text)
    saved = at.send("/o/deal/new", again | {"name": "A", "amount": "12"})
    assert saved.status_code == 200, saved.text


def test_an_empty_field_may_go(at: Browser) -> None:
    """Where nothing was typed nothing is lost."""
    form = at.opened("/o/deal/new") | {"name": "A", "memo": ""}
    at.publish(LINES + WITHOUT)
    assert at.send("/o/deal/new", form).status_code == 200


def test_a_new_field_that_is_required(at: Browser) -> None:
    """A script is told to have the form drawn anew; there the new field stands with its problem."""
    form = at.opened("/o/deal/new") | {"name": "Typed", "amount": "7"}
    at.publish(LINES + NEEDS_MORE)
    answer = at.send("/o/deal/new", form)
    assert (answer.status_code, answer.get_json()["again"]) == (422, True)
    text = unescape(at.send("/o/deal/new", form, script=False).text)
    assert "The form has changed" in text and 'name="reason"' in text
    assert 'value="Typed"' in text and 'value="7"' in text


def test_the_open_form_learns_of_it(at: Browser) -> None:
    """The next preview says so, quietly; and the form is drawn anew on request, unsaved."""
    form = at.opened("/o/deal/new") | {"name": "A", "amount": "3"}
    assert "changed" not in at.send("/o/deal/preview", form).get_json()
    at.publish(LINES + RENAMED)
    told = at.send("/o/deal/preview", form).get_json()
    assert "what you typed is kept" in told["changed"]
    text = unescape(at.send("/o/deal/new", form | {"_again": "1"}, script=False).text)
    assert 'name="value"' in text and 'value="3"' in text
    assert at.live.client("user1").items("o/deal") == []


def test_another_object_is_none_of_its_business(at: Browser) -> None:
    """A form whose own definitions are the same is saved without a word."""
    form = at.opened("/o/deal/new") | {"name": "A"}
    at.publish(LINES + BEFORE + "---\nobject: other\nfields: {name: {type: text}}\n")
    assert "changed" not in at.send("/o/deal/preview", form).get_json()
    assert at.send("/o/deal/new", form).status_code == 200


def test_a_mark_that_nobody_made(at: Browser) -> None:
    """A forged mark is none."""
    form = at.opened("/o/deal/new") | {"name": "A", "heat": "cold"}
    form["_made_for"] = form["_made_for"].replace("name=name", "heat=name")
    at.publish(LINES + RENAMED)
    assert at.send("/o/deal/new", form).status_code == 200
    assert at.live.client("user1").get("o/deal/1").get_json()["name"] == "A"


def test_lists_that_were_opened_before(at: Browser) -> None:
    """Filters and order by former names lead to the present ones; the object's name as well."""
    at.publish(LINES + RENAMED)
    moved = at.client.get("/o/deal?amount.from=3&sort=-amount&_page=x")
    assert moved.status_code == 308
    assert moved.headers["Location"] == "/o/deal?value.from=3&sort=-value&_page=x"
    assert at.client.get("/o/deal?value.from=3").status_code == 200
    lines = LINES_RENAMED.replace("to: deal", "to: chance")
    text = (at.live.layer / "roles" / "seller.yaml").read_text().replace("  deal:", "  chance:")
    (at.live.layer / "objects" / "deal.yaml").unlink()
    at.publish(f"{text}---\n{lines}{OBJECT_RENAMED}")
    moved = at.client.get("/o/deal/7?sort=name")
    assert (moved.status_code, moved.headers["Location"]) == (308, "/o/chance/7?sort=name")
    assert at.client.get("/o/nothing").status_code == 404


def test_a_page_of_a_list_that_was_opened_before(at: Browser) -> None:
    """Its way on leads to the same rows, by the names of today; where the list has another order
    by now, to its beginning."""
    client = at.live.client("user1")
    for number in range(1, 31):
        client.made("deal", name=f"deal {number:02}", amount=number)
    text = at.client.get("/o/deal?sort=-amount").text
    (onwards,) = {
        unescape(found) for found in re.findall(r'href="(/o/deal\?[^"]*after=[^"]*)"', text)
    }
    at.publish(LINES + RENAMED)
    moved = at.client.get(onwards)
    assert moved.status_code == 308 and "sort=-value" in moved.headers["Location"]
    page = at.client.get(moved.headers["Location"])
    assert page.status_code == 200
    assert re.findall(r"deal \d\d", page.text)[0] == "deal 05"
    cursor = onwards.partition("after=")[2].partition("&")[0]
    other = at.client.get(f"/o/deal?sort=value&after={cursor}x")
    assert (other.status_code, other.headers["Location"]) == (302, "/o/deal?sort=value")
