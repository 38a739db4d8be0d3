"""Several schedulers as real processes: one at work, taken over, and harmless together."""

from __future__ import annotations

import datetime as dt
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from assembly.establishing import establish
from engine.permissions.actors import SYSTEM
from engine.schema.engines import open_databases
from jobs.claims import real_now
from jobs.leading import Leader, leader_for
from jobs.timers import TimerSetting, set_timers
from support.schedulers import FIRING, eventually, says, scheduler, started
from support.sites import Clock
from support.small import SmallSite, small_site, write_files

SITE = """
object: thing
fields:
  name: {type: text}
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path, SITE) as made:
        made.clock.now = real_now()
        yield made


def url_of(site: SmallSite) -> str:
    return site.databases.url.render_as_string(hide_password=False)


def arm(site: SmallSite, count: int, seconds: float) -> None:
    """So many timers, due in so many seconds."""
    site.clock.now = real_now()
    due = real_now() + dt.timedelta(seconds=seconds)
    with site.gate.transaction(SYSTEM) as tx:
        known = max((row["record"] for row in site.rows("fw_timer")), default=0)
        settings = [TimerSetting("t", "thing", known + n, due) for n in range(1, count + 1)]
        set_timers(tx, settings)


def fired(site: SmallSite) -> int:
    return len(site.rows("fw_outbox"))


def led(candidate: Leader) -> bool:
    """Whether somebody else leads; what is asked with is given back."""
    try:
        return not candidate.leading()
    finally:
        candidate.resign()


def test_killed_leader_is_replaced(site: SmallSite, tmp_path: Path) -> None:
    """Two schedulers; the one at work is killed: the other fires, within five seconds."""
    with ExitStack() as stack:
        first = stack.enter_context(scheduler(url_of(site), tmp_path))
        says(first, "leading")
        second = stack.enter_context(scheduler(url_of(site), tmp_path))
        says(second, "following")
        arm(site, 3, seconds=1)
        eventually(lambda: fired(site) == 3)
        first.kill()
        arm(site, 2, seconds=0)
        assert eventually(lambda: fired(site) == 5) < 5
        says(second, "leading")


def test_hanging_leader_holds_nothing_up(site: SmallSite, tmp_path: Path) -> None:
    """The one at work hangs, and so goes on leading: what is late is done by the other one."""
    candidate = leader_for(site.databases)
    with ExitStack() as stack:
        first = stack.enter_context(scheduler(url_of(site), tmp_path))
        says(first, "leading")
        says(stack.enter_context(scheduler(url_of(site), tmp_path)), "following")
        first.send_signal(signal.SIGSTOP)
        arm(site, 2, seconds=0)
        assert eventually(lambda: fired(site) == 2) < 10
        assert led(candidate)


def test_ends_in_good_order(site: SmallSite, tmp_path: Path) -> None:
    """SIGTERM ends it at once, with status 0; nobody leads afterwards."""
    candidate = leader_for(site.databases)
    with scheduler(url_of(site), tmp_path) as process:
        says(process, "leading")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert not led(candidate)


def test_once(site: SmallSite, tmp_path: Path) -> None:
    """`--once` does what is due and ends; while another one leads it leaves it to that."""
    arm(site, 600, seconds=-1)
    command = ("-m", "cli.main", "scheduler", "--once")
    with started(*command, url=url_of(site), folder=tmp_path) as process:
        assert process.wait(60) == 0
    assert fired(site) == 600
    candidate = leader_for(site.databases)
    assert candidate.leading()
    with started(*command, url=url_of(site), folder=tmp_path) as process:
        _, said = process.communicate(timeout=60)
        assert (process.returncode, "another scheduler" in said) == (0, True)
    candidate.resign()


def test_exactly_once_by_four(site: SmallSite, tmp_path: Path) -> None:
    """Four processes compete for 1,000 due timers: each fires once, and on PostgreSQL all help."""
    arm(site, 1_000, seconds=-5)
    with ExitStack() as stack:
        command = ("-c", FIRING, url_of(site))
        processes = [
            stack.enter_context(started(*command, url=url_of(site), folder=tmp_path))
            for _ in range(4)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        outputs = [process.communicate("go\n", timeout=60)[0] for process in processes]
    counts = Counter(row["record"] for row in site.rows("fw_outbox"))
    assert counts == Counter(range(1, 1_001))
    total = sum(int(line) for output in outputs for line in output.split())
    assert total == 1_000


def test_database_goes_and_comes_back(postgres_url: str, tmp_path: Path) -> None:
    """All connections are cut and new ones refused for a while: then it is at work again."""
    (tmp_path / "layer").mkdir()
    layer = write_files(tmp_path / "layer", SITE)
    databases = open_databases(postgres_url)
    site = SmallSite(establish(databases, [layer], clock=real_now), databases, Clock())
    name = databases.url.database
    elsewhere = databases.url.set(database="postgres")
    maintenance = sa.create_engine(elsewhere, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    def open_to_all(yes: bool) -> None:
        with maintenance.connect() as connection:
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {yes}')

    with scheduler(postgres_url, tmp_path) as process:
        says(process, "leading")
        open_to_all(False)
        with maintenance.connect() as connection:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.exec_driver_sql(cut, (name,))
        says(process, "unreachable")
        open_to_all(True)
        says(process, "reachable")
        arm(site, 1, seconds=0)
        eventually(lambda: fired(site) == 1)
    databases.dispose()
