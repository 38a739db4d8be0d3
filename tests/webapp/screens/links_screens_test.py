"""Many links on the screens: chips in forms, cells of lists, filters, bulk change, related tabs."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from engine.permissions.actors import SYSTEM
from exchange.bulk import BulkRequest, preview_bulk
from exchange.exporting import ExportOrder, export_records
from support.world import World, make_world
from webapp.screens.picking import picked_input

FILES = {
    "objects/rival.yaml": """
        object: rival
        label: {en: Rival, zh: 竞争对手}
        plural: {en: Rivals, zh: 竞争对手}
        owned: false
        title: name
        fields:
          name: {type: text, required: true}
          deals: {type: related, of: deal, by: rivals, label: Deals}
    """,
    "objects/deal.yaml": """
        object: deal
        label: {en: Deal, zh: 交易}
        owned: false
        title: name
        fields:
          name: {type: text, required: true}
          rivals: {type: links, to: rival, label: Rivals, where: name != deal.name}
          rounds: {type: lines, of: round, label: Rounds}
        views:
          all: {label: All, columns: [name, rivals]}
    """,
    "objects/round.yaml": """
        object: round
        label: {en: Round, zh: 轮次}
        owned: false
        title: name
        fields:
          deal: {type: link, to: deal, on_delete: cascade}
          name: {type: text}
          against: {type: links, to: rival, label: Against}
    """,
    "roles/administrator.yaml": """
        role: administrator
        grants:
          round: {fields: {"*": write}}
          rival: {create: true, read: all, update: all, delete: all, fields: {"*": write}}
          deal: {create: true, read: all, update: all, delete: all, export: all, import: true,
                 fields: {"*": write}}
    """,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The shipped system with deals and rivals."""
    folder = tmp_path_factory.mktemp("links")
    for path, text in FILES.items():
        (folder / "layer" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "layer" / path).write_text(dedent(text), encoding="utf-8")
    made = make_world(f"sqlite:///{folder / 'formwright.db'}", folder / "layer")
    yield made
    made.site.close()


@pytest.fixture(scope="module")
def browser(world: World) -> FlaskClient:
    return world.browser("admin")


@pytest.fixture(scope="module")
def rivals(world: World) -> dict[str, int]:
    """Three of them, one with a name that does not go into a list of names."""
    client = world.client("admin")
    return {
        name: client.made("rival", name=name)["id"] for name in ("Xu", "Yang & <b>", "Zhao; Zhou")
    }


def post(browser: FlaskClient, address: str, **form: Any) -> Any:
    """Sends a form as a browser without script does."""
    token = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/").text)
    assert token is not None
    return browser.post(address, data={"csrf_token": token[1], **form})


def made(browser: FlaskClient, name: str, *ids: int, more: str = "") -> str:
    """A new deal from the form; its address."""
    answer = post(
        browser,
        "/o/deal/new",
        name=name,
        rivals=list(ids),
        **{"rivals:more": more, "rivals:there": "1"},
    )
    assert answer.status_code == 303, answer.text[:3000]
    return str(answer.headers["Location"])


def test_form_page_and_list(browser: FlaskClient, world: World, rivals: dict[str, int]) -> None:
    """Chosen chips and typed names become one list, which page, list and form show."""
    form = browser.get("/o/deal/new").text
    assert 'data-many="rivals"' in form and 'data-needs="name"' in form
    address = made(browser, "One", rivals["Yang & <b>"], more="xu")
    pieces = [f'href="/o/rival/{id}"' for id in list(rivals.values())[:2]]
    for place in (address, "/o/deal"):
        page = browser.get(place).text
        assert all(piece in page for piece in pieces), place
        assert "Yang &amp; &lt;b&gt;" in page and "Yang & <b>" not in page
    edit = browser.get(f"{address}/edit").text
    assert f'name="rivals" value="{rivals["Xu"]}" checked' in edit
    version = re.search(r'name="version" value="(\d+)"', edit)
    assert version is not None
    order = re.findall(r'name="rivals" value="(\d+)"', edit)
    same = {"rivals": order, "rivals:there": "1", "rivals:more": "", "name": "One"}
    post(browser, f"{address}/edit", version=version[1], **same)
    assert 'name="version" value="1"' in browser.get(f"{address}/edit").text
    post(browser, f"{address}/edit", version=version[1], **same | {"rivals": order[:1]})
    record = world.client("admin").get(address.replace("/o/", "o/")).get_json()
    assert (record["version"], [str(one["id"]) for one in record["rivals"]]) == (2, order[:1])


