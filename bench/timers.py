"""What waiting timers cost the scheduler, how fast they are set, and how fast they fire."""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assembly.establishing import establish
from bench.measuring import Figure, Meter, meter_of
from engine.permissions.actors import SYSTEM
from engine.records.gate import Gate
from engine.schema.engines import open_databases
from jobs.minding import Minder
from jobs.timers import CHUNK, TimerSetting, fire_due, set_timers

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.sites import NOON, Clock
from support.small import write_files

WAITING, DUE, TICKS = 1_000_000, 20_000, 1_000
SITE = """
object: thing
fields:
  name: {type: text}
"""


def measure_timers(url: str, folder: Path, part: float = 1.0) -> dict[str, float]:
    """The figures of one empty database, printed and returned; `part` of the timers is measured.

    CPU is in milliseconds a tick (Python and the database together), rates are timers a second.
    """
    with _site(url, folder) as gate:
        meter = _meter(gate)
        minder = Minder(lambda: gate)
        rest = minder.tick()  # the first one takes the lead and prunes
        while not rest:
            rest = minder.tick()
        _settle(gate)
        empty = meter.measure(minder.tick, times=TICKS)
        waiting, due = int(WAITING * part), int(DUE * part)
        set_rate = waiting / _set(gate, waiting, NOON + dt.timedelta(days=30))
        _settle(gate)
        full = meter.measure(minder.tick, times=TICKS)
        _set(gate, due, NOON - dt.timedelta(days=1), first=waiting)
        fire_rate = due / _fire(gate)
        minder.resign()
    kind = gate.dialect
    print(
        f"timers on {kind}: a tick costs {_cpu(empty)} with none, {_cpu(full)} with {waiting:,}"
        f" waiting; {set_rate:,.0f} are set and {fire_rate:,.0f} fire a second",
        flush=True,
    )
    return {
        "tick, none": empty.cpu, "tick, waiting": full.cpu, "waiting": waiting,
        "set/s": set_rate, "fired/s": fire_rate,
    }  # fmt: skip


@contextmanager
def _site(url: str, folder: Path) -> Iterator[Gate]:
    databases = open_databases(url)
    try:
        layer = write_files(folder / f"layer-{databases.dialect}", SITE)
        yield establish(databases, [layer], clock=Clock()).gate
    finally:
        databases.dispose()


def _meter(gate: Gate) -> Meter:
    """Counts the server's CPU as well; SQLite works in our own process."""
    if gate.dialect == "sqlite":
        return Meter(postmaster=-1)
    with gate.databases.reading() as connection:
        return meter_of(connection)


def _settle(gate: Gate) -> None:
    """Lets the server do now what it would do in the background while ticks are measured."""
    if gate.dialect != "sqlite":
        with gate.databases.reading() as connection:
            connection.exec_driver_sql("VACUUM (ANALYZE) fw_timer")
            connection.exec_driver_sql("CHECKPOINT")


def _set(gate: Gate, count: int, due: dt.datetime, first: int = 0) -> float:
    """Sets timers due at `due` and in the seconds after it; the seconds that it took."""
    start = time.perf_counter()
    with gate.transaction(SYSTEM) as tx:
        for begin in range(first, first + count, CHUNK):
            numbers = range(begin, min(begin + CHUNK, first + count))
            moments = [due + dt.timedelta(seconds=number % 80_000) for number in numbers]
            set_timers(
                tx,
                [TimerSetting("t", "thing", n, at) for n, at in zip(numbers, moments, strict=True)],
            )
    return time.perf_counter() - start


def _fire(gate: Gate) -> float:
    start = time.perf_counter()
    while fire_due(gate):
        pass
    return time.perf_counter() - start


def _cpu(figure: Figure) -> str:
    return f"{figure.cpu:.2f} ms of CPU"
