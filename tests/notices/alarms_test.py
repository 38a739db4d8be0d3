"""Alarms on unusual reading, with a clock that is turned."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest

from engine.definition.alarms import ReadingAlarm
from engine.permissions.actors import Actor
from exchange.exporting import ExportOrder, export_records
from notices.alarms import raise_alarms, unusual
from support.small import PEOPLE, SmallSite, actor, small_site

SITE = (
    PEOPLE.replace(
        "departments: {", "alarms: {much: {minutes: 10, records: 60, factor: 3}}\ndepartments: {"
    )
    + """
---
object: thing
owned: false
audit: {opened: true}
fields:
  name: {type: text}
---
role: reader
grants:
  thing: {read: all, export: all, fields: {"*": read}}
---
role: boss
administer: true
"""
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    """Thirty things to be read."""
    with small_site(request.param, tmp_path_factory.mktemp("alarms"), SITE) as made:
        for number in range(30):
            made.create("thing", name=f"thing {number}")
        yield made


def opens(site: SmallSite, me: Actor, count: int) -> None:
    for number in range(count):
        site.application.reader.one(me, "thing", number % 30 + 1)
    site.databases.accesses.flush()


def test_fixed_limit(site: SmallSite) -> None:
    """Told once in an hour, with the figures; opened and exported records count together."""
    me = actor(site.create("person", name="Curious {name}"), "reader")
    opens(site, me, 40)
    assert raise_alarms(site.gate) == 0
    export_records(site.application.reader, me, ExportOrder(object="thing"), io.BytesIO())
    assert raise_alarms(site.gate) == 1
    assert raise_alarms(site.gate) == 0
    notice = [row for row in site.rows("fw_outbox") if row["kind"] == "notice"][-1]
    payload = json.loads(notice["payload"])
    assert payload["roles"] == ["boss"]
    assert payload["title"]["en"] == "Curious (name) has read 70 records within 10 minutes"
    assert "60" in payload["text"]["zh"]
    row = [r for r in site.rows("fw_audit") if r["action"] == "alarm"][-1]
    said = {"rule": "much", "count": 70, "minutes": 10, "limit": 60, "usual": 0}
    assert (row["actor"], json.loads(row["data"])) == (me.person, said)
    site.clock.turn(minutes=61)
    assert raise_alarms(site.gate) == 0
    opens(site, me, 61)
    assert raise_alarms(site.gate) == 1


def test_own_usual(site: SmallSite) -> None:
    """Somebody who reads eight records on a usual day is told of at twenty-five."""
    me = actor(site.create("person", name="Steady"), "reader")
    for count in (8, 7, 9):
        site.clock.turn(days=1)
        opens(site, me, count)
    site.clock.turn(days=1)
    rule = ReadingAlarm(name="much", minutes=10, records=60, factor=3)
    opens(site, me, 24)
    assert unusual(site.gate, rule) == []
    opens(site, me, 1)
    (found,) = unusual(site.gate, rule)
    assert (found.person, found.count, found.limit, found.usual) == (me.person, 25, 24, 8)
    site.clock.turn(minutes=11)
    assert unusual(site.gate, rule) == []
