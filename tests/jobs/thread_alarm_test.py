"""A time limit for handlers that run in threads."""

from __future__ import annotations

import threading
import time

import pytest

from jobs.carrying import TooLong
from jobs.working import thread_alarm


def in_thread(seconds: float, limit: float) -> list[str]:
    """What became of work of so many seconds under that limit."""
    became: list[str] = []

    def work() -> None:
        try:
            with thread_alarm(limit):
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    time.sleep(0.001)
                became.append("done")
        except TooLong:
            became.append("ended")
        time.sleep(0.01)
        became.append("after")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    return became


def test_too_long_ends() -> None:
    """The work ends at its limit, and the thread goes on with something else."""
    assert in_thread(5, limit=0.05) == ["ended", "after"]
    assert in_thread(0, limit=5) == ["done", "after"]


@pytest.mark.parametrize("turn", range(20))
def test_at_the_very_end(turn: int) -> None:
    """An alarm that rings as the work ends meets the work or nobody, never what comes next."""
    became = in_thread(0.01, limit=0.009 + turn / 10_000)
    assert became[-1] == "after"
    assert len(became) == 2 or became == ["done", "ended", "after"]