def test_refused_input_stays(browser: FlaskClient, rivals: dict[str, int]) -> None:
    """What was typed and chosen is there again beside the problem."""
    answer = post(
        browser, "/o/deal/new", name="Two", rivals=[rivals["Xu"]],
        **{"rivals:more": "Nobody", "rivals:there": "1"},
    )  # fmt: skip
    assert answer.status_code == 422 and "Nobody" in answer.text
    assert f'value="{rivals["Xu"]}" checked' in answer.text


def test_filter_related_and_lookup(browser: FlaskClient, rivals: dict[str, int]) -> None:
    """A list is filtered by one of the records; that record's page shows who names it."""
    address = made(browser, "Three", rivals["Zhao; Zhou"])
    listed = browser.get(f"/o/deal?rivals={rivals['Zhao; Zhou']}").text
    assert f'href="{address}"' in listed and "One" not in listed
    assert f'href="{address}"' not in browser.get(f"/o/deal?rivals={rivals['Xu']}").text
    assert f'href="{address}"' not in browser.get("/o/deal?rivals.empty=1").text
    page = browser.get(f"/o/rival/{rivals['Zhao; Zhou']}").text
    assert f'href="{address}"' in page
    found = browser.get("/o/rival/lookup?q=xu&for=deal.rivals&of.name=Xu").get_json()["items"]
    assert found == []
    assert browser.get("/o/rival/lookup?q=xu&for=deal.rivals&of.name=a").get_json()["items"]


def test_one_field_and_history(browser: FlaskClient, rivals: dict[str, int]) -> None:
    """The fact is edited in place; the timeline tells both lists by their titles."""
    address = made(browser, "Four", rivals["Xu"])
    part = browser.get(f"{address}/value/rivals").text
    assert 'data-many="rivals"' in part
    typed = {"rivals": [rivals["Zhao; Zhou"]], "rivals:there": "1", "rivals:more": ""}
    assert post(browser, f"{address}/value/rivals", version="1", **typed).status_code < 400
    page = browser.get(address).text
    assert "Xu</a>" in page and "Zhao; Zhou</a>" in page


def test_bulk_modes(browser: FlaskClient, world: World, rivals: dict[str, int]) -> None:
    """Lists of many records gain and lose records."""
    address = made(browser, "Five", rivals["Xu"])
    change = f"/o/deal/change?_id={address.rsplit('/', 1)[1]}"
    assert 'name="rivals:mode"' in browser.get(f"{change}&_what=field.rivals").text
    for mode, name, left in (("add", "Zhao; Zhou", 2), ("remove", "Xu", 1), ("set", "Xu", 1)):
        typed = MultiDict({"rivals": str(rivals[name]), "rivals:mode": mode})
        gate, id = world.site.current.gate, int(address.rsplit("/", 1)[1])
        values = {"rivals": picked_input(typed, "rivals")}
        request = BulkRequest(object="deal", ids=(id,), fields=values)
        assert preview_bulk(gate, SYSTEM, request).counts.get("rejected", 0) == 0
        gate.update(SYSTEM, "deal", id, values)
        record = world.site.current.reader.one(SYSTEM, "deal", id)
        assert len(record.values["rivals"]) == left, mode


