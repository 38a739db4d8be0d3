"""Layouts, views of each kind and the small dialog: what screens make of their definitions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engine.permissions.actors import SYSTEM
from support.patience import cpu_seconds
from support.world import World, make_world

PLAN = """
object: plan
label: {en: Plan, zh: 计划}
title: name
fields:
  name: {type: text, required: true}
  kind: {type: choice, options: {a: {label: Alpha, colour: blue}, b: Beta}}
  price: {type: money}
  cost: {type: money, restricted: true}
  begins: {type: date}
  ends: {type: date}
  at: {type: moment}
  above: {type: link, to: plan, on_delete: clear}
  notes: {type: text, multiline: true}
  extra: {type: text}
  parts: {type: related, of: plan, by: above}
  tasks: {type: related, of: task, by: plan}
quick: [name, kind]
layout:
  head: [kind, price]
  tabs:
    main:
      label: Main tab
      sections:
        - {label: Basics, fields: [name, {field: notes, wide: true}, kind], columns: 3}
        - {label: Money, fields: [price, cost], visible_when: kind == "a", help: All about it}
        - {label: For managers, fields: [extra], for: sales_manager}
    things:
      label: Things
      related: [{field: parts, columns: [name, price], sort: -price, limit: 2, where: price > 10}]
    closed: {label: Boss tab, for: [sales_manager], sections: [{label: Boss, fields: [begins]}]}
layouts:
  for_clerks:
    for: finance
    tabs: {money: {label: Only money, sections: [{label: Sums, fields: [price]}]}}
views:
  grouped: {group: kind, sums: [price], sort: name, columns: [name, price], filters: [kind],
            colour: [{when: price > 100, is: red}]}
  months: {group: begins, columns: [name]}
  cards: {kind: board, by: kind, card: [price, begins], sum: price, sort: name}
  days: {kind: calendar, from: begins, to: ends, sort: begins, card: [price]}
  hours: {kind: calendar, from: at, sort: at}
  bars: {kind: timeline, from: begins, to: ends, group: kind, zoom: month, sort: begins}
  tree: {kind: tree, sort: name, columns: [name, price]}
  bosses: {for: [sales_manager], columns: [name]}
---
object: task
label: {en: Task, zh: 任务}
title: name
fields:
  name: {type: text, required: true}
  plan: {type: link, to: plan}
sections: [{label: S, fields: [name], collapsed: true}]
"""
ROLES = """
role: administrator
grants:
  plan: {create: true, read: all, update: all, delete: all, fields: {"*": write}}
  task: {create: true, read: all, update: all, delete: all, fields: {"*": write}}
  wide: {create: true, read: all, update: all, fields: {"*": write}}
---
role: finance
grants:
  plan: {read: all, fields: {name: read, price: read, begins: read}}
"""
WIDE = "object: wide\ntitle: f0\nfields:\n" + "".join(
    f"  f{n}: {{type: text, label: Field {n}}}\n" for n in range(250)
) + "sections:\n" + "".join(
    f"  - {{label: Part {n}, fields: [{', '.join(f'f{n * 25 + m}' for m in range(25))}]}}\n"
    for n in range(10)
)  # fmt: skip


TOKENS: dict[FlaskClient, str] = {}
"""The forms' token of each session."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The shipped system with objects that use every key; plans a to g."""
    folder = tmp_path_factory.mktemp("layouts")
    plan, task = PLAN.split("---")
    administrator, finance = ROLES.split("---")
    for path, text in (
        ("objects/plan.yaml", plan), ("objects/task.yaml", task), ("objects/wide.yaml", WIDE),
        ("roles/administrator.yaml", administrator), ("roles/finance.yaml", finance),
    ):  # fmt: skip
        (folder / "layer" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "layer" / path).write_text(dedent(text), encoding="utf-8")
    made = make_world(f"sqlite:///{folder / 'formwright.db'}", folder / "layer")
    plans = [
        {
            "name": f"plan {name}", "kind": "ab"[number % 2] if number < 6 else None,
            "price": str(50 * number), "begins": f"2026-03-{number + 1:02}",
            "ends": f"2026-03-{number + 10:02}", "at": f"2026-03-{number + 1:02}T01:30:00Z",
        }
        for number, name in enumerate("abcdefg")
    ]  # fmt: skip
    gate = made.site.current.gate
    gate.create(SYSTEM, "plan", plans)
    for id in (2, 3, 4):
        gate.update(SYSTEM, "plan", id, {"above": 1})
    yield made
    made.site.close()


