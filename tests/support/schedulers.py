"""Real processes that fire timers: the command itself, and small programs that compete."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIRING = """
import sys
from assembly.revisions import Site
from engine.schema.engines import open_databases
from jobs.timers import fire_due
gate = Site(open_databases(sys.argv[1])).gate()
print("ready", flush=True)
sys.stdin.readline()
while count := fire_due(gate, most=20):
    print(count, flush=True)
"""


def environment(url: str) -> dict[str, str]:
    """The environment of a process that works on the database at `url`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FORMWRIGHT_")}
    return kept | {"FORMWRIGHT_DATABASE_URL": url, "PYTHONPATH": str(ROOT / "platform")}


@contextmanager
def started(*command: str, url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A Python process, killed at the end if it has not ended by itself."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=environment(url),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.communicate()


@contextmanager
def scheduler(url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A running `formwright scheduler`."""
    with started("-m", "cli.main", "scheduler", url=url, folder=folder) as process:
        yield process


def says(process: subprocess.Popen[str], event: str) -> None:
    """Waits until a process logs this event."""
    assert process.stderr is not None
    told = []
    while f'"event": "{event}"' not in (line := process.stderr.readline()):
        told.append(line)
        assert line, "".join(told)


def eventually(what: Callable[[], bool], seconds: float = 120.0) -> float:
    """Waits until `what` is so; returns how many seconds it took."""
    start = time.monotonic()
    while not what():
        assert time.monotonic() - start < seconds, "it did not come true"
        time.sleep(0.02)
    return time.monotonic() - start
