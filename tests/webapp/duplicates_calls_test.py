"""Duplicates through REST and on screens: warned, searched for, confirmed, merged."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from support.world import Client, World


@pytest.fixture
def name(world: World) -> str:
    """A company's name that no other test uses."""
    return f"Halcyon {'abcdefghij'[next(world.numbers) % 10]}{next(world.numbers)} Works"


def english(world: World, name: str) -> FlaskClient:
    """A browser in English."""
    client = world.browser(name)
    client.environ_base |= {"HTTP_ACCEPT_LANGUAGE": "en"}
    return client


def test_warning_names_candidates_and_how_to_confirm(rep: Client, name: str) -> None:
    """409 with the candidates; the same with `confirm_duplicates` is written."""
    first = rep.made("customer", name=f"{name} Ltd")
    response = rep.call("POST", "o/customer", {"name": f"{name}, Inc."})
    body = response.get_json()
    assert (response.status_code, body["code"]) == (409, "possible-duplicate")
    assert [one["id"] for one in body["candidates"]] == [first["id"]]
    assert body["confirm"] == {"confirm_duplicates": True}
    rep.made("customer", name=f"{name}, Inc.", confirm_duplicates=True)


def test_others_are_told_only_what_is_revealed(rep: Client, other: Client, name: str) -> None:
    """Somebody else's customer: owner and status, neither id nor name nor number."""
    made = rep.made("customer", name=f"{name} Ltd", phone="0755-8366 1200")
    for path in (f"o/customer/duplicates?name={name}", f"o/lead/duplicates?name={name}"):
        (one,) = other.items(path)
        assert (one["id"], one["title"], one["restricted"]) == (None, None, True)
        assert one["shown"] == {"Owner": "Rep", "Status": "Prospect"}
        assert one["similarity"] is None
        text = other.get(path).text
        assert made["number"] not in text and "Ltd" not in text
    (seen,) = rep.items(f"o/customer/duplicates?name={name} Co., Ltd.")
    assert (seen["id"], seen["similarity"]) == (made["id"], 100)
    assert rep.get("o/customer/duplicates?city=x").status_code == 400
    assert rep.get("o/region/duplicates?name=x").status_code == 422


def test_merge(world: World, boss: Client, rep: Client, name: str) -> None:
    """One record stays, its contacts are all there; the other one's address leads to it."""
    one = rep.made("customer", name=f"{name} A")
    two = rep.made("customer", name=f"{name} B", short_name="HW")
    contact = rep.made("contact", name=f"Ms {name}", customer=two["id"], email="a@example.com")
    rep.call("POST", f"o/customer/{two['id']}/comments", {"text": "called them"})
    call = f"o/customer/{one['id']}/merge"
    assert boss.call("POST", call, {"with": two["id"], "take": []}).status_code == 400
    response = boss.call("POST", call, {"with": two["id"], "take": {"name": "other"}})
    assert response.status_code == 200, response.text
    body = response.get_json()
    assert (body["id"], body["name"], body["short_name"]) == (one["id"], f"{name} B", "HW")
    assert rep.get(f"o/contact/{contact['id']}").get_json()["customer"]["id"] == one["id"]
    comments = rep.get(f"o/customer/{one['id']}/comments").get_json()["items"]
    assert [c["text"] for c in comments] == ["called them"]
    assert rep.get(f"o/customer/{two['id']}").status_code == 404
    led = world.browser("rep").get(f"/o/customer/{two['id']}")
    assert (led.status_code, led.location) == (302, f"/o/customer/{one['id']}?merged={two['id']}")
    # who comes to see the one that stayed, and never saw the other, does not learn of that
    other = {"person": world.people["other"]}
    assert rep.call("POST", f"o/customer/{one['id']}/shares", other).status_code == 201
    browser = world.browser("other")
    assert browser.get(f"/o/customer/{one['id']}").status_code == 200
    assert browser.get(f"/o/customer/{two['id']}").status_code == 404


