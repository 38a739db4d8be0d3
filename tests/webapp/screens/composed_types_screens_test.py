"""Addresses, durations, telephone numbers, series and QR codes on forms, lists and pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent

import pytest
from flask.testing import FlaskClient

from support.world import World, make_world

OBJECT = """
object: sample
label: {en: Sample, zh: 样本}
title: name
fields:
  name: {type: text, required: true}
  notes: {type: long_text}
  home: {type: address, country: true, label: {en: Home, zh: 住址}}
  took: {type: duration}
  phone: {type: phone}
  who: {type: person}
  ticket: {type: series, pattern: "T{seq}"}
  code: {type: qr, of: '"https://example.com/" + name'}
views:
  all: {label: All, columns: [name, home, took, phone, ticket]}
"""
ROLE = """
role: administrator
grants:
  sample: {create: true, read: all, update: all, delete: all, fields: {"*": write}}
"""
TYPED = {
    "name": "One", "notes": "a\nb", "home_province": "广东省", "home_city": "深圳市",
    "home_street": "科技园路1号", "took": "90分钟", "phone": "0755-8888 6666转8",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The shipped system with an object that has them all."""
    folder = tmp_path_factory.mktemp("composed")
    for path, text in (("objects/sample.yaml", OBJECT), ("roles/administrator.yaml", ROLE)):
        (folder / "layer" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "layer" / path).write_text(dedent(text), encoding="utf-8")
    made = make_world(f"sqlite:///{folder / 'formwright.db'}", folder / "layer")
    yield made
    made.site.close()


@pytest.fixture(scope="module")
def browser(world: World) -> FlaskClient:
    return world.browser("admin")


def post(browser: FlaskClient, address: str, **form: str) -> tuple[int, str]:
    """Sends a form as a browser without script does; its status, and where it leads or says."""
    token = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/").text)
    assert token is not None
    response = browser.post(address, data={"csrf_token": token[1], **form})
    return response.status_code, str(response.headers.get("Location") or response.text)


def test_form_page_and_list(browser: FlaskClient) -> None:
    """The parts stand in one group; the page and the list show one line; the form what was kept."""
    form = browser.get("/o/sample/new").text
    assert '<fieldset class="field parts" data-name="home">' in form
    assert form.count(' name="home_city"') == 1 and ' name="home"' not in form
    assert 'list="home_province-offers"' in form and '<option value="广东省">' in form
    assert ' name="ticket"' not in form and ' name="code"' not in form
    status, address = post(browser, "/o/sample/new", **TYPED)
    assert status == 303, address
    for place in (address, "/o/sample"):
        page = browser.get(place).text
        assert "广东省深圳市科技园路1号" in page
        assert '<a href="tel:+8675588886666;ext=8">0755 8888 6666' in page
        assert re.search("1 h 30 min|1小时30分", page) and re.search(r">T\d+<", page)
    page = browser.get(address).text
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in page
    assert "<title>https://example.com/One</title>" in page
    edited = browser.get(f"{address}/edit").text
    assert 'value="0755 8888 6666' in edited and 'value="深圳市"' in edited


def test_changing_in_place(browser: FlaskClient) -> None:
    """The whole is edited by its parts; what was not touched stays."""
    _, address = post(browser, "/o/sample/new", **TYPED)
    controls = browser.get(f"{address}/value/home").text
    assert controls.count("<input") == 9 and "home_country" in controls
    version = re.search(r'name="version" value="(\d+)"', controls)
    assert version is not None
    status, _ = post(
        browser, f"{address}/value/home", version=version[1], home_city="东莞市",
        home_province="广东省", home_street="科技园路1号",
    )  # fmt: skip
    assert status in (200, 303)
    assert "广东省东莞市科技园路1号" in browser.get(address).text


def test_problems_stand_at_the_part(browser: FlaskClient) -> None:
    """Each beside its own control, and what was typed is still there."""
    status, text = post(browser, "/o/sample/new", **TYPED | {"home_postcode": "?", "took": "90"})
    assert status == 422
    assert 'value="?"' in text and 'value="90"' in text
    note = re.search(r'id="home_postcode-note"><p class="problem">', text)
    assert note is not None
