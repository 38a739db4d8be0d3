"""Schedules: kept in line with the definitions, fired once, missed times by policy."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.permissions.actors import SYSTEM
from jobs.schedules import ScheduleSetting, fire_schedules, sync_schedules
from support.sites import NOON
from support.small import SmallSite, small_site

SITE = """
object: thing
fields:
  name: {type: text}
"""
ZONE = ZoneInfo("Asia/Shanghai")
HOUR = dt.timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path, SITE) as made:
        yield made


def sync(site: SmallSite, *settings: tuple[str, str] | tuple[str, str, str]) -> None:
    """Schedules (name, cron[, missed]) and no others."""
    with site.gate.transaction(SYSTEM) as tx:
        sync_schedules(tx, [ScheduleSetting(s[0], s[1], ZONE, *s[2:]) for s in settings])


def state(site: SmallSite) -> dict[str, tuple[Any, Any]]:
    """The next and the last time of each schedule."""
    return {row["name"]: (row["next"], row["last"]) for row in site.rows("fw_schedule")}


def runs(site: SmallSite) -> list[tuple[str, dt.timedelta, int]]:
    """The effects so far: name, time since noon, missed times."""
    found = []
    for row in site.rows("fw_outbox"):
        assert row["kind"] == "schedule"
        payload = json.loads(row["payload"])
        at = dt.datetime.fromisoformat(payload["at"])
        found.append((payload["name"], at - NOON, payload["missed"]))
    return found


def test_fires_once_each_time(site: SmallSite) -> None:
    """An hourly schedule: nothing before its time, one effect at it, then the next hour."""
    sync(site, ("hourly", "0 * * * *"))
    assert fire_schedules(site.gate) == 0
    site.clock.turn(hours=1, seconds=2)
    assert fire_schedules(site.gate) == 1
    assert fire_schedules(site.gate) == 0
    assert state(site) == {"hourly": (NOON + 2 * HOUR, NOON + HOUR)}
    site.clock.turn(hours=1)
    assert fire_schedules(site.gate) == 1
    assert runs(site) == [("hourly", HOUR, 0), ("hourly", 2 * HOUR, 0)]


def test_synced(site: SmallSite) -> None:
    """Added, changed and removed; what stays keeps a time that has come but not fired yet."""
    sync(site, ("a", "0 * * * *"), ("b", "0 * * * *"), ("c", "0 * * * *"))
    site.clock.turn(hours=1)
    assert fire_schedules(site.gate) == 3
    site.clock.turn(hours=1, minutes=5)
    sync(site, ("a", "0 * * * *"), ("b", "30 * * * *"), ("d", "0 * * * *"))
    assert state(site) == {
        "a": (NOON + 2 * HOUR, NOON + HOUR),
        "b": (NOON + 2.5 * HOUR, NOON + HOUR),
        "d": (NOON + 3 * HOUR, None),
    }
    sync(site, ("a", "0 * * * *", "skip"))
    assert state(site) == {"a": (NOON + 2 * HOUR, NOON + HOUR)}


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        ("once", [("s", 4 * HOUR, 3)]),
        ("all", [("s", HOUR, 0), ("s", 2 * HOUR, 0), ("s", 3 * HOUR, 0), ("s", 4 * HOUR, 0)]),
        ("skip", []),
    ],
)
def test_missed(site: SmallSite, missed: str, expected: list[Any]) -> None:
    """Down for four hours and a half: one run, all four, or none; then it goes on as ever."""
    sync(site, ("s", "0 * * * *", missed))
    site.clock.turn(hours=4.5)
    fire_schedules(site.gate)
    assert runs(site) == expected
    assert state(site) == {"s": (NOON + 5 * HOUR, NOON + 4 * HOUR)}
    site.clock.turn(hours=0.5)
    fire_schedules(site.gate)
    assert runs(site) == [*expected, ("s", 5 * HOUR, 0)]


def test_a_little_late(site: SmallSite) -> None:
    """`skip` does not skip a time that came some minutes ago; the ones before it are skipped."""
    sync(site, ("s", "0 * * * *", "skip"))
    site.clock.turn(hours=3, minutes=4)
    fire_schedules(site.gate)
    assert runs(site) == [("s", 3 * HOUR, 2)]


def test_too_many_missed(site: SmallSite) -> None:
    """A month of minutes: the latest hundred run, the others are counted, up to a thousand."""
    sync(site, ("s", "* * * * *", "all"))
    site.clock.turn(days=30)
    assert fire_schedules(site.gate) == 100
    found = runs(site)
    assert found[-1] == ("s", dt.timedelta(days=30), 0)
    assert found[0] == ("s", dt.timedelta(days=30, minutes=-99), 900)


def test_fires_in_the_order_of_time(site: SmallSite) -> None:
    """Several that are due: the earliest first."""
    sync(site, ("late", "30 * * * *"), ("early", "10 * * * *"))
    site.clock.turn(hours=0.75)
    assert fire_schedules(site.gate) == 2
    assert [name for name, _, _ in runs(site)] == ["early", "late"]


def test_fires_once_by_many(site: SmallSite) -> None:
    """Eight threads fire at once: one effect for each time."""
    sync(site, *[(f"s{number}", "0 * * * *") for number in range(5)])
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            site.clock.turn(hours=1)
            counts = list(pool.map(lambda _: fire_schedules(site.gate), range(8)))
            assert sum(counts) == 5
    assert Counter(runs(site)) == Counter(
        (f"s{number}", hour * HOUR, 0) for number in range(5) for hour in range(1, 4)
    )
