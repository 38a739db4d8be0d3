"""Durations, telephone numbers, people, teams, series and QR codes in records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from engine.records.changes import CREATE, Change
from engine.records.serial import to_json
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, codes, small_site

SITE = (
    PEOPLE.replace("currency:", "teams: {object: team}\ncurrency:")
    + """
---
object: team
fields:
  name: {type: text}
  lead: {type: person, on_delete: clear}
---
object: visit
fields:
  name: {type: text}
  job: {type: link, to: job, on_delete: cascade}
  took: {type: duration, default: 30 min}
---
object: job
number: "J-{seq:03}"
search: [number, phone]
fields:
  starts: {type: moment}
  ends: {type: moment}
  took: {type: duration, formula: ends - starts}
  from_day: {type: date}
  to_day: {type: date}
  days: {type: duration, formula: to_day - from_day}
  plan: {type: duration}
  late: {type: boolean, formula: took > hours(2)}
  over: {type: duration, formula: took - plan + minutes(5), stored: false}
  hours: {type: number, scale: 4, formula: hours_in(took)}
  visits: {type: related, of: visit}
  spent: {type: duration, rollup: sum(v.took for v in visits)}
  longest: {type: duration, rollup: max(v.took for v in visits)}
  spent_now: {type: duration, formula: sum(v.took for v in visits), stored: false}
  phone: {type: phone}
  fax: {type: phone, country: DE}
  who: {type: person}
  by: {type: team, on_delete: clear}
  done: {type: boolean}
  invoice: {type: series, pattern: "INV-{year}-{seq:03}", when: done}
  ticket: {type: series, pattern: "T{seq}", gapless: true}
  parts: {type: lines, of: part}
  code: {type: qr, of: '"https://example.com/" + number'}
---
object: part
fields:
  job: {type: link, to: job}
  tag: {type: series, pattern: "P{seq}"}
  note: {type: long_text}
---
role: clerk
historical_import: true
grants:
  job: {create: true, read: all, update: all, delete: all, import: true, fields: {"*": write}}
  part: {fields: {"*": write}}
  visit: {create: true, read: all, update: all, delete: all, fields: {"*": write}}
  person: {read: all, fields: {"*": read}}
