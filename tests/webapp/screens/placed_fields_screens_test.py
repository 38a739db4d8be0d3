"""Fields that are closed or have no place: what forms and pages make of the gate's rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from support.world import World, make_world

OBJECT = """
object: sample
label: {en: Sample, zh: 样本}
title: name
fields:
  name: {type: text, required: true}
  abroad: {type: boolean}
  country: {type: text, required_when: abroad, visible_when: abroad}
  serial: {type: text, set_once: true}
  signed: {type: boolean}
  price: {type: money, read_only_when: signed}
"""
ROLE = """
role: administrator
grants:
  sample: {create: true, read: all, update: all, delete: all, fields: {"*": write}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The shipped system with an object that has such fields."""
    folder = tmp_path_factory.mktemp("placed")
    for path, text in (("objects/sample.yaml", OBJECT), ("roles/administrator.yaml", ROLE)):
        (folder / "layer" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "layer" / path).write_text(dedent(text), encoding="utf-8")
    made = make_world(f"sqlite:///{folder / 'formwright.db'}", folder / "layer")
    yield made
    made.site.close()


@pytest.fixture(scope="module")
def browser(world: World) -> FlaskClient:
    return world.browser("admin")


def post(browser: FlaskClient, address: str, **form: str) -> TestResponse:
    """Sends a form as a script does."""
    token = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/").text)
    assert token is not None
    data = {"csrf_token": token[1], **form}
    return browser.post(address, data=data, headers={"Accept": "application/json"})


def hidden(page: str, name: str) -> bool:
    """Whether the form's part for the field is there and hidden."""
    found = re.search(rf'data-name="{name}"( hidden)?>', page)
    assert found is not None, name
    return found[1] is not None


def test_place(browser: FlaskClient) -> None:
    """A field without a place is hidden, in a new form, while one types, and when it is edited."""
    page = browser.get("/o/sample/new").text
    assert hidden(page, "country") and not hidden(page, "serial")
    answer = post(browser, "/o/sample/preview", name="a", abroad="true").get_json()
    assert answer["hidden"] == []
    assert post(browser, "/o/sample/preview", name="a").get_json()["hidden"] == ["country"]
    made = post(browser, "/o/sample/new", name="a", abroad="true", country="CN")
    address = made.get_json()["location"]
    assert not hidden(browser.get(f"{address}/edit").text, "country")
    assert "Country" in browser.get(address).text
    wrong = post(browser, f"{address}/edit", abroad="", country="DE")
    assert [p["code"] for p in wrong.get_json()["problems"]] == ["field-not-here"]
    assert wrong.get_json()["problems"][0]["message"] == "此记录不适用Country（请留空）"
    other = post(browser, "/o/sample/new", name="b").get_json()["location"]
    assert hidden(browser.get(f"{other}/edit").text, "country")
    assert "Country" not in browser.get(other).text


def test_closed(browser: FlaskClient) -> None:
    """A closed field is shown and cannot be entered; sent all the same, it is refused by name."""
    made = post(browser, "/o/sample/new", name="c", serial="S-1", price="5", signed="true")
    address = made.get_json()["location"]
    form = browser.get(f"{address}/edit").text
    for name in ("serial", "price"):
        assert f' name="{name}"' not in form
        assert f'data-shown="{name}"' in form
    page = browser.get(address).text
    assert f"{address}/value/name" in page or 'data-edit="name"' in page
    assert 'data-edit="price"' not in page
    wrong = post(browser, f"{address}/edit", price="6", serial="S-2")
    assert [p["code"] for p in wrong.get_json()["problems"]] == ["set-once", "field-closed"]
    opened = post(browser, f"{address}/edit", signed="")
    assert opened.status_code == 200
    assert ' name="price"' in browser.get(f"{address}/edit").text
