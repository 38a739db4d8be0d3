"""`/audit` and `GET audit`: for those with the right; filters, pages, and nothing unreadable."""

from __future__ import annotations

import sqlalchemy as sa

from engine.records.auditing import digests
from support.world import World


def test_for_those_with_the_right(world: World) -> None:
    """Others are refused, on the screen and by the API, and have no entry in the side bar."""
    assert world.client("rep").get("audit").status_code == 403
    browser = world.browser("rep")
    assert browser.get("/audit").status_code == 403
    assert 'href="/audit"' not in browser.get("/").text
    assert 'href="/audit"' in world.browser("admin").get("/").text


def test_filtered(world: World) -> None:
    """By object, record, action, person and time, a page at a time."""
    rep, admin = world.client("rep"), world.client("admin")
    made = rep.made("customer", name="Audited Ltd")
    rep.call("PATCH", f"o/customer/{made['id']}", {"name": "Audited Limited"})
    about = f"audit?object=customer&record={made['id']}"
    rows = admin.items(about)
    assert [row["action"] for row in rows] == ["update", "create"]
    assert (rows[0]["by"], rows[0]["via"], rows[0]["data"]) == (world.people["rep"], "api", {})
    assert admin.items(f"{about}&action=create")[0]["id"] == rows[1]["id"]
    assert len(admin.items(f"{about}&person=rep")) == 2
    assert admin.items(f"{about}&person=boss") == []
    assert admin.items(f"{about}&until=2020-01-01") == []
    page = admin.get(f"{about}&limit=1").get_json()
    following = admin.get(f"{about}&limit=1&after={page['next']}").get_json()
    assert [row["id"] for row in page["items"] + following["items"]] == [r["id"] for r in rows]
    assert following["next"] is None


def test_unusable(world: World) -> None:
    """Values that mean nothing are told, not ignored."""
    admin = world.client("admin")
    unusable = ("log=x", "record=x", "since=soon", "after=x.y", "since=9999-99-99", "z=1")
    for query in (*unusable, "until=9999-12-31", "since=0001-01-01", "person=%00"):
        assert admin.get(f"audit?{query}").status_code == 400, query


def test_on_the_screen(world: World) -> None:
    """In both languages; a sign-in with its account, a change with the labels of its fields."""
    browser = world.browser("admin")
    told = browser.get("/audit?action=sign-in&person=admin", headers={"Accept-Language": "en"}).text
    assert "Signed in" in told and "Account: admin" in told
    made = world.client("rep").made("customer", name="Screened Ltd")
    address = f"/audit?object=customer&record={made['id']}"
    assert "客户" in browser.get(address, headers={"Accept-Language": "zh"}).text
    assert f'href="/o/customer/{made["id"]}"' in browser.get(address).text
    assert browser.get("/audit?log=seen").status_code == 200
    nothing = browser.get("/audit?object=nothing&until=1999-01-01")
    assert "Nothing of the kind" in nothing.text or "没有符合" in nothing.text


def test_in_the_timeline(world: World) -> None:
    """Who has seen a record is told in its timeline, to those with the right only."""
    made = world.client("rep").made("customer", name="Seen Ltd")
    tables = world.site.current.tables
    row = {
        "at": world.clock(), "actor": world.people["rep"], "via": "screen", "cause": None,
        "batch": None, "object": "customer", "record": made["id"], "action": "printed",
        "version": None, "data": None,
    }  # fmt: skip
    with world.site.databases.writing() as connection:
        connection.execute(sa.insert(tables.system("fw_access")), [row | digests(row)])
    address, english = f"/o/customer/{made['id']}", {"Accept-Language": "en"}
    assert "printed it" in world.browser("admin").get(address, headers=english).text
    assert "printed it" not in world.browser("rep").get(address, headers=english).text
