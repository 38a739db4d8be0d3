"""The scheduler's tick: what is due, what rooms hand in, and what goes wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from assembly.revisions import Site
from engine.permissions.actors import SYSTEM
from engine.records.gate import Gate
from jobs.claims import Claims, real_now
from jobs.leading import Leader
from jobs.minding import LATE, LONGEST_REST, Minder
from jobs.outbox import Effect, put
from jobs.pruning import BATCH, prune_outbox
from jobs.schedules import ScheduleSetting, sync_schedules
from jobs.timers import TimerSetting, set_timers
from support.sites import NOON
from support.small import SmallSite, small_site
from support.workshop import workshop

SITE = """
object: thing
fields:
  name: {type: text}
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path, SITE) as made:
        yield made


class Follower(Leader):
    """Never leads."""

    def leading(self) -> bool:
        return False

    def resign(self) -> None:
        pass


def arm(site: SmallSite, *dues: dt.datetime) -> None:
    """A timer of its own record for each moment."""
    with site.gate.transaction(SYSTEM) as tx:
        settings = [TimerSetting("t", "thing", n, due) for n, due in enumerate(dues, 1)]
        set_timers(tx, settings)


def kinds(site: SmallSite) -> list[str]:
    """The kinds of the effects that wait."""
    return [row["kind"] for row in site.rows("fw_outbox") if row["status"] == "waiting"]


def test_does_what_is_due(site: SmallSite) -> None:
    """Timers and schedules fire; afterwards it rests until the next moment, at most a second."""
    minder = Minder(lambda: site.gate)
    assert minder.tick() == LONGEST_REST
    arm(site, NOON - dt.timedelta(seconds=1), NOON + dt.timedelta(seconds=60.25))
    with site.gate.transaction(SYSTEM) as tx:
        sync_schedules(tx, [ScheduleSetting("s", "* * * * *", ZoneInfo("UTC"))])
    assert minder.tick() == 0
    assert (kinds(site), minder.tick()) == (["timer"], LONGEST_REST)
    site.clock.turn(seconds=60)
    assert (minder.tick(), kinds(site)) == (0, ["timer", "schedule"])
    assert minder.tick() == 0.25
    minder.resign()


def test_thousands_that_are_due(site: SmallSite) -> None:
    """One tick goes on while there are more."""
    arm(site, *[NOON] * 1_700)
    minder = Minder(lambda: site.gate)
    minder.tick()
    assert len(kinds(site)) == 1_700
    minder.resign()


def test_lost_leases(site: SmallSite) -> None:
    """What a dead process held waits again."""
    with site.gate.transaction(SYSTEM) as tx:
        put(tx, [Effect(kind="x")])
    table = site.gate.tables.system("fw_outbox")
    assert Claims(site.databases, table, "dead").take("default", NOON, 1)
    minder = Minder(lambda: site.gate)
    minder.tick()
    assert kinds(site) == []
    with site.databases.writing() as connection:
        connection.execute(sa.update(table).values(lease=real_now() - dt.timedelta(seconds=1)))
    minder.tick()
    assert kinds(site) == ["x"]
    minder.resign()


def test_who_follows(site: SmallSite) -> None:
    """One that does not lead does only what is late, and nothing that rooms hand in."""
    called: list[str] = []
    minder = Minder(
        lambda: site.gate,
        sync=[lambda gate: called.append("sync")],
        extra=[lambda: called.append("extra")],
        leader=Follower(),
    )
    arm(site, NOON, NOON - LATE)
    minder.tick()
    assert [row["record"] for row in site.rows("fw_timer") if row["status"] == "waiting"] == []
    assert called == []


def test_follower_leaves_what_is_not_late(site: SmallSite) -> None:
    """A moment that has just come is the leader's."""
    arm(site, NOON)
    minder = Minder(lambda: site.gate, leader=Follower())
    assert (minder.tick(), kinds(site)) == (LONGEST_REST, [])


def test_what_rooms_hand_in(site: SmallSite) -> None:
    """`sync` when it begins to lead, `extra` at every tick, `pruning` until there is none left."""
    left, called = [3, 2, 0, 9], []

    def prune(gate: Gate) -> int:
        called.append("prune")
        return left.pop(0)

    minder = Minder(
        lambda: site.gate,
        sync=[lambda gate: called.append(f"sync {gate.revision}")],
        extra=[lambda: called.append("extra")],
        pruning=[prune],
    )
    minder.tick()
    minder.tick()
    assert called == ["sync 1", "prune", "prune", "prune", "extra", "extra"]
    minder.resign()


def test_one_failure(site: SmallSite, caplog: pytest.LogCaptureFixture) -> None:
    """What goes wrong is logged and rests for a while; everything else goes on."""
    calls = []

    def broken() -> None:
        calls.append("called")
        raise ValueError("a mistake")

    minder = Minder(lambda: site.gate, extra=[broken])
    arm(site, NOON)
    minder.tick()
    minder.tick()
    assert (calls, kinds(site)) == (["called"], ["timer"])
    assert "a mistake" in caplog.text
    minder.resign()


def test_new_revision(database_url: str, tmp_path: Path) -> None:
    """A tick takes the new revision and brings timers into line with it, before it fires."""
    called: list[int] = []
    with workshop(tmp_path / "layer", database_url) as shop:
        shop.write(thing="fields: {name: {type: text}}").apply()
        site = Site(shop.databases)
        minder = Minder(
            site.gate, renewed=site.renew, sync=[lambda gate: called.append(gate.revision)]
        )
        minder.tick()
        shop.write(thing="fields: {name: {type: text}, code: {type: text}}").apply()
        minder.tick()
        minder.tick()
        assert (called, site.current.revision) == ([1, 2], 2)
        minder.resign()


def test_revision_that_is_not_understood(site: SmallSite) -> None:
    """A process too old for the revision in force does nothing and does not lead."""
    arm(site, NOON)
    with site.databases.writing() as connection:
        connection.exec_driver_sql("UPDATE fw_state SET value = '9' WHERE name = 'revision'")
    minder = Minder(lambda: site.gate)
    assert (minder.tick(), minder.leader.leading()) == (LONGEST_REST, True)
    minder.resign()


def test_pruning(site: SmallSite) -> None:
    """Done for a week, or failed for ninety days: gone, in batches; the highest id stays."""
    days = {"done": (6, 8), "failed": (80, 100), "cancelled": (80, 100), "waiting": (0, 200)}
    table = site.gate.tables.system("fw_outbox")
    with site.gate.transaction(SYSTEM) as tx:
        put(tx, [Effect(kind=f"{status}-{age}") for status, ages in days.items() for age in ages])
        for status, ages in days.items():
            for age in ages:
                tx.connection.execute(
                    sa.update(table)
                    .where(table.c.kind == f"{status}-{age}")
                    .values(status=status, finished=NOON - dt.timedelta(days=age))
                )
        put(tx, [Effect(kind="last")] * (BATCH + 2))
        last = table.c.kind == "last"
        old = NOON - dt.timedelta(days=9)
        tx.connection.execute(sa.update(table).where(last).values(status="done", finished=old))
    counts = []
    while (count := prune_outbox(site.gate)) and len(counts) < 9:
        counts.append(count)
    assert (sum(counts), max(counts)) == (BATCH + 1 + 3, BATCH)
    assert [row["kind"] for row in site.rows("fw_outbox")] == [
        "done-6", "failed-80", "cancelled-80", "waiting-0", "waiting-200", "last",
    ]  # fmt: skip
