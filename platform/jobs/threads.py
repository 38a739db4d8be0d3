"""Carrying effects out in threads of this process, where no Redis is configured.

One thread has what people wait for, another what takes long. A commit of this process wakes them
at once; what other processes commit, and what becomes due by itself, is found within a second.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from engine.tracing import enter_site
from jobs.carrying import Carrier
from jobs.tables import DEFAULT, SLOW, URGENT

log = logging.getLogger("formwright.jobs")

LOOK_AGAIN_AFTER = 1.0
"""Seconds between two looks at the outbox when nobody wakes the thread."""
QUIET_AFTER_ERROR = 5.0
"""Seconds of rest after an error that is not an effect's own, such as a database that is gone."""
LANES: tuple[tuple[str, ...], ...] = ((URGENT, DEFAULT), (SLOW,))
"""The queues of each thread."""


class Threads:
    """The threads of one process for one `site`; `minding` is called about once a second besides
    (timers)."""

    def __init__(
        self, carrier: Carrier, minding: Callable[[], object] = lambda: None, site: str = ""
    ) -> None:
        self.carrier = carrier
        self.minding = minding
        self.site = site
        self._ending = threading.Event()
        carrier.stopping = self._ending.is_set
        self._bells = [threading.Event() for _ in LANES]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Starts the threads; after a fork, in the child."""
        lanes = [
            threading.Thread(target=self._carry, args=(queues, bell), name=f"jobs {queues[0]}")
            for queues, bell in zip(LANES, self._bells, strict=True)
        ]
        self._threads = [*lanes, threading.Thread(target=self._mind, name="jobs timers")]
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Lets the threads end what they are at, for at most `timeout` seconds each."""
        self._ending.set()
        for bell in self._bells:
            bell.set()
        for thread in self._threads:
            thread.join(timeout)

    def wake(self, due: Mapping[str, Sequence[int]]) -> None:
        """Told after a commit which effects it asked for, by queue."""
        for queues, bell in zip(LANES, self._bells, strict=True):
            if any(queue in due for queue in queues):
                bell.set()

    def _carry(self, queues: Sequence[str], bell: threading.Event) -> None:
        enter_site(self.site)
        while not self._ending.is_set():
            bell.clear()
            count = self._tried(lambda: self.carrier.carry(queues))
            if count is None:
                self._ending.wait(QUIET_AFTER_ERROR)
            elif not count:
                bell.wait(LOOK_AGAIN_AFTER)

    def _mind(self) -> None:
        enter_site(self.site)
        while not self._ending.wait(LOOK_AGAIN_AFTER):
            if self._tried(lambda: self.minding() or 0) is None:
                self._ending.wait(QUIET_AFTER_ERROR)

    def _tried(self, work: Callable[[], object]) -> object | None:
        try:
            return work()
        except Exception:
            log.exception("unexpected")
            return None
