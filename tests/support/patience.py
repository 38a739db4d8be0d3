"""Waiting and measuring, so that no test depends on how fast or how busy a machine is.

What must come is waited for as long as it takes, within reason: nothing is concluded from how
long it took. What must be cheap is measured in CPU time against a yardstick.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

PATIENCE = 120.0
"""Seconds after which nothing will come any more."""
LONG = 3_600.0
"""Seconds between two looks of those that a test wants to be called, not to look for themselves."""
QUIET = 0.0055
"""CPU seconds that the yardstick takes on a quiet machine of the middling kind (2 cores, 2026)."""
LAYS = 4


def soon(true: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Whether something becomes true."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def cpu_seconds(work: Callable[[], object]) -> float:
    """The CPU seconds that `work` would take of a quiet machine, waiting apart.

    What runs beside it takes caches and clock speed away, from the yardstick as well.
    """
    before = _yardstick()
    start = time.thread_time()
    work()
    took = time.thread_time() - start
    slowness = (before + _yardstick()) / 2 / QUIET
    return took / max(slowness, 1.0)


def _yardstick() -> float:
    start = time.thread_time()
    for _ in range(LAYS):
        words: dict[str, int] = {}
        for number in range(20_000):
            word = f"w{number % 991}"
            words[word] = words.get(word, 0) + number
        json.loads(json.dumps(words))
    return (time.thread_time() - start) / LAYS
