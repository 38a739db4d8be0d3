"""Field types that hold one plain value, on forms, lists and pages."""

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
  notes: {type: markdown}
  script: {type: code}
  settings: {type: json}
  colour: {type: colour}
  opens: {type: time}
  stars: {type: rating}
  done: {type: progress}
views:
  all: {label: All, columns: [name, notes, script, settings, colour, opens, stars, done]}
"""
ROLE = """
role: administrator
grants:
  sample: {create: true, read: all, update: all, delete: all, fields: {"*": write}}
"""
TYPED = {
    "name": "One", "notes": "**bold** <script>x</script>", "script": "if a:\n    b",
    "settings": '{"a": [1, "<b>"]}', "colour": "#ABC", "opens": "08:30", "stars": "4", "done": "75",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The shipped system with an object that has them all."""
    folder = tmp_path_factory.mktemp("plain")
    for path, text in (("objects/sample.yaml", OBJECT), ("roles/administrator.yaml", ROLE)):
        (folder / "layer" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "layer" / path).write_text(dedent(text), encoding="utf-8")
    made = make_world(f"sqlite:///{folder / 'formwright.db'}", folder / "layer")
    yield made
    made.site.close()


@pytest.fixture(scope="module")
def browser(world: World) -> FlaskClient:
    return world.browser("admin")


def post(browser: FlaskClient, address: str, **form: str) -> str:
    """Sends a form as a browser without script does; returns where it leads."""
    token = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/").text)
    assert token is not None
    response = browser.post(address, data={"csrf_token": token[1], **form})
    assert response.status_code == 303, response.text[:3000]
    return str(response.headers["Location"])


def test_form_page_and_list(browser: FlaskClient) -> None:
    """What was typed is shown in its form: markup, stars, a bar, a swatch; nothing as script."""
    form = browser.get("/o/sample/new").text
    for piece in (
        '<option value="4">★★★★☆</option>', 'type="time"', 'spellcheck="false"',
        'placeholder="#1f6feb"',
    ):  # fmt: skip
        assert piece in form, piece
    address = post(browser, "/o/sample/new", **TYPED)
    for place in (address, "/o/sample"):
        page = browser.get(place).text
        for piece in (
            "<strong>bold</strong> &lt;script&gt;x&lt;/script&gt;", "if a:\n    b",
            "{&#34;a&#34;: [1, &#34;&lt;b&gt;&#34;]}", 'fill="#aabbcc"', "08:30", "★★★★☆",
            '<progress max="1" value="0.75"></progress>75',
        ):  # fmt: skip
            assert piece in page, (place, piece)
        assert "<script>x" not in page


def test_unchanged(browser: FlaskClient, world: World) -> None:
    """A form that is sent as it was drawn changes nothing."""
    address = post(browser, "/o/sample/new", **TYPED)
    form = browser.get(f"{address}/edit").text
    assert '<option value="4" selected>' in form and 'value="#aabbcc"' in form
    version = re.search(r'name="version" value="(\d+)"', form)
    assert version is not None
    typed = TYPED | {"colour": "#aabbcc", "version": version[1]}
    post(browser, f"{address}/edit", **typed)
    id = int(address.rsplit("/", 1)[1])
    client = world.client("admin")
    record = client.call("GET", f"o/sample/{id}").get_json()
    assert (record["version"], record["settings"]) == (1, {"a": [1, "<b>"]})
    filtered = client.call("GET", "o/sample?where=stars>=4&sort=-opens,done&count=exact").get_json()
    assert filtered["count"]["value"] >= 1
