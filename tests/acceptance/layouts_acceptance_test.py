"""Tabs, groups, calendar, tree and the small dialog, as people use them in a browser."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from engine.permissions.actors import SYSTEM

Picture = Callable[[Page, str], None]


def test_tabs_and_quick(enter: Any, office: Any, picture: Picture) -> None:
    """Tabs by keys and by address; a new contact from the list; what was typed goes to the form."""
    page = enter("boss")
    customer = office.made.ids["customer"][0]
    page.goto(f"/o/customer/{customer}")
    picture(page, "layout-tabs")
    page.locator("[data-tabs] a").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-tabs] .is-here")).to_have_text("Company")
    expect(page.locator("[data-fact=tax_number]")).to_be_visible()
    assert page.url.endswith("?tab=company")
    page.go_back()
    expect(page.locator("[data-tabs] .is-here")).to_have_text("Overview")
    contacts = page.locator(".stacked", has=page.get_by_role("heading", name="Contacts"))
    contacts.get_by_role("link", name="New", exact=True).click()
    dialog = page.locator("dialog.quick")
    expect(dialog.locator("[data-name=customer] [role=combobox]")).not_to_have_value("")
    dialog.locator("#name").fill("许晴")
    picture(page, "layout-quick")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("[data-name=mobile] .problem")).to_be_visible()
    dialog.locator("#mobile").fill("139 0000 1111")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(contacts).to_contain_text("许晴")
    page.goto("/o/opportunity/new")
    page.locator("#customer").press_sequentially("全新客户公司")
    page.get_by_role("option", name="Create “全新客户公司”…").click()
    expect(dialog.locator("#name")).to_have_value("全新客户公司")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("#customer")).to_have_value("全新客户公司")
    page.goto("/o/contact")
    page.get_by_role("link", name="New Contact").click()
    dialog.locator("#name").fill("韩梅")
    dialog.get_by_role("button", name="Open the full form").click()
    page.wait_for_url("**/o/contact/new")
    expect(page.locator("#name")).to_have_value("韩梅")


def test_views(enter: Any, office: Any, picture: Picture) -> None:
    """A group opens in place, a record moves to another day by its keys, a tree unfolds."""
    page = enter("admin")
    page.goto("/o/opportunity?list=by_stage")
    picture(page, "layout-groups")
    heads = page.locator("[data-group]")
    last = heads.last
    last.click()
    body = page.locator("tbody.group-body").last
    expect(last).to_have_attribute("aria-expanded", "true")
    expect(body.locator("tr").first).to_be_visible()
    id = office.made.ids["opportunity"][0]
    today = dt.datetime.now(office.world.site.current.gate.zone).date()
    day = today.replace(day=10)
    gate = office.world.site.current.gate
    gate.update(SYSTEM, "opportunity", id, {"expected_close": str(day)})
    page.goto("/o/opportunity?list=closing")
    picture(page, "layout-calendar")
    event = page.locator(f"[data-event='{id}']")
    event.focus()
    page.keyboard.press("Shift+ArrowDown")
    moved = page.locator(f"[data-day='{day + dt.timedelta(days=7)}'] [data-event='{id}']")
    expect(moved).to_be_focused()
    for number, customer in enumerate(office.made.ids["customer"][:4]):
        begins, ends = (day - dt.timedelta(days=5 * number), day + dt.timedelta(days=20))
        order = {"customer": customer, "ordered_on": str(begins), "delivery_date": str(ends)}
        gate.create(SYSTEM, "order", [order])
    page.goto("/o/order?list=deliveries")
    expect(page.locator("a.bar")).not_to_have_count(0)
    picture(page, "layout-timeline")
    bars(page, gate)
    (above,) = gate.create(SYSTEM, "region", [{"name": "测试大区", "code": "T1"}])
    gate.create(SYSTEM, "region", [{"name": "测试小区", "code": "T2", "parent": above.id}])
    page.goto("/o/region?list=tree")
    row = page.locator(f"[data-node='{above.id}']")
    expect(row).to_have_attribute("aria-expanded", "true")  # there is little, so it is unfolded
    expect(page.locator("tr", has_text="测试小区")).to_have_attribute("aria-level", "2")
    picture(page, "layout-tree")
    row.locator(".row-title").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("tr", has_text="测试小区")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(page.locator("tr", has_text="测试小区")).to_have_count(1)


def bars(page: Page, gate: Any) -> None:
    """The end of a bar is pulled by the mouse, its beginning moved by keys."""
    bar = page.locator("a.bar:has([data-edge=begin]):has([data-edge=end])").first
    id = int(bar.get_attribute("data-event") or "0")
    bar = page.locator(f"[data-event='{id}']")

    def dates() -> list[dt.date]:
        table = gate.tables.table("order")
        with gate.databases.reading() as connection:
            row = connection.execute(table.select().where(table.c.id == id)).mappings().one()
        return [row["ordered_on"], row["delivery_date"]]

    begins, ends = dates()
    box = bar.locator("[data-edge=end]").bounding_box()
    row = bar.locator("xpath=..")
    whole = row.bounding_box()
    assert box is not None and whole is not None
    unit = whole["width"] / int(row.get_attribute("data-units") or "1")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 3 * unit, y, steps=4)
    page.mouse.up()
    expect(bar).to_be_focused()
    assert dates() == [begins, ends - dt.timedelta(days=3)]
    page.keyboard.press("Shift+Control+ArrowRight")
    expect(bar).to_have_attribute("data-version", "3")
    assert dates()[0] == begins + dt.timedelta(days=1)
    page.keyboard.press("Shift+Alt+ArrowRight")
    expect(bar).to_have_attribute("data-version", "4")
    assert dates()[1] == ends - dt.timedelta(days=2)
