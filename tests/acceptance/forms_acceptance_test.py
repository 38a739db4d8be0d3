"""Forms that follow the record while one types, in a real browser."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from engine.permissions.actors import SYSTEM
from engine.records.query import Query


def part(page: Page, name: str) -> Any:
    """The form's part for a field."""
    return page.locator(f'[data-form] [data-name="{name}"]')


def test_fields_and_options_follow(enter: Any) -> None:
    """A field takes its place and leaves it; options come and go; what is hidden is not sent."""
    page = enter("admin")
    page.goto("/o/sample/new")
    expect(part(page, "country")).to_be_hidden()
    page.fill("#name", "First")
    page.select_option("#abroad", "true")
    expect(part(page, "country")).to_be_visible()
    page.fill("#country", "Germany")
    page.select_option("#abroad", "false")
    expect(part(page, "country")).to_be_hidden()
    expect(page.locator("#country")).to_be_disabled()
    hidden = page.locator('#city option[value="bj"]')
    expect(hidden).to_be_disabled()
    page.select_option("#region", "cn")
    expect(hidden).to_be_enabled()
    page.select_option("#city", "bj")
    page.select_option("#stars", "4")
    page.fill("#notes", "**bold** <b>x</b>")
    page.click("[data-save]")
    page.wait_for_url(re.compile(r"/o/sample/\d+$"))
    text = page.locator("main").inner_text()
    assert "★★★★☆" in text and "<b>x</b>" in text and "Country" not in text
    assert page.locator(".formatted strong").inner_text() == "bold"


def test_a_link_offers_what_fits(enter: Any, office: Any) -> None:
    """Of the chosen customer's contacts only, in the form and for a single value."""
    reader = office.world.site.current.reader
    contact = reader.page(SYSTEM, "contact", Query(limit=1)).items[0]
    customer = contact.values["customer"]
    page = enter("admin")
    page.goto(f"/o/sample/new?customer={customer.id}&name=Second")
    page.click("#contact")
    offered = page.locator("[role=option]:not(.options-new)")
    expect(offered.first).to_be_visible()
    titles = {row.inner_text().split("\n")[0] for row in offered.all()}
    assert contact.values["name"] in titles
    for title in titles:
        found = reader.page(SYSTEM, "contact", Query(filters={"name": title})).items
        assert customer.id in {item.values["customer"].id for item in found}
    page.keyboard.press("Escape")
    page.click("[data-save]")
    page.wait_for_url(re.compile(r"/o/sample/\d+$"))
    page.locator('[data-edit="contact"]').click()
    page.locator("[data-value] input[role=combobox]").click()
    expect(page.locator("[role=option]").first).to_be_visible()
    again = {row.inner_text().split("\n")[0] for row in offered.all()}
    assert again == titles