"""
)
CLERK = actor(None, "clerk")


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("kept"), SITE) as made:
        yield made


def shown(site: SmallSite, id: int, *names: str) -> list[Any]:
    """Values of a job as JSON."""
    found = to_json(site.application.catalog, site.reader.one(CLERK, "job", id))
    return [found[name] for name in names]


def test_durations(site: SmallSite) -> None:
    """Differences of moments and of days, comparison, arithmetic and hours, in both readings."""
    id = site.create(
        "job", CLERK, starts="2026-01-01T08:00:00Z", ends="2026-01-01T11:30:00.6Z", plan="1.5 h",
        from_day="2026-01-01", to_day="2026-01-03",
    )  # fmt: skip
    names = ("took", "days", "plan", "late", "over", "hours")
    assert shown(site, id, *names) == [
        "PT3H30M1S", "PT48H", "PT1H30M", True, "PT2H5M1S", "3.5003"
    ]  # fmt: skip
    for condition in (
        "took > plan + hours(2)", "days == days(2)", "over > hours(2) and over < hours(3)",
        "hours_in(plan) == 1.5", "took - plan > minutes(119)",
    ):  # fmt: skip
        assert site.ids("job", CLERK, where=f"id == {id} and {condition}") == [id], condition
    assert site.ids("job", CLERK, filters={"plan": "90 min", "id": id}) == [id]
    other = site.create("job", CLERK, plan="PT1M")
    assert site.ids("job", CLERK, sort=("plan",), filters={"id": [id, other]}) == [other, id]
    first = site.page("job", CLERK, sort=("-plan",), filters={"id": [id, other]}, limit=1)
    second = site.page("job", CLERK, sort=("-plan",), filters={"id": [id, other]}, limit=1,
                       after=first.next)  # fmt: skip
    assert [r.id for r in (*first.items, *second.items)] == [id, other]


def test_sums_of_durations(site: SmallSite) -> None:
    """Rollups over durations begin at nothing and follow every change."""
    id = site.create("job", CLERK)
    names = ("spent", "longest", "spent_now")
    assert shown(site, id, *names) == ["PT0S", None, "PT0S"]
    visit = site.create("visit", CLERK, job=id)
    site.create("visit", CLERK, job=id, took="1:15")
    assert shown(site, id, *names) == ["PT1H45M", "PT1H15M", "PT1H45M"]
    site.update("visit", visit, CLERK, took="PT2H")
    assert shown(site, id, *names) == ["PT3H15M", "PT2H", "PT3H15M"]
    site.delete("visit", visit, actor=CLERK)
    assert shown(site, id, *names) == ["PT1H15M", "PT1H15M", "PT1H15M"]


def test_telephone_numbers(site: SmallSite) -> None:
    """Kept in one form; search finds them by digits, however they are grouped."""
    id = site.create("job", CLERK, phone="0755-6666 7777 转 12", fax="030 123456")
    assert shown(site, id, "phone", "fax") == ["+8675566667777;ext=12", "+4930123456"]
    for typed in ("0755-6666-7777", "6666 7777", "+86 755 6666", "66667777", "(0755)6666"):
        assert site.ids("job", CLERK, words=typed) == [id], typed
    assert site.ids("job", CLERK, words="0755 9999 7777") == []
    assert codes(lambda: site.create("job", CLERK, phone="12")) == [("phone-not-readable", "phone")]
    for where, found in (
        ('phone == "0755 66667777 转 12"', True), ('"0755-6666-7777 ext 12" == phone', True),
        ('phone in ["1", "(0755) 66667777 转12"]', True), ('fax == "030-123456"', True),
        ('phone == "030-123456"', False), ('phone != "0755 66667777 转 12"', False),
        ('phone == "nonsense"', False),
    ):  # fmt: skip
        assert (id in site.ids("job", CLERK, where=where)) is found, where


def test_people_and_teams(site: SmallSite) -> None:
    """Links whose target the site names; what the role may not see does not show."""
    person = site.create("person", name="陈")
    team = site.create("team", name="North", lead=person)
    id = site.create("job", who=person, by=team)
    assert site.values("job", id, "who", "by") == [person, team]
    assert shown(site, id, "who", "by") == [
        {"id": person, "title": "陈"}, {"id": None, "title": None, "restricted": True}
    ]  # fmt: skip
    site.delete("team", team)
    assert site.values("job", id, "by") == [None]


def test_series(site: SmallSite) -> None:
    """Taken when the condition first holds, kept ever after, and never entered by hand."""
    one = site.create("job", CLERK, parts=[{"note": "a\nb"}, {}])
    number, invoice, ticket = shown(site, one, "number", "invoice", "ticket")
    assert invoice is None and ticket.startswith("T")
    lines = site.reader.one(CLERK, "job", one).values["parts"]
    one_tag, next_tag = (int(line.values["tag"][1:]) for line in lines)
    assert next_tag == one_tag + 1
    site.update("job", one, CLERK, done=True)
    (first,) = shown(site, one, "invoice")
    site.update("job", one, CLERK, done=False)
    two = site.create("job", CLERK, done=True)
    assert shown(site, one, "number", "invoice", "ticket") == [number, first, ticket]
    (second,) = shown(site, two, "invoice")
    assert first.startswith("INV-2026-") and int(second[-3:]) == int(first[-3:]) + 1
    assert codes(lambda: site.update("job", one, CLERK, invoice="INV-1")) == [
        ("system-field", "invoice")
    ]


def test_imported_series(site: SmallSite) -> None:
    """History brings its numbers, and the counter goes on behind them."""
    with site.gate.transaction(CLERK, historical=True) as tx:
        change = Change(given={"invoice": "INV-2026-500", "done": True})
        site.gate.pass_steps(tx, "job", CREATE, [change])
    assert site.values("job", change.id or 0, "invoice") == ["INV-2026-500"]
    id = site.create("job", CLERK, done=True)
    assert site.values("job", id, "invoice") == ["INV-2026-501"]


def test_qr(site: SmallSite) -> None:
    """Its text is computed when read, and can be asked for like any other."""
    id = site.create("job", CLERK)
    number, code = shown(site, id, "number", "code")
    assert code == f"https://example.com/{number}"
    assert site.ids("job", SYSTEM, where=f'code == "{code}"') == [id]
    assert codes(lambda: site.update("job", id, CLERK, code="x")) == [("computed-field", "code")]
