"""Dialogs that were opened before a revision was published: values, transitions, many records."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from jobs.work import one
from support.live import Live, live_world
from support.outdated import LINES, SELLER, carried

REST = (
    SELLER
    + LINES
    + """
workflow: selling
object: deal
field: stage
stages: {open: {state: open}, won: {state: won}}
transitions: {win: {from: open, to: won, asks: [ASKED]}}
---
"""
)
BEFORE = """
object: deal
quick: [name, amount, memo]
fields:
  name: {type: text, required: true}
  stage: {type: stage, workflow: selling}
  amount: {type: integer, label: Sum}
  heat: {type: choice, options: {cold: Cold, hot: Hot}}
  memo: {type: text, label: Remark}
  lines: {type: lines, of: item}
"""
RENAMED = """
object: deal
quick: [name, value]
fields:
  name: {type: text, required: true}
  stage: {type: stage, workflow: selling}
  value: {type: integer, label: Value, was: amount}
  heat: {type: choice, options: {cold: Cold, glowing: {label: Glowing, was: hot}}}
  parts: {type: lines, of: item}
"""
ADDRESSES = {
    "value": "/o/deal/1/value/amount",
    "gone": "/o/deal/1/value/memo",
    "way": "/o/deal/1/do/win",
    "quick": "/o/deal/quick",
    "many": "/o/deal/change?_id=2",
    "form": "/o/deal/new",
}


class Dialogs:
    """Dialogs that somebody has open, and whose definitions have changed since."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.client = live.browser(live.account("seller"))
        for name in ("one", "two"):
            live.client("user1").made("deal", name=name)
        self.forms = {name: self.opened(address) for name, address in ADDRESSES.items()}
        live.publish(REST.replace("ASKED", "value") + RENAMED)
        assert live.site.refresh(wait=True)

    def opened(self, address: str) -> dict[str, str]:
        """What the form at the address carries."""
        text = self.client.get(address, headers={"X-Part": "1"}).text
        found = carried(text, "version")
        assert "_made_for" in found, address
        return found

    def send(self, form: str, address: str = "", /, **typed: str) -> Any:
        """Sends what was typed into a dialog, as its script does."""
        data, accept = self.forms[form] | typed, {"Accept": "application/json"}
        return self.client.post(address or ADDRESSES[form], data=data, headers=accept)

    def deal(self, id: int) -> dict[str, Any]:
        """What is kept of a deal now."""
        return dict(self.live.client("user1").get(f"o/deal/{id}").get_json())


@pytest.fixture(scope="module")
def dialogs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dialogs]:
    folder = tmp_path_factory.mktemp("dialogs")
    text = REST.replace("ASKED", "amount") + BEFORE
    with live_world(f"sqlite:///{folder}/site.db", folder, text) as live:
        yield Dialogs(live)


def test_one_value(dialogs: Dialogs) -> None:
    """It is saved in the field of today, by the address of before."""
    answer = dialogs.send("value", amount="12", **{"amount:was": ""})
    assert answer.status_code == 200, answer.text
    assert dialogs.deal(1)["value"] == 12


def test_a_value_whose_field_is_gone(dialogs: Dialogs) -> None:
    """It is told, with what was typed; nothing is said to be saved."""
    answer = dialogs.send("gone", memo="call back")
    assert answer.status_code == 409
    told = " ".join(one["message"] for one in answer.get_json()["problems"])
    assert "Remark is no longer part of the form. You had: call back" in told
    forms = {**dialogs.forms["gone"], "_made_for": answer.get_json()["mark"]}
    again = dialogs.client.post(
        ADDRESSES["gone"], data=forms, headers={"Accept": "application/json"}
    )
    assert again.status_code == 404


def test_a_transition(dialogs: Dialogs) -> None:
    """What it asks for goes by the keys; the way is taken."""
    form = dialogs.opened("/o/deal/1/do/win")
    dialogs.forms["way"]["version"] = form["version"]
    answer = dialogs.send("way", amount="30", **{"amount:was": "12"})
    assert answer.status_code == 200, answer.text
    assert (dialogs.deal(1)["stage"], dialogs.deal(1)["value"]) == ("won", 30)


def test_a_new_record_in_the_small_dialog(dialogs: Dialogs) -> None:
    """What has lost its place is told once; sent again by the names of today, it is saved."""
    typed = {":quick": "1", "name": "three", "amount": "3", "memo": "call back"}
    answer = dialogs.send("quick", "/o/deal/new", **typed)
    assert answer.status_code == 409
    told = answer.get_json()
    assert told["names"]["amount"] == "value" and told["names"]["memo"] == ""
    sent = {told["names"].get(name, name): value for name, value in typed.items() if name != "memo"}
    answer = dialogs.send("quick", "/o/deal/new", _made_for=told["mark"], **sent)
    assert answer.status_code == 200, answer.text
    assert dialogs.deal(int(answer.get_json()["location"].rpartition("/")[2]))["value"] == 3


def test_many_records(dialogs: Dialogs) -> None:
    """The field that they shall be given goes by its key, its option as well."""
    answer = dialogs.send("many", what="field.heat", heat="hot", start="1")
    assert answer.status_code == 200, answer.text
    number = int(answer.get_json()["location"].rpartition("/")[2])
    assert one(dialogs.live.site.gate(), SYSTEM, number).params["fields"] == {"heat": "glowing"}
    answer = dialogs.client.post(
        ADDRESSES["many"], data=dialogs.forms["many"] | {"what": "field.memo", "memo": "x"}
    )
    assert answer.status_code == 422 and "You had: x" in unescape(answer.text)


def test_lines_by_another_name(dialogs: Dialogs) -> None:
    """Lines have no column, but their link is the same: they are saved, and not told as lost."""
    typed = {"name": "four", "lines:lines:there": "1", "lines:lines": "0", "lines.0.what": "bolts"}
    answer = dialogs.send("form", **typed)
    assert answer.status_code == 200, answer.text
    made = dialogs.deal(int(answer.get_json()["location"].rpartition("/")[2]))
    assert [line["what"] for line in made["parts"]] == ["bolts"]
