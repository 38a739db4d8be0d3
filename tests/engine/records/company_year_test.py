"""Working days and fiscal years by the company's own records, in formulas, filters and defaults."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from support.small import KINDS_OF_DATABASE, SmallSite, codes, loaded, small_site

SITE = """
site: Small
time_zone: Asia/Shanghai
working_calendar: {object: special_day, date: day, kind: what, working: [shift]}
fiscal_year: house.begins
---
object: special_day
owned: false
title: name
fields:
  name: {type: text}
  day: {type: date}
  what: {type: choice, options: {off: Off, shift: Worked}}
---
object: house
kind: settings
fields:
  begins: {type: integer, default: 4, min: 1, max: 12}
---
object: task
owned: false
title: name
fields:
  name: {type: text}
  begun: {type: date}
  days: {type: integer, default: 3}
  due: {type: date, default_from: "add_workdays(begun, 2)"}
  end: {type: date, formula: "add_workdays(begun, days)"}
  took: {type: integer, formula: "workdays_between(begun, due)"}
  year: {type: integer, formula: fiscal_year(begun)}
checks:
  - {that: "begun is empty or is_workday(begun)", field: begun, say: Choose a working day.}
"""


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("days"), SITE) as made:
        for day, what in (
            ("2026-02-16", "off"), ("2026-02-17", "off"), ("2026-02-14", "shift"),
        ):  # fmt: skip
            made.create("special_day", name=day, day=day, what=what)
        yield made


def test_days(site: SmallSite) -> None:
    """Defaults, formulas, checks and filters go by the calendar as it is now."""
    id = site.create("task", name="a", begun="2026-02-13")
    expected = [dt.date(2026, 2, 18), dt.date(2026, 2, 19), 2, 2026]
    assert site.values("task", id, "due", "end", "took", "year") == expected
    asked = 'workdays_between(begun, date("2026-02-19")) == 3 and fiscal_quarter(begun) == 4'
    assert id in site.ids("task", where=asked)
    later = site.create("special_day", name="x", day="2026-02-18", what="off")
    assert site.values("task", id, "end", "took") == [dt.date(2026, 2, 20), 1]
    assert id not in site.ids("task", where=asked)
    site.delete("special_day", later)
    assert id in site.ids("task", where=asked)
    refused = codes(partial(site.create, "task", begun="2026-02-17"))
    assert refused == [("check-failed", "begun")]
    site.create("task", begun="2026-02-14")


def test_the_fiscal_year_is_a_setting(site: SmallSite) -> None:
    """Changed in the browser, it counts at once."""
    id = site.create("task", begun="2026-04-01")
    assert site.values("task", id, "year") == [2027]
    site.gate.update(SYSTEM, "house", 1, {"begins": 1})
    assert site.values("task", id, "year") == [2026]
    site.gate.update(SYSTEM, "house", 1, {"begins": 4})


def test_what_is_stored_cannot_depend_on_it(tmp_path: Path) -> None:
    """As with settings: a stored formula would be wrong when the calendar changes."""
    text = SITE.replace("formula: fiscal_year(begun)", "stored: true, formula: fiscal_year(begun)")
    (problem,) = loaded(tmp_path, text).problems
    assert "settings" in problem.sentence("en") and "task.yaml" in problem.line()
