"""Files of the browser layer: written, checked at their lines, never lost, never by others."""

from __future__ import annotations

from typing import Any

import pytest

from support.markup import checked
from support.world import World
from webapp.studio.registering import ROUTES

ONE = pytest.mark.parametrize("world", ["sqlite"], indirect=True)
"""What one kind of database tells as well as the other."""
LEAD = "objects/lead.yaml"
GOOD = "object: lead\nfields:\n  hat: {type: text, label: {en: Hat, zh: 帽子}}\n"
BAD = "object: lead\nfields:\n  hat: {typ: text, label: {en: Hat, zh: 帽子}}\n"


@ONE
def test_problems_at_their_lines(admin: Any) -> None:
    """As one types and when one saves; a draft with problems is kept, and cannot be planned."""
    told = admin.post(f"/studio/check/{LEAD}", text=BAD).get_json()["problems"]
    assert {(one["line"], one["here"]) for one in told} >= {(3, True)}
    assert any("'typ'" in one["text"] for one in told)
    saved = admin.save(LEAD, BAD)
    assert saved["version"] == 1 and saved["problems"][0]["line"] == 3
    plan = admin.text("/studio/plan", 422)
    assert "There is no plan yet" in plan and f"/studio/files/{LEAD}?line=3" in plan
    assert "The draft has problems" in admin.text("/studio/")
    assert "没有" in admin.text_in("zh", f"/studio/files/{LEAD}")


def test_stale(admin: Any) -> None:
    """A save from an older version is told with what is there now; nothing typed is lost."""
    admin.save(LEAD, GOOD)
    theirs = GOOD.replace("Hat", "Cap")
    admin.save(LEAD, theirs, 1)
    mine = GOOD.replace("Hat", "Helmet")
    answer = admin.post(f"/studio/files/{LEAD}", do="save", text=mine, version=1)
    assert answer.status_code == 409
    told = answer.get_json()["stale"]
    assert (told["text"], told["version"], told["who"]) == (theirs, 2, "Admin")
    form = admin.post(f"/studio/files/{LEAD}", script=False, do="save", text=mine, version=1)
    assert form.status_code == 409 and "Helmet" in form.text and "Cap" in form.text
    assert 'name="version" value="2"' in form.text
    assert admin.save(LEAD, mine, 2)["version"] == 3


def test_discarded(admin: Any) -> None:
    """One file goes back to what is in force, or all do, after it was asked."""
    admin.save(LEAD, GOOD)
    admin.save("objects/contact.yaml", GOOD.replace("lead", "contact"))
    asked = admin.text("/studio/discard")
    assert "Discard the draft?" in asked and LEAD in asked
    answer = admin.post(f"/studio/files/{LEAD}", do="discard", version=1)
    assert answer.get_json()["location"] == "/studio/definitions/object/lead"
    assert "browser:" not in admin.text("/studio/definitions/object/lead")
    assert admin.post("/studio/discard", script=False).headers["Location"] == "/studio/"
    assert "Nothing is drafted" in admin.text("/studio/")


@ONE
def test_unusable(admin: Any) -> None:
    """Paths that are no definition's, texts that none can hold, names that are none."""
    for path in (
        "objects/../x.yaml", "nowhere/x.yaml", "x.yaml", "etc/passwd", "objects/Bad.yaml",
        "objects/a/b.yaml", "objects/x.txt", "objects/x.yaml/", "scenarios/../a.yaml",
    ):  # fmt: skip
        assert admin.get(f"/studio/files/{path}").status_code == 404, path
        answer = admin.post(f"/studio/files/{path}", do="save", text=GOOD)
        assert answer.status_code in (404, 405), path
    assert admin.post(f"/studio/files/{LEAD}", do="save", text="  ").status_code == 422
    assert admin.post(f"/studio/files/{LEAD}", do="save", text="a: \0").status_code == 400
    assert admin.get("/studio/new?kind=object&name=Not a name").status_code == 422
    began = admin.get("/studio/new?kind=approval&name=large_deals").headers["Location"]
    assert began == "/studio/files/workflows/large_deals.yaml?kind=approval"
    assert "approval: large_deals" in admin.text(began)
    for address in ("definitions/object/nothing", "definitions/x/y", "publishing/99999999"):
        assert admin.get(f"/studio/{address}").status_code == 404, address
    assert admin.get("/studio/revisions/999").status_code in (404, 422)


@ONE
def test_pages(admin: Any) -> None:
    """Every page is well-formed, with and without a draft; the Chinese ones are Chinese."""
    admin.save(LEAD, GOOD)
    for address in (
        "/studio/definitions?q=lead", "/studio/definitions?q=nothing-is-called-so",
        "/studio/definitions/site/site", "/studio/definitions/role/finance", "/studio/discard",
        "/studio/files/site.yaml", "/studio/files/scenarios/one.yaml", "/studio/revisions/1",
    ):  # fmt: skip
        checked(admin.text(address))
    for address, said in (
        ("/studio/", "检查并发布"), ("/studio/definitions", "来源层"), ("/studio/plan", "执行步骤"),
        (f"/studio/files/{LEAD}", "没有问题"),
    ):  # fmt: skip
        html = admin.text_in("zh", address)
        checked(html)
        assert said in html
    merged = admin.text_in("zh", "/studio/definitions/object/lead")
    checked(merged)
    assert f"browser:{LEAD}:3" in merged and "config/objects/lead.yaml:" in merged


@ONE
def test_for_administrators(world: World) -> None:
    """Others are refused at every address, have no entry in the side bar, and need a token."""
    rep = world.browser("rep")
    assert 'href="/studio/"' not in rep.get("/").text
    assert 'href="/studio/"' in world.browser("admin").get("/").text
    values = {"<path:path>": LEAD, "<kind>": "object", "<name>": "lead", "<int:number>": "1",
              "<int:id>": "1"}  # fmt: skip
    token = rep.get("/").text.partition('name="csrf-token" content="')[2].partition('"')[0]
    for method, address, _ in ROUTES:
        for rule, value in values.items():
            address = address.replace(rule, value)
        sent = {"csrf_token": token} if method == "POST" else None
        assert rep.open(address, method=method, data=sent).status_code == 403, address
        if method == "POST":
            assert world.browser("admin").post(address).status_code == 400, address
    assert world.app.test_client().get("/studio/").status_code == 302
