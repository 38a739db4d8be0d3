"""Timers: armed, moved, called off, fired once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.permissions.actors import SYSTEM
from jobs.timers import (
    TimerSetting,
    fire_due,
    release,
    remove_timers,
    set_timers,
)
from support.sites import NOON
from support.small import SmallSite, small_site

SITE = """
object: thing
fields:
  name: {type: text}
"""
DAY = dt.timedelta(days=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path, SITE) as made:
        yield made


def arm(site: SmallSite, *timers: tuple[str, int, dt.datetime | None]) -> None:
    """Sets timers (name, record, due) in one transaction."""
    with site.gate.transaction(SYSTEM) as tx:
        set_timers(tx, [TimerSetting(name, "thing", record, due) for name, record, due in timers])


def state(site: SmallSite) -> list[tuple[str, int, str, dt.datetime | None]]:
    """The timers there are."""
    rows = sorted(site.rows("fw_timer"), key=lambda row: (row["name"], row["record"]))
    return [(row["name"], row["record"], row["status"], row["due"]) for row in rows]


def fired(site: SmallSite) -> list[tuple[str, str, int, str]]:
    """The effects so far: name, object, record, due."""
    rows = [row for row in site.rows("fw_outbox") if row["kind"] == "timer"]
    return [
        (payload["name"], row["object"], row["record"], payload["due"])
        for row in rows
        for payload in [json.loads(row["payload"])]
    ]


def test_fires_once(site: SmallSite) -> None:
    """A timer fires when its moment has come, one effect, and never again."""
    arm(site, ("expires", 7, NOON + DAY))
    assert fire_due(site.gate) == 0
    site.clock.turn(days=1)
    assert fire_due(site.gate) == 1
    assert fire_due(site.gate) == 0
    assert fired(site) == [("expires", "thing", 7, (NOON + DAY).isoformat())]
    assert state(site) == [("expires", 7, "fired", NOON + DAY)]


def test_order(site: SmallSite) -> None:
    """What was due first comes first, whatever order it was set in; `most` is the most."""
    arm(site, ("a", 1, NOON + 3 * DAY), ("a", 2, NOON + DAY), ("b", 3, NOON + 2 * DAY))
    site.clock.turn(days=5)
    assert [fire_due(site.gate, most=2), fire_due(site.gate, most=2)] == [2, 1]
    assert [record for _, _, record, _ in fired(site)] == [2, 3, 1]


def test_moves(site: SmallSite) -> None:
    """A timer that is set again is moved; several settings at once: the last counts."""
    arm(site, ("expires", 7, NOON + DAY))
    arm(site, ("expires", 7, NOON + 2 * DAY), ("expires", 7, NOON + 3 * DAY))
    site.clock.turn(days=2)
    assert fire_due(site.gate) == 0
    site.clock.turn(days=1)
    assert fire_due(site.gate) == 1
    assert len(state(site)) == 1


def test_called_off(site: SmallSite) -> None:
    """Without a moment it does not fire; there need not have been one before."""
    arm(site, ("expires", 7, NOON + DAY))
    arm(site, ("expires", 7, None), ("expires", 8, None))
    site.clock.turn(days=2)
    assert fire_due(site.gate) == 0
    assert state(site) == [("expires", 7, "idle", None)]
    arm(site, ("expires", 7, NOON + DAY))
    assert fire_due(site.gate) == 1


def test_not_again_for_the_same_moment(site: SmallSite) -> None:
    """The same moment set again by later saves does not fire again, also after a detour."""
    arm(site, ("expires", 7, NOON))
    assert fire_due(site.gate) == 1
    arm(site, ("expires", 7, NOON))
    arm(site, ("expires", 7, None))
    assert state(site) == [("expires", 7, "fired", NOON)]
    arm(site, ("expires", 7, NOON + DAY))
    assert state(site) == [("expires", 7, "waiting", NOON + DAY)]
    arm(site, ("expires", 7, None))
    arm(site, ("expires", 7, NOON))
    assert state(site) == [("expires", 7, "fired", NOON)]
    site.clock.turn(days=3)
    assert fire_due(site.gate) == 0


def test_another_moment_fires(site: SmallSite) -> None:
    """After it has fired, another moment arms it anew."""
    arm(site, ("expires", 7, NOON))
    assert fire_due(site.gate) == 1
    arm(site, ("expires", 7, NOON - DAY))
    assert fire_due(site.gate) == 1
    assert [due for _, _, _, due in fired(site)] == [NOON.isoformat(), (NOON - DAY).isoformat()]


def test_released(site: SmallSite) -> None:
    """A timer whose condition did not hold may be armed for the same moment again."""
    arm(site, ("expires", 7, NOON))
    assert fire_due(site.gate) == 1
    with site.gate.transaction(SYSTEM) as tx:
        release(tx, "expires", "thing", 7, NOON)
    assert state(site) == [("expires", 7, "idle", NOON)]
    assert fire_due(site.gate) == 0
    arm(site, ("expires", 7, NOON))
    assert fire_due(site.gate) == 1


def test_released_too_late(site: SmallSite) -> None:
    """A timer that was moved meanwhile stays armed."""
    arm(site, ("expires", 7, NOON))
    assert fire_due(site.gate) == 1
    arm(site, ("expires", 7, NOON + DAY))
    with site.gate.transaction(SYSTEM) as tx:
        release(tx, "expires", "thing", 7, NOON)
    assert state(site) == [("expires", 7, "waiting", NOON + DAY)]


def test_rolled_back(site: SmallSite) -> None:
    """A timer of a transaction that failed was never set."""
    with pytest.raises(RuntimeError):
        with site.gate.transaction(SYSTEM) as tx:
            set_timers(tx, [TimerSetting("expires", "thing", 7, NOON)])
            raise RuntimeError
    assert state(site) == []


def test_forgotten(site: SmallSite) -> None:
    """All timers of some names can be forgotten."""
    arm(site, ("a", 1, NOON), ("b", 1, NOON), ("b", 2, NOON), ("c", 1, NOON))
    with site.gate.transaction(SYSTEM) as tx:
        assert remove_timers(tx, ["b", "c", "x"]) == 3
        assert remove_timers(tx, []) == 0
    assert [name for name, *_ in state(site)] == ["a"]


def test_many_at_once(site: SmallSite) -> None:
    """Thousands are set, moved and called off set-wise."""
    count = 12_000
    arm(site, *[("a", record, NOON + DAY) for record in range(count)])
    arm(site, *[("a", record, NOON if record % 2 else None) for record in range(count)])
    assert fire_due(site.gate, most=count) == count // 2
    assert {row["record"] % 2 for row in site.rows("fw_outbox")} == {1}