@pytest.fixture(scope="module")
def browser(world: World) -> FlaskClient:
    return world.browser("admin")


def get(browser: FlaskClient, address: str, status: int = 200, part: bool = False) -> str:
    """A screen in English, or a part of one."""
    headers = {"Accept-Language": "en", **({"X-Part": "1"} if part else {})}
    response = browser.get(address, headers=headers)
    assert response.status_code == status, response.text[:1500]
    return response.text


def post(browser: FlaskClient, address: str, **form: str) -> TestResponse:
    """Sends a form as a script does."""
    if browser not in TOKENS:
        found = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/o/plan").text)
        assert found is not None
        TOKENS[browser] = found[1]
    data = {"csrf_token": TOKENS[browser], **form}
    headers = {"Accept": "application/json", "Accept-Language": "en"}
    return browser.post(address, data=data, headers=headers)


def test_tabs(browser: FlaskClient) -> None:
    """The first tab at first, another by its address, as a part too; unplaced lists come last."""
    page = get(browser, "/o/plan/1")
    assert re.findall(r'\?tab=(\w+)"', page) == ["main", "things", "more"]
    assert "Basics" in page and "For managers" not in page and "Boss tab" not in page
    assert 'class="fact-grid columns-3"' in page and "All about it" in page
    assert "fact is-wide" in page and 'data-fact="ends"' in page  # what no section names
    part = get(browser, "/o/plan/1?tab=things&part=tab")
    assert "<html" not in part and "Basics" not in part
    assert re.findall(r"plan (\w)</a>", part) == ["d", "c"]  # by price, two of a page
    following = re.search(r'data-part="(/o/plan/1/related/parts\?after=[^"]+)"', part)
    assert following and re.findall(r"plan (\w)</a>", get(browser, following[1])) == ["b"]
    assert get(browser, "/o/plan/1?tab=unknown").count("Basics") == 1


def test_layouts_by_role(world: World, browser: FlaskClient) -> None:
    """The first layout for a role wins; it shows less, and grants and forbids nothing."""
    page = get(world.browser("clerk"), "/o/plan/1")
    assert "Sums" in page and "Basics" not in page
    assert "list=bosses" not in get(browser, "/o/plan")


def test_sections_come_and_go(browser: FlaskClient) -> None:
    """A section is shown as long as its condition holds: on the page, the form, while typing."""
    assert "All about it" not in get(browser, "/o/plan/2")
    form = get(browser, "/o/plan/2/edit")
    assert re.search(r'data-section="\.main\.1" hidden', form)
    answer = post(browser, "/o/plan/2/preview", kind="a").get_json()
    assert answer["sections"] == []
    assert post(browser, "/o/plan/1/preview", kind="b").get_json()["sections"] == [".main.1"]


def test_short_form_stays(browser: FlaskClient) -> None:
    """`sections` are one tab: no tabs are drawn, and the new keys work there too."""
    made = post(browser, "/o/task/new", name="t", **{"plan:id": "1"}).get_json()["location"]
    page = get(browser, made)
    assert "data-tabs" not in page and '<details class="fold">' in page


