"""After a commit: calling workers for what it asked for, without anybody waiting for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence

from jobs.redis.queues import Queues

log = logging.getLogger("formwright.jobs")

QUIET = 5.0
"""Seconds without a call after one has failed; the relay calls instead."""


class Pusher:
    """Told after each commit what it asked for (`Site.wake`). Never raises."""

    def __init__(self, queues: Queues) -> None:
        self.queues = queues
        self._quiet_until = 0.0

    def wake(self, due: Mapping[str, Sequence[int]]) -> None:
        """Calls workers for the effects, by queue; while Redis is away, mostly does nothing."""
        if time.monotonic() < self._quiet_until:
            return
        try:
            self.queues.call(due)
        except Exception as error:  # the commit stands, whatever is wrong with Redis
            self._quiet_until = time.monotonic() + QUIET
            log.warning("not-called", extra={"why": type(error).__name__})
