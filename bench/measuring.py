"""Measuring: wall time and CPU of the Python process and of the database's processes."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

TICK = 1000 / os.sysconf("SC_CLK_TCK")
"""Milliseconds per tick of /proc's CPU times."""


@dataclass(frozen=True)
class Figure:
    """Of one piece of work: the median wall time and the mean CPU times, in milliseconds."""

    wall: float
    python: float
    database: float

    @property
    def cpu(self) -> float:
        """CPU of both together."""
        return self.python + self.database


@dataclass(frozen=True)
class Meter:
    """Measures work against the one database server whose first process is `postmaster`."""

    postmaster: int

    def database_cpu(self) -> float:
        """CPU milliseconds that the server's processes have used so far."""
        total = 0
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended meanwhile
                continue
            if self.postmaster in (int(folder.name), int(fields[1])):
                total += int(fields[11]) + int(fields[12])
        return total * TICK

    def measure(self, work: Callable[[], object], *, times: int, warm: int = 8) -> Figure:
        """Runs `work` `times` times after `warm` unmeasured ones."""
        for _ in range(warm):
            work()
        walls = []
        database, python = self.database_cpu(), time.process_time()
        for _ in range(times):
            start = time.perf_counter()
            work()
            walls.append((time.perf_counter() - start) * 1000)
        return Figure(
            wall=statistics.median(walls),
            python=(time.process_time() - python) * 1000 / times,
            database=(self.database_cpu() - database) / times,
        )


def meter_of(connection: sa.Connection) -> Meter:
    """The meter for the server behind a connection."""
    backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    fields = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
    return Meter(int(fields[1]))