def test_long_form(browser: FlaskClient) -> None:
    """250 fields: parts to go to, a place to look for a field, drawn within a second of work."""
    get(browser, "/o/wide/new")  # templates are compiled once
    assert cpu_seconds(lambda: get(browser, "/o/wide/new")) < 1
    page = get(browser, "/o/wide/new")
    assert page.count('class="field ') == 250 and "data-find-field" in page
    assert page.count('href="#section-') == 10
    assert post(browser, "/o/wide/new", f0="a", f249="z").status_code == 200


def test_groups(browser: FlaskClient) -> None:
    """Groups in the order of the options with counts and sums; rows of a group by itself."""
    page = get(browser, "/o/plan?list=grouped")
    heads = re.findall(r'group-count">(\d+)</span>.*?</small>([\d.,]+)</span></span>', page)
    assert heads == [("3", "300.00"), ("3", "450.00"), ("1", "300.00")]
    assert page.index("Alpha") < page.index("Beta") < page.index("Without a value")
    assert page.count('class="tint tint-red"') == 4  # more than 100
    rows = get(browser, "/o/plan/group?list=grouped&kind=b")
    assert re.findall(r"plan (\w)</a>", rows) == ["b", "d", "f"]
    assert "1,050.00" in page[page.index("<tfoot>") :]
    assert "_only=kind" in page
    months = get(browser, "/o/plan?list=months")
    assert "March 2026" in months and "begins.from=2026-03-01&amp;begins.to=2026-03-31" in months


def test_one_filter(browser: FlaskClient) -> None:
    """A filter above the list offers its own field and keeps the others."""
    part = get(browser, "/o/plan/filters?list=grouped&price.from=10&_only=kind", part=True)
    assert part.count('class="filter-field"') == 1
    assert '<input type="hidden" name="price.from" value="10">' in part


def test_board_of_a_choice(browser: FlaskClient) -> None:
    """Any choice makes a board: figures of its columns, and moving a card sets the choice."""
    page = get(browser, "/o/plan?list=cards")
    assert re.findall(r'data-lane="(\w*)"', page) == ["", "a", "b"]
    assert re.findall(r'lane-total">[^\d<]*([\d,]+)<', page) == ["300", "300", "450"]
    assert 'data-ways="b:=b"' in page
    table = get(browser, "/o/plan?list=cards&view=table")
    assert "<table" in table and "data-board" not in table


def test_calendar(world: World, browser: FlaskClient) -> None:
    """Records on every day that they touch; another day moves begin and end, by the gate."""
    page = get(browser, "/o/plan?list=days&_on=2026-03-20")
    assert page.count('data-event="1"') == 10 and "March 2026" in page
    assert 'data-day="2026-02-23"' in page and 'data-day="2026-04-05"' in page
    week = get(browser, "/o/plan?list=days&_on=2026-03-20&_span=week")
    assert week.count("data-day=") == 7
    assert get(browser, "/o/plan?list=days&_on=nonsense") and "No Plan" in get(
        browser, "/o/plan?list=days&_on=2001-01-01"
    )
    assert post(browser, "/o/plan/7/move", list="days", days="3").status_code == 200
    moved = post(browser, "/o/plan/7/move", list="days", days="1", version="1")
    assert moved.status_code == 412  # somebody has moved it since
    values = get(browser, "/o/plan/7")
    assert "2026-03-10" in values or "2026-03-19" in values
    assert post(browser, "/o/plan/6/move", list="hours", days="1").status_code == 200
    assert "09:30" in get(browser, "/o/plan?list=hours&_on=2026-03-07&_span=week")
    assert post(world.browser("clerk"), "/o/plan/6/move", list="days", days="1").status_code == 403


def test_time_line(browser: FlaskClient) -> None:
    """Bars from the first to the last day, in units of the month; groups by value."""
    page = get(browser, "/o/plan?list=bars&_on=2026-03-20")
    assert 'class="units units-31"' in page and "bar at-1 for-10" in page
    assert page.count("chart-group") == 3
    assert "units-90" in get(browser, "/o/plan?list=bars&_on=2026-03-20&_zoom=quarter")
    assert "units-53" in get(browser, "/o/plan?list=bars&_on=2026-03-20&_zoom=year")


