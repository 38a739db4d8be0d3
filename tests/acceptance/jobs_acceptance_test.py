"""Background jobs, long work, import and bulk change as people use them, in a browser."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from engine.permissions.actors import SYSTEM
from engine.problems import Message
from support.outbox import effect, row_of

SOON = 20_000
"""Milliseconds within which what was asked for has been carried out, on a busy machine."""
Picture = Callable[[Page, str], None]
HOOK = {
    "address": "https://erp.example.com/hooks/orders?token=3f9a",
    "event": "order.confirmed",
    "record": {"number": "SO-2026-00012", "total": {"amount": "468500.00", "currency": "CNY"}},
    "secret": "never shown",
}


GONE = Message(
    "webhook-gone",
    en="erp answered that it is gone for good (410 Gone)",
    zh="erp 应答该地址已永久失效（410 Gone）",
)
AWAY = Message(
    "mail-server-unreachable",
    en="the mail server mail.example.com does not answer: connection refused",
    zh="邮件服务器 mail.example.com 无响应：连接被拒绝",
)


@pytest.fixture
def failed(office: Any) -> list[int]:
    """A morning on which a receiver was switched off and the mail server was away."""
    gate, quotations = office.world.site.current.gate, office.made.ids["quotation"]
    ids = [
        effect(
            gate, "failed", payload=HOOK, object="quotation", record=id, attempts=8, failed=GONE,
            finished=dt.timedelta(minutes=-7 * n),
        )
        for n, id in enumerate(quotations, 1)
    ]  # fmt: skip
    for n in range(2):
        effect(
            gate, "failed", kind="mail", payload={"notice": 4 + n}, attempts=8, failed=AWAY,
            finished=dt.timedelta(hours=-1),
        )  # fmt: skip
    for n in range(6):
        effect(gate, kind="automation", due=dt.timedelta(hours=n + 1), queue="slow")
    return ids


def _until_the_figure_is_seen(page: Page) -> None:
    """Looks again, as people do: the server keeps the figure for some seconds."""
    ends = time.monotonic() + SOON / 1000
    while time.monotonic() < ends and not page.locator(".side-count").count():
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator(".side-count")).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "retry", "waits", "cancel"),
    [("en-US", "Retry", "It is tried again now", "Cancel the job"),
     ("zh-CN", "重试", "已重新执行", "取消任务")],
)  # fmt: skip
def test_a_failed_job(
    enter: Any, office: Any, picture: Picture, failed: list[int], locale: str, retry: str,
    waits: str, cancel: str,
) -> None:  # fmt: skip
    """What failed is seen in the side bar, looked at, retried and cancelled."""
    gate = office.world.site.current.gate
    page = enter("admin", locale=locale)
    _until_the_figure_is_seen(page)
    page.locator(".side-item", has=page.locator(".side-count")).click()
    row = page.locator(f"tr[data-row='{failed[0]}']")
    expect(row).to_contain_text("410 Gone")
    if locale == "en-US":
        picture(page, "jobs")
    row.locator(".row-title").click()
    expect(page.locator("h1 .chip")).to_be_visible()
    expect(page.locator("pre")).to_contain_text("order.confirmed")
    assert "never shown" not in page.content() and "3f9a" not in page.content()
    if locale == "en-US":
        picture(page, "job")
    page.get_by_role("button", name=retry).click()
    expect(page.locator(".toast")).to_contain_text(waits)
    assert row_of(gate, failed[0])["attempts"] in (0, 1)
    page.goto("/jobs?show=failed&kind=webhook")
    row = page.locator(f"tr[data-row='{failed[1]}']")
    row.get_by_role("button", name=cancel).click()
    expect(row).to_have_count(0)
    assert row_of(gate, failed[1])["status"] == "cancelled"


def test_the_screen_follows_by_itself(enter: Any, office: Any) -> None:
    """A job that fails while somebody looks appears without loading the page again."""
    page = enter("admin")
    page.goto("/jobs?show=failed")
    gate = office.world.site.current.gate
    id = effect(gate, "failed", kind="document", attempts=8, failed=True)
    expect(page.locator(f"tr[data-row='{id}']")).to_be_visible(timeout=SOON)


@pytest.mark.parametrize("width", [375, 768])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_jobs_on_small_screens(enter: Any, failed: list[int], width: int, theme: str) -> None:
    """Nothing is wider than the screen."""
    page = enter("admin", locale="zh-CN", width=width, height=800, theme=theme)
    for address in ("/jobs?show=failed", f"/jobs/{failed[0]}", "/jobs?show=running"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


GRADES = ("A（重点客户）", "B（重要客户）", "C（普通客户）", "D（零星客户）")


def _customers(tag: str) -> str:
    """A file as people have them: other names for some columns, three rows that do not fit."""
    lines = ["客户名称,简称,电话,等级,负责人,来源系统编号"]
    for n in range(1, 48):
        grade = "特级" if n in (7, 19, 33) else GRADES[n % 4]
        owner = ("王伟", "李静怡")[n % 2]
        name = f"{tag}精密制造有限公司{n:02}"
        lines.append(f"{name},{tag}{n:02},010-8866 {n:04},{grade},{owner},K{n}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("locale", "goes", "trial", "start", "undo", "undo_it", "leave"),
    [("en-US", "Goes into", "Try it", "Start the import", "Undo…", "Undo it", "– leave out –"),
     ("zh-CN", "对应字段", "试运行", "开始导入", "撤销…", "开始撤销", "– 不导入 –")],
)  # fmt: skip
def test_import(
    enter: Any, office: Any, picture: Picture, tmp_path: Path, locale: str, goes: str, trial: str,
    start: str, undo: str, undo_it: str, leave: str,
) -> None:  # fmt: skip
    """A file is brought, its columns are held against fields, tried, imported and taken back."""
    tag = "华东" if locale == "en-US" else "华南"
    path = tmp_path / f"{tag}客户.csv"
    path.write_text(_customers(tag), encoding="utf-8")
    page = enter("admin", locale=locale)
    page.goto("/o/customer?list=all")
    before = _count(page)
    page.locator(".tools a[href='/o/customer/import']").click()
    page.set_input_files("input[type=file]", path)
    expect(page.locator("[data-file-name]")).to_have_text(path.name)
    page.locator(".import-foot .button.primary").click()
    for column in ("等级", "来源系统编号"):
        row = page.locator("tr", has=page.locator(f"th:text-is('{column}')"))
        if column == "来源系统编号":
            row.get_by_label(goes).select_option(label=leave)
        assert row.get_by_label(goes).input_value() == ("grade" if column == "等级" else "")
    _shown(picture, page, "import-columns", locale)
    page.get_by_role("button", name=trial).click()
    page.wait_for_url("**/work/*")
    expect(page.locator(".work-figures")).to_contain_text("44", timeout=SOON)
    expect(page.locator(".said")).to_contain_text("特级")
    _shown(picture, page, "import-trial", locale)
    page.get_by_role("button", name=start).click()
    expect(page.get_by_role("link", name=undo)).to_be_visible(timeout=SOON)
    expect(page.locator(".work-figures")).to_contain_text("44", timeout=SOON)
    with page.expect_download() as saved:
        page.locator(".work-files a").first.click()
    rejected = Path(saved.value.path()).read_text(encoding="utf-8-sig")
    assert rejected.count("特级") == 3 + rejected.count("'特级'")
    page.goto("/o/customer?list=all")
    assert _count(page) == before + 44
    page.go_back()
    page.get_by_role("link", name=undo).click()
    expect(page.locator(".work-figures")).to_contain_text("44", timeout=SOON)
    page.get_by_role("button", name=undo_it).click()
    page.wait_for_url("**/work/*")
    expect(page.locator(".chip-green").first).to_be_visible(timeout=SOON)
    page.goto("/o/customer?list=all")
    assert _count(page) == before


def _shown(picture: Picture, page: Page, name: str, locale: str) -> None:
    """A picture for the guide in that language."""
    picture(page, name if locale == "en-US" else f"{name}-zh")


def _count(page: Page) -> int:
    """How many records the list says that there are."""
    numbers = re.findall(r"[\d,]+", page.locator(".pager span").first.inner_text())
    return int(numbers[-1].replace(",", ""))


@pytest.fixture(scope="module")
def long_list(office: Any) -> str:
    """The address of a list of more records than a page has."""
    gate, owner = office.world.site.current.gate, office.world.people["rep"]
    values = [{"name": f"浮条客户{n}", "owner": owner} for n in range(1, 31)]
    gate.create(SYSTEM, "customer", values)
    return "/o/customer?list=all&name.has=浮条"


@pytest.mark.parametrize(("locale", "theme"), [("en-US", "light"), ("zh-CN", "dark")])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 700), (768, 1024)])
def test_the_bar_of_what_was_ticked(
    enter: Any, long_list: str, locale: str, width: int, height: int, theme: str
) -> None:
    """It floats over a long list, inside the window and the column, however far one scrolls."""
    page = enter("admin", locale=locale, width=width, height=height, theme=theme)
    page.goto(long_list)
    bar = page.locator("[data-picked]")
    expect(bar).to_be_hidden()
    page.locator("tbody input[name=id]").first.check()
    for far in (0, 400, 10_000):
        page.evaluate(f"scrollTo(0, {far})")
        expect(bar).to_be_in_viewport(ratio=1)
        box, column = bar.bounding_box(), page.locator("main").bounding_box()
        assert box and column
        assert column["x"] <= box["x"] and box["x"] + box["width"] <= width
        assert box["height"] < 64 and box["y"] > height - 120
    pager = page.locator(".pager").bounding_box()
    assert pager and pager["y"] + pager["height"] <= box["y"]  # at the end nothing is covered
    page.locator("[data-pick-all]").check()
    expect(bar).to_be_in_viewport(ratio=1)
    page.locator('[data-act="unpick"]').click()
    expect(bar).to_be_hidden()


@pytest.mark.parametrize(
    ("locale", "change", "look", "start", "undo"),
    [("en-US", "Change…", "See what happens", "Start", "Undo"),
     ("zh-CN", "批量修改…", "预览结果", "开始执行", "撤销")],
)  # fmt: skip
def test_bulk_change(
    enter: Any, office: Any, picture: Picture, locale: str, change: str, look: str, start: str,
    undo: str,
) -> None:  # fmt: skip
    """Rows that were ticked get a value: it is seen beforehand, done, and taken back."""
    gate, owner = office.world.site.current.gate, office.world.people["rep"]
    tag = f"批量{locale[:2]}"
    values = [{"name": f"{tag}客户{n}", "owner": owner, "grade": "d"} for n in range(1, 31)]
    made = [change.id or 0 for change in gate.create(SYSTEM, "customer", values)]
    page = enter("admin", locale=locale)
    page.goto(f"/o/customer?list=all&name.has={tag}")
    page.locator("[data-pick-all]").check()
    page.locator('[data-act="pick-matching"]').click()
    expect(page.locator("[data-picked-count]")).to_contain_text("30")
    page.get_by_role("button", name=change).click()
    dialog = page.locator("dialog[open]")
    expect(dialog.locator("h2")).to_contain_text("30")
    dialog.locator("#what").select_option("field.grade")
    dialog.locator("#grade").select_option("a")
    dialog.get_by_role("button", name=look).click()
    expect(dialog.locator("[data-preview]")).to_contain_text("30")
    _shown(picture, page, "bulk", locale)
    dialog.get_by_role("button", name=start).click()
    toast = page.locator(".toast").filter(has_text="30")
    expect(toast.get_by_role("button", name=undo)).to_be_visible(timeout=SOON)
    assert {_grade(office, id) for id in made} == {"a"}
    expect(page.locator("tbody .chip-red")).to_have_count(25)
    toast.get_by_role("button", name=undo).click()
    expect(page.locator("tbody .chip-red")).to_have_count(0, timeout=SOON)
    assert {_grade(office, id) for id in made} == {"d"}


def _grade(office: Any, id: int) -> Any:
    return office.world.site.current.reader.one(SYSTEM, "customer", id).values["grade"]
