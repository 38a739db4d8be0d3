"""Duplicates as people deal with them: a scan, its groups, merging, and standard spellings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from engine.permissions.actors import SYSTEM

SOON = 30_000
Picture = Callable[[Page, str], None]
WORDS = {
    "en-US": ("Find duplicates", "Look for duplicates", "See the groups", "Compare and merge",
              "These are no duplicates", "Undo"),
    "zh-CN": ("查重", "开始查重", "查看分组", "对比并合并", "不是重复记录", "撤销"),
}  # fmt: skip


@pytest.mark.parametrize("locale", WORDS)
def test_scan_merge_and_tell_apart(enter: Any, office: Any, picture: Picture, locale: str) -> None:
    """Groups are found, one is merged (and that undone), one is none and stays away."""
    find, look, see, compare, apart, undo = WORDS[locale]
    page = enter("boss", locale=locale)
    gate, owner = office.world.site.current.gate, office.world.people["rep"]
    tag = {"en-US": "海晏", "zh-CN": "润泽"}[locale]
    names = [f"上海{tag}泵业有限公司", f"上海{tag}泵业股份有限公司", f"苏州{tag}阀门有限公司",
             f"苏州 {tag}阀门集团", f"苏州{tag}阀门（中国）有限公司"]  # fmt: skip
    made = gate.create(SYSTEM, "customer", [{"name": name, "owner": owner} for name in names])
    page.goto("/o/customer")
    page.get_by_role("link", name=find).click()
    page.get_by_role("button", name=look).click()
    page.get_by_role("link", name=see).click(timeout=SOON)
    groups = page.locator(".scan-group")
    two, three = (groups.filter(has_text=names[n]) for n in (0, 2))
    expect(three.locator("tbody tr")).to_have_count(3)
    picture(page, "duplicates" if locale == "en-US" else "duplicates-zh")
    two.get_by_role("button", name=compare).click()
    page.locator(".form-foot .primary").click()
    expect(groups.filter(has_text=names[0])).to_have_count(0)
    note = page.locator(".note-good")
    expect(note).to_contain_text(f"#{made[1].id}")
    groups.filter(has_text=names[2]).get_by_role("button", name=apart).click()
    expect(groups.filter(has_text=names[2])).to_have_count(0)
    page.go_back()
    page.locator(".note-good").get_by_role("button", name=undo).click()
    page.wait_for_url("**/work/*")
    expect(page.locator(".chip-green")).to_be_visible(timeout=SOON)
    assert office.world.site.current.reader.one(SYSTEM, "customer", made[1].id or 0)


@pytest.mark.parametrize("locale", WORDS)
def test_standard_spelling(enter: Any, office: Any, picture: Picture, locale: str) -> None:
    """Names are seen before and after, and written so; a phone shows the same in one column."""
    page = enter("admin", locale=locale)
    gate, owner = office.world.site.current.gate, office.world.people["rep"]
    tag = {"en-US": "宏图", "zh-CN": "嘉禾"}[locale]
    names = [f"{tag}{c} 电子(上海)有限公司" for c in "甲乙丙丁"]
    gate.create(SYSTEM, "customer", [{"name": name, "owner": owner} for name in names])
    page.goto(f"/o/customer?list=all&name.has={tag}")
    page.locator("[data-pick-all]").check()
    page.locator("[data-change]").click()
    dialog = page.locator("dialog[open]")
    dialog.locator("#what").select_option("spell.name:company")
    dialog.locator(".dialog-foot .primary").click()
    expect(dialog.locator(".bulk-spelled li")).to_have_count(4)
    expect(dialog.locator(".bulk-spelled")).to_contain_text(f"{tag}甲电子（上海）有限公司")
    picture(page, "spelling" if locale == "en-US" else "spelling-zh")
    dialog.locator("[name=start]").click()
    expect(page.locator("tbody")).to_contain_text(f"{tag}甲电子（上海）有限公司", timeout=SOON)


def test_confirmed_where_it_is_found(enter: Any, office: Any) -> None:
    """The small dialog and a value changed in place warn, and save anyway; a phone in the dark."""
    page = enter("rep", locale="zh-CN", width=390, height=844, theme="dark")
    gate, owner = office.world.site.current.gate, office.world.people["rep"]
    names = ("永安机械有限公司", "永安阀门有限公司")
    gate.create(SYSTEM, "customer", [{"name": name, "owner": owner} for name in names])
    page.goto("/o/customer")
    page.locator(".head-right [data-quick-new]").click()
    dialog = page.locator("dialog.quick")
    dialog.locator("input[name=name]").fill("永安机械集团")
    expect(dialog.locator(".duplicates")).to_contain_text(names[0])
    dialog.locator(".dialog-foot .primary").click()
    dialog.get_by_role("button", name="仍然保存").click()
    page.wait_for_url("**/o/customer/*")
    page.locator('[data-edit="name"]').click(force=True)
    page.locator('[data-fact="name"] input[name=name]').fill("永安阀门股份有限公司")
    page.keyboard.press("Enter")
    page.locator('[data-fact="name"]').get_by_role("button", name="仍然保存").click()
    expect(page.locator("h1")).to_contain_text("永安阀门股份有限公司")