def test_edges_of_a_bar(world: World, browser: FlaskClient) -> None:
    """Its beginning or end moves alone, never past the other one, and only as it was seen."""
    gate, reader = world.site.current.gate, world.site.current.reader
    id = gate.create(SYSTEM, "plan", [{"name": "edges", "begins": "2025-05-10"}])[0].id
    assert id is not None

    def days() -> list[str]:
        values = reader.one(SYSTEM, "plan", id).values
        return [str(values[name]) for name in ("begins", "ends")]

    def pull(edge: str, days: int, **more: str) -> TestResponse:
        return post(browser, f"/o/plan/{id}/move", list="bars", edge=edge, days=str(days), **more)

    page = get(browser, "/o/plan?list=bars&_on=2025-05-20")
    assert 'data-edge="begin"' in page and 'data-edge="end"' in page
    assert pull("end", 3).status_code == 200 and days() == ["2025-05-10", "2025-05-13"]
    assert pull("begin", 2).status_code == 200 and days() == ["2025-05-12", "2025-05-13"]
    for edge, by in (("begin", 2), ("end", -2)):
        refused = pull(edge, by)
        assert refused.status_code == 422
        assert "before it begins" in refused.get_json()["problems"][0]["message"]
    assert pull("end", 1, version="1").status_code == 412
    assert pull("", 1).status_code == 200 and days() == ["2025-05-13", "2025-05-14"]
    clerk = post(world.browser("clerk"), f"/o/plan/{id}/move", list="bars", edge="end", days="1")
    assert clerk.status_code == 403
    year = get(browser, "/o/plan?list=bars&_on=2025-05-20&_zoom=year")
    assert 'data-edge="end"' in year
    gate.delete(SYSTEM, "plan", [id])


def test_tree(browser: FlaskClient) -> None:
    """The top at first, with how many are below; a branch when it is unfolded; search is flat."""
    page = get(browser, "/o/plan?list=tree")
    assert re.findall(r'data-node="(\d+)"', page) == ["1", "5", "6", "7"]
    branch = re.search(r'data-part="(/o/plan/branch[^"]+)"', page)
    assert branch is not None
    rows = get(browser, branch[1].replace("&amp;", "&"))
    assert re.findall(r'data-node="(\d+)" data-version="\d+" data-level="2"', rows) == list("234")
    found = get(browser, "/o/plan?list=tree&q=plan+c")
    assert re.findall(r'data-node="(\d+)"', found) == ["3"] and 'draggable="true"' not in found
    moved = post(browser, "/o/plan/4/value/above", above="plan e", **{"above:id": "5"})
    assert moved.status_code == 200
    assert 'data-node="5" data-version="1" data-level="1" aria-level="1" aria-expanded' in get(
        browser, "/o/plan?list=tree"
    )


def test_quick(world: World, browser: FlaskClient) -> None:
    """The dialog holds its fields and the required ones; what was typed elsewhere comes along."""
    part = get(browser, "/o/plan/quick?_named=New%20plan&above=1", part=True)
    names = re.findall(r'class="field [^"]*" data-name="(\w+)"', part)
    assert names == ["name", "kind", "above"]
    assert 'value="New plan"' in part and 'value="plan a"' in part
    made = post(browser, "/o/plan/new", name="New plan", **{":quick": "1"})
    assert made.get_json()["title"] == "New plan"
    assert get(browser, "/o/plan/quick", 303) and get(browser, "/o/task/quick", 303, part=True)
    assert get(world.browser("clerk"), "/o/plan/quick", 403, part=True)
    lookup = browser.get("/o/plan/lookup?q=", headers={"Accept": "application/json"}).get_json()
    assert lookup["quick"] == "/o/plan/quick"