def test_export_and_import(browser: FlaskClient, world: World, rivals: dict[str, int]) -> None:
    """A file names the records with semicolons between, and comes back without a change."""
    made(browser, "Six", rivals["Xu"], rivals["Zhao; Zhou"])
    out = io.BytesIO()
    order = ExportOrder(object="deal", where='name == "Six"', format="csv")
    export_records(world.site.current.reader, SYSTEM, order, out)
    text = out.getvalue().decode("utf-8-sig")
    assert f"{rivals['Xu']}; {rivals['Zhao; Zhou']}" in text


def test_rest(world: World, rivals: dict[str, int]) -> None:
    """REST takes ids, titles and moves; it filters, describes and documents the field."""
    client = world.client("admin")
    xu, zhao = rivals["Xu"], rivals["Zhao; Zhou"]
    record = client.made("deal", name="Seven", rivals=[xu])
    assert record["rivals"] == [{"id": xu, "title": "Xu"}]
    address = f"o/deal/{record['id']}"
    moved = client.call("PATCH", address, body={"rivals": {"add": [zhao], "remove": ["Xu"]}})
    assert [one["id"] for one in moved.get_json()["rivals"]] == [zhao]
    found = client.call("GET", f"o/deal?rivals={zhao}&fields=name,rivals").get_json()["items"]
    assert record["id"] in [one["id"] for one in found] and "rivals" in found[0]
    history = client.call("GET", f"{address}/history").get_json()["items"]
    changed = history[0]["fields"]["rivals"]
    assert changed["before"] == [{"id": xu, "title": "Xu"}]
    described = client.call("GET", "definitions/deal").get_json()
    shown = described["fields"]["rivals"]
    assert shown["type"] == "links" and shown["to"] == "rival"


def test_in_lines(browser: FlaskClient, world: World, rivals: dict[str, int]) -> None:
    """A line's list is chosen in the grid, shown on the page, and stays when it is not touched."""
    xu, zhao = rivals["Xu"], rivals["Zhao; Zhou"]
    assert 'data-many="rounds.NEW.against"' in browser.get("/o/deal/new").text
    lines = {"rounds:lines": ["0"], "rounds:lines:there": "1", "rounds.0.name": "First"}
    chosen = {"rounds.0.against": [zhao], "rounds.0.against:there": "1"}
    more = {"rounds.0.against:more": "xu"}
    answer = post(browser, "/o/deal/new", name="Eight", **lines, **chosen, **more)
    assert answer.status_code == 303, answer.text[:3000]
    address = answer.headers["Location"]
    page = browser.get(address).text
    assert "Xu</a>" in page and "Zhao; Zhou</a>" in page
    edit = browser.get(f"{address}/edit").text
    assert f'name="rounds.0.against" value="{zhao}" checked' in edit
    (id,) = re.findall(r'name="rounds.0.id" value="(\d+)"', edit)
    same = {"version": "1", "name": "Eight", "rounds.0.id": id} | lines
    kept = {"rounds.0.against": [zhao, xu], "rounds.0.against:there": "1"}
    post(browser, f"{address}/edit", **same, **kept)
    client = world.client("admin")
    call = str(address).replace("/o/", "o/")
    assert client.get(call).get_json()["version"] == 1
    post(browser, f"{address}/edit", **same, **kept | {"rounds.0.against": [zhao]})
    record = client.get(call).get_json()
    assert record["rounds"][0]["against"] == [{"id": zhao, "title": "Zhao; Zhou"}]
    sent = [{"id": int(id), "against": {"add": [xu]}}]
    changed = client.call("PATCH", call, body={"rounds": sent}).get_json()
    assert len(changed["rounds"][0]["against"]) == 2
    assert "Xu" in browser.get(address).text
    history = client.call("GET", f"{call}/history").get_json()["items"]
    (line,) = history[0]["lines"]["rounds"]
    assert line["fields"]["against"]["before"] == [{"id": zhao, "title": "Zhao; Zhou"}]