def test_form_warns_and_saves_anyway(world: World, rep: Client, name: str) -> None:
    """The panel while typing, the refusal with its button, and the record saved with it."""
    made = rep.made("customer", name=f"{name} Ltd")
    browser = english(world, "rep")
    page = browser.get("/o/customer/new").text
    token = re.search('name="csrf_token" value="([^"]+)"', page)
    assert token is not None and 'data-duplicates="/o/customer/duplicates"' in page
    form = {"csrf_token": token[1], "name": f"{name} GmbH"}
    json = {"Accept": "application/json"}
    html = browser.post("/o/customer/duplicates", data=form, headers=json).get_json()["html"]
    assert f'href="/o/customer/{made["id"]}"' in html and "Save anyway" not in html
    refused = browser.post("/o/customer/new", data=form, headers=json)
    assert refused.status_code == 409 and "Save anyway" in refused.get_json()["duplicates"]
    plain = browser.post("/o/customer/new", data=form)
    assert plain.status_code == 422 and 'name="confirm_duplicates"' in plain.text
    saved = browser.post("/o/customer/new", data=form | {"confirm_duplicates": "true"})
    assert saved.status_code == 303
    own = browser.post(f"/o/customer/duplicates?own={made['id']}", data=form, headers=json)
    assert f"/o/customer/{made['id']}" not in own.get_json()["html"]


def test_merge_screen(world: World, rep: Client, name: str) -> None:
    """Both side by side, differing fields to choose from; merging leads to the one that stays."""
    one, two = rep.made("customer", name=f"{name} X"), rep.made("customer", name=f"{name} Y")
    browser = english(world, "boss")
    address = f"/o/customer/{one['id']}/merge"
    assert 'name="with"' in browser.get(address).text
    page = browser.get(f"{address}?with={two['number']}").text
    assert 'name="take.name" value="other"' in page and f"{name} Y" in page
    token = re.search('name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    form = {"csrf_token": token[1], "with": two["id"], "take.name": "other"}
    done = browser.post(address, data=form)
    assert done.location == f"/o/customer/{one['id']}?merged={two['id']}"
    assert f"#{two['id']} was merged" in browser.get(done.location).text


def test_openapi_tells_of_409(world: World) -> None:
    """Calls that write objects with match rules answer 409, and take a confirmation."""
    told = world.client("admin").get("_openapi").get_json()
    post = told["paths"]["/o/customer"]["post"]
    assert post["responses"]["409"] == {"$ref": "#/components/responses/duplicate"}
    assert "409" not in told["paths"]["/o/region"]["post"]["responses"]
    assert "409" in told["paths"]["/o/lead/{record}/convert/{conversion}"]["post"]["responses"]
    schemas = told["components"]["schemas"]
    assert schemas["customer"]["properties"]["confirm_duplicates"]["writeOnly"]
    assert {"candidates", "confirm"} <= schemas["Duplicate"]["properties"].keys()


def test_undone_on_the_screen(world: World, rep: Client, name: str) -> None:
    """The message of a merge offers to take it back; a record that is not merged says so."""
    one, two = rep.made("customer", name=f"{name} P"), rep.made("customer", name=f"{name} Q")
    browser = english(world, "boss")
    page = browser.get(f"/o/customer/{one['id']}/merge?with={two['id']}").text
    assert 'name="other_version" value="1"' in page
    token = re.search('name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    form = {"csrf_token": token[1], "with": two["id"], "other_version": "1"}
    rep.call("PATCH", f"o/customer/{two['id']}", {"short_name": "Q"})
    stale = browser.post(f"/o/customer/{one['id']}/merge", data=form)
    assert stale.status_code == 422
    done = browser.post(f"/o/customer/{one['id']}/merge", data=form | {"other_version": "2"})
    assert "/unmerge" in browser.get(done.location).text
    undo = {"csrf_token": token[1], "merged": two["id"]}
    assert "/work/" in browser.post(f"/o/customer/{one['id']}/unmerge", data=undo).location
    wrong = browser.post(f"/o/customer/{one['id']}/unmerge", data=undo | {"merged": one["id"]})
    assert wrong.status_code == 422
