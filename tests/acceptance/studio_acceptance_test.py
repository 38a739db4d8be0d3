"""The studio in a browser: a field is written, planned, published and used; nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from acceptance.conftest import Office, served
from support.project import ROOT

Picture = Callable[[Page, str], None]
FILE = "/studio/files/objects/competitor.yaml"
BAD = "object: competitor\nfields:\n  slogan: {typ: text, label: {en: Slogan, zh: 口号}}\n"
GOOD = BAD.replace("typ:", "type:")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A server of its own: what is published here would be in everybody's way.

    It has no scenarios to play first; `tests/webapp/studio` does that.
    """
    folder = tmp_path_factory.mktemp("studio")
    base = folder / "config"
    base.mkdir()
    for path in (ROOT / "config").iterdir():
        if path.name != "scenarios":
            (base / path.name).symlink_to(path)
    with served(folder, base=base) as made:
        yield made


def test_a_field_is_published(enter: Any, picture: Picture) -> None:
    """From the list of definitions to the field in the form; another's save in between is told."""
    page = enter("admin")
    page.click("a[href='/studio/']")
    page.click("nav.tabs >> text=Definitions")
    page.fill(".tool-search input[name=q]", "competitor")
    page.keyboard.press("Enter")
    page.click(".row-title:text-is('Competitor')")
    expect(page.locator(".studio-yaml")).to_contain_text("config/objects/competitor.yaml:")
    page.click("[data-edit]")
    code = page.locator("[data-code]")
    expect(code).to_have_value("object: competitor\n")
    code.press_sequentially("fields:\n")
    expect(code).to_have_value("object: competitor\nfields:\n  ")
    code.fill(BAD)
    expect(page.locator(".code-gutter .is-bad")).to_have_text("3")
    picture(page, "studio-editor")
    page.click("[data-problems] [data-to='3'] >> nth=0")
    code.fill(GOOD)
    expect(page.locator("[data-state]")).to_contain_text("No problems")
    page.keyboard.press("Control+s")
    expect(page.locator(".toast")).to_contain_text("Saved in the draft")

    other = enter("admin", locale="zh-CN")
    other.goto(FILE)
    other.locator("[data-code]").fill(GOOD.replace("口号", "宣传语"))
    other.click("[data-save]")
    expect(other.locator(".toast")).to_contain_text("已保存到草稿")
    code.fill(GOOD.replace("Slogan", "Motto"))
    page.click("[data-save]")
    expect(page.locator("[data-note]")).to_contain_text("Somebody else has changed this file")
    expect(page.locator("[data-note] pre")).to_contain_text("宣传语")
    expect(code).to_have_value(GOOD.replace("Slogan", "Motto"))
    page.click("[data-note] button >> text=Keep mine")
    page.click("[data-save]")
    expect(page.locator("[data-state]")).to_have_text("No problems")
    expect(page.locator("[data-note]")).to_be_empty()
    page.click("button[value=discard]")
    expect(page.locator("button[value=discard]")).to_have_text("Sure? Click again")

    page.goto("/studio/")
    picture(page, "studio")
    page.click("text=Review and publish")
    expect(page.locator(".studio-steps")).to_contain_text("Motto")
    page.fill("textarea[name=message]", "Competitors have mottos")
    picture(page, "studio-plan")
    page.click(".form-foot .primary")
    expect(page.locator(".state h2")).to_have_text("Revision 2 is in force", timeout=60_000)
    page.goto("/o/competitor/new")
    expect(page.get_by_label("Motto")).to_be_visible()


def test_looks(enter: Any, picture: Picture) -> None:
    """In Chinese, dark, and on a phone, nothing is wider than the window."""
    page = enter("admin", locale="zh-CN", theme="dark")
    page.goto(FILE)
    page.locator("[data-code]").fill("object: competitor\nlabel: {zh: 对手}\n")
    page.click("[data-save]")
    expect(page.locator(".toast")).to_contain_text("已保存到草稿")
    page.goto("/studio/plan")
    expect(page.locator(".form-foot .primary")).to_have_text("发布")
    expect(page.locator(".studio-steps")).to_contain_text("竞争对手")
    page.goto("/studio/definitions/object/competitor")
    picture(page, "studio-definition-zh")
    small = enter("admin", locale="zh-CN", width=375, height=740)
    for address in ("/studio/", "/studio/definitions", "/studio/plan", FILE):
        small.goto(address)
        assert small.evaluate("document.documentElement.scrollWidth") <= 375, address
