"""The screens as people use them, in a browser."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from engine.permissions.actors import SYSTEM
from support.showroom import WAYS, take
from support.world import PASSWORD

PASTE = """text => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
  document.activeElement.dispatchEvent(event);
}"""
Picture = Callable[[Page, str], None]


def test_list_search_filter_sort(enter: Any, office: Any, picture: Picture) -> None:
    """A list narrows by words and filters, sorts by its heads, and its address says it all."""
    page = enter("boss")
    page.click("text=Opportunities")
    expect(page.locator("h1")).to_have_text("Opportunities")
    page.get_by_role("link", name="All", exact=True).click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(16)
    page.get_by_role("link", name="Amount").click()
    first = page.locator("tbody tr").first.inner_text()
    page.get_by_role("link", name="Amount").click()
    assert page.locator("tbody tr").first.inner_text() != first
    page.locator("summary", has_text="Filter").click()
    page.locator(".filter-field summary", has_text="Stage").click()
    page.locator(".filter-body").get_by_text("Negotiation").click()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".filter")).to_contain_text("Negotiation")
    chips = page.locator("tbody .chip").filter(has_text="Negotiation")
    assert chips.count() == page.locator("tbody tr").count() > 0
    assert "stage=negotiation" in page.url and "empty" not in page.url
    page.fill(".tool-search input[type=search]", "没有这样的东西")
    page.press(".tool-search input[type=search]", "Enter")
    expect(page.locator(".state h2")).to_have_text("Nothing matches")


def test_paging(enter: Any, office: Any) -> None:
    """Next and previous lead through all rows and back."""
    page = enter("admin")
    page.goto("/o/opportunity?list=all")
    expect(page.locator("tbody tr")).to_have_count(25)
    first = page.locator("tbody").inner_text()
    page.get_by_role("link", name="Next", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(7)
    expect(page.locator(".pager")).to_contain_text("26–32 of 32")
    page.get_by_role("link", name="Previous", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(25)
    assert page.locator("tbody").inner_text() == first


def test_create_with_lines(enter: Any, office: Any, picture: Picture) -> None:
    """A quotation with two lines: suggested prices and totals appear while typing."""
    page = enter("rep", locale="zh-CN")
    page.goto("/o/quotation/new")
    page.fill("#customer", "北京智造")
    page.locator(".options [role=option]").first.click()
    assert page.input_value("#customer") == "北京智造未来科技有限公司"
    line = page.locator("[data-grid] tbody tr")
    line.nth(0).locator(".line-link .input").press_sequentially("激光")
    page.locator(".options [role=option]").first.click()
    price = line.nth(0).locator("[name$='.price']")
    expect(price).to_have_value("468500")
    line.nth(0).locator("[name$='.quantity']").fill("2")
    expect(page.locator("[data-shown=gross_total]")).to_contain_text("937,000.00")
    line.nth(0).locator("[name$='.quantity']").press("Enter")
    expect(line).to_have_count(2)
    line.nth(1).locator("[name$='.description']").fill("安装调试")
    line.nth(1).locator("[name$='.price']").fill("3000")
    expect(page.locator("[data-shown=gross_total]")).to_contain_text("940,000.00")
    picture(page, "form")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("h1")).to_contain_text("QT-")
    expect(page.locator(".lines").first).to_contain_text("安装调试")


def test_problems_stand_beside_their_fields(enter: Any, office: Any, picture: Picture) -> None:
    """All problems at once, beside their fields, and what was typed is still there."""
    page = enter("rep", locale="zh-CN")
    page.goto("/o/quotation/new")
    page.fill("#subject", "缺少客户的报价")
    page.locator("[data-grid] [name$='.quantity']").first.fill("-1")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("[data-name=customer] .problem")).to_have_text("请填写客户")
    expect(page.locator("[data-grid] .problem").first).to_be_visible()
    expect(page.locator("#subject")).to_have_value("缺少客户的报价")
    picture(page, "problems")
    page.once("dialog", lambda dialog: dialog.accept())


def test_paste_from_a_spreadsheet(enter: Any, office: Any) -> None:
    """A block of cells fills as many lines as it has rows."""
    page = enter("rep")
    page.goto("/o/quotation/new")
    page.locator("[data-grid] [name$='.description']").first.focus()
    page.evaluate(PASTE, "电机\t3\n轴承\t10\n")
    values = [i.input_value() for i in page.locator("[data-grid] [name$='.description']").all()]
    assert values[:2] == ["电机", "轴承"]
    assert page.locator("[data-grid] tbody [name$='.quantity']").nth(1).input_value() == "10"


def test_edit_in_place_and_stale(enter: Any, office: Any) -> None:
    """A click on a value edits it; what somebody else changed meanwhile is told with their name."""
    made = office.world.site.current.gate.create(
        SYSTEM, "customer", [{"name": "就地编辑有限公司", "owner": office.world.people["rep"]}]
    )[0]
    page = enter("rep")
    page.goto(f"/o/customer/{made.id}")
    page.locator("[data-fact=short_name] .fact-value").click()
    page.fill("[data-fact=short_name] input[name=short_name]", "就地")
    page.keyboard.press("Enter")
    expect(page.locator("[data-fact=short_name] .fact-value")).to_have_text("就地")
    expect(page.locator("#timeline")).to_contain_text("就地")
    page.locator("[data-fact=phone] .fact-value").click()
    page.fill("[data-fact=phone] input[name=phone]", "010 1234 5678")
    office.world.site.current.gate.update(SYSTEM, "customer", made.id, {"country": "中国"})
    page.keyboard.press("Enter")
    expect(page.locator("[data-note]")).to_contain_text("changed it")
    expect(page.locator("[data-fact=phone] input[name=phone]")).to_have_value("010 1234 5678")


def test_transition_asks_and_refuses(enter: Any, office: Any, picture: Picture) -> None:
    """A transition asks for its fields; what is missing stands beside them; then it is done."""
    id = _opportunity(office, stage="proposal")
    page = enter("rep", locale="zh-CN")
    page.goto(f"/o/opportunity/{id}")
    page.get_by_role("link", name="输单").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("button", name="输单").click()
    expect(dialog.locator("[data-name=loss_reason] .problem")).to_be_visible()
    picture(page, "transition")
    dialog.locator("[name=loss_reason]").select_option(label="价格过高")
    dialog.locator("[name=close_date]").fill(_today())
    dialog.get_by_role("button", name="输单").click()
    expect(page.locator(".path-now")).to_have_text("输单")


def test_board(enter: Any, office: Any, picture: Picture) -> None:
    """A card moves by hand along a transition; where none leads it goes back and says why."""
    id = _opportunity(office, stage="first_contact")
    page = enter("rep", locale="zh-CN")
    page.goto("/o/opportunity?list=all&view=board")
    picture(page, "board")
    card = page.locator(f"[data-card='{id}']")
    card.drag_to(page.locator("[data-lane=needs] ol"))
    expect(page.locator(f"[data-lane=needs] [data-card='{id}']")).to_be_visible()
    expect(page.locator(".toast")).to_contain_text("需求确认")
    card.drag_to(page.locator("[data-lane=won] ol"))
    expect(page.locator(".toast-error")).to_be_visible()
    expect(page.locator(f"[data-lane=needs] [data-card='{id}']")).to_be_visible()
    card.hover()
    card.locator("summary").click()
    card.get_by_role("menuitem", name="进入方案报价").click()
    expect(page.locator(f"[data-lane=proposal] [data-card='{id}']")).to_be_visible()


def test_delete_and_undo(enter: Any, office: Any) -> None:
    """A record goes to the recycle bin, and comes back by the toast."""
    made = office.world.site.current.gate.create(SYSTEM, "competitor", [{"name": "一家竞争对手"}])[
        0
    ]
    page = enter("admin")
    page.goto(f"/o/competitor/{made.id}")
    page.get_by_label("More actions").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.locator(".toast")).to_contain_text("recycle bin")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_have_text("一家竞争对手")


def test_comment(enter: Any, office: Any) -> None:
    """A comment appears in the timeline as text, whatever it contains."""
    page = enter("rep")
    page.goto(f"/o/customer/{office.made.ids['customer'][0]}")
    page.fill("[name=comment]", "<img src=x onerror=alert(1)> 已联系")
    page.get_by_role("button", name="Comment").click()
    expect(page.locator(".entry-text").first).to_have_text("<img src=x onerror=alert(1)> 已联系")


def test_search_everywhere(enter: Any, office: Any) -> None:
    """`/` leads to the search; results come while typing and open by keys."""
    page = enter("rep")
    page.keyboard.press("/")
    page.keyboard.type("北京智造")
    expect(page.locator(".found [role=option]").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("北京智造")


def test_keys(enter: Any, office: Any) -> None:
    """`j` and `k` move, Enter opens, `e` edits, `?` tells."""
    page = enter("boss")
    page.goto("/o/customer")
    page.wait_for_load_state("networkidle")  # keys are heard once the scripts have begun
    page.keyboard.press("j")
    page.keyboard.press("j")
    title = page.locator("tr.is-current .row-title").inner_text()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(title)
    page.keyboard.press("e")
    page.wait_for_url("**/edit")


def test_language_and_theme(enter: Any, office: Any) -> None:
    """Both are switched from every screen and stay."""
    page = enter("boss")
    page.goto("/o/customer?sort=-name")
    page.locator(".person").click()
    page.get_by_role("menuitemradio", name="中文").click()
    expect(page.locator("h1")).to_have_text("客户")
    assert page.url.endswith("/o/customer?sort=-name")
    before = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.locator("[data-act=theme]").click()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != before
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != before


def test_phone(enter: Any, office: Any, picture: Picture) -> None:
    """At 375 px nothing is wider than the screen, rows are cards, the side bar opens."""
    page = enter("rep", locale="zh-CN", width=375, height=740)
    for address in (
        "/", "/o/opportunity", "/o/quotation/new", f"/o/customer/{office.made.ids['customer'][0]}",
        "/o/opportunity?view=board", "/search?q=北京", "/styleguide",
    ):  # fmt: skip
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, address
    page.goto("/o/opportunity")
    picture(page, "phone")
    page.locator(".top-menu").click()
    page.get_by_role("link", name="跟进记录", exact=True).click()
    expect(page.locator("h1")).to_have_text("跟进记录")


def test_without_scripts(enter: Any, office: Any) -> None:
    """Plain forms do without scripts: create, see a problem, put it right."""
    page = enter("rep", javascript=False)
    page.goto("/o/customer/new")
    page.fill("[name=short_name]", "无脚本")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-name=name] .problem")).to_have_text("Name must be filled in")
    assert page.input_value("[name=short_name]") == "无脚本"
    page.fill("[name=name]", "没有脚本也可以有限公司")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("没有脚本也可以有限公司")


def test_pictures(enter: Any, office: Any, picture: Picture) -> None:
    """The main screens, for the guide, in both themes."""
    page = enter("boss", locale="zh-CN")
    page.goto("/")
    picture(page, "home")
    page.goto("/o/opportunity")
    picture(page, "list")
    page.goto(f"/o/opportunity/{office.made.ids['opportunity'][2]}")
    expect(page.locator(".path-now")).to_be_visible()
    picture(page, "record")
    dark = enter("boss", theme="dark")
    dark.goto("/o/opportunity")
    expect(dark.locator("tbody tr").first).to_be_visible()
    picture(dark, "list-dark")


def _opportunity(office: Any, stage: str) -> int:
    """An opportunity of `rep` in a stage."""

    gate = office.world.site.current.gate
    made = gate.create(
        SYSTEM, "opportunity",
        [{"name": "二期扩产项目", "customer": office.made.ids["customer"][0],
          "owner": office.world.people["rep"], "amount": "9000000"}],
    )[0]  # fmt: skip
    for way in WAYS[: {"first_contact": 0, "proposal": 2}[stage]]:
        take(gate, made.id, way, {})
    return int(made.id)


def _today() -> str:
    return dt.datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()


def test_signed_out_while_typing(enter: Any, office: Any) -> None:
    """The session ends while somebody types: told, nothing lost, and it works after signing in."""
    page = enter("rep")
    page.goto("/o/customer/new")
    page.fill("[name=name]", "不会丢失的输入有限公司")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast-error")).to_contain_text("signed out")
    tab = page.context.new_page()
    tab.goto("/login/")
    tab.fill("#username", "rep")
    tab.fill("#password", PASSWORD)
    tab.click(".button.primary")
    tab.wait_for_url("**/")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("不会丢失的输入有限公司")
