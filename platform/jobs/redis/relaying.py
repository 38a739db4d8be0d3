"""The relay: calls workers for effects that wait and that nobody was called for.

A commit calls by itself (`pushing`). What it misses is found here: a process that died between
commit and call, a Redis that was away or lost its data, attempts that have become due again.

1. A queue in which calls are left is left alone: whoever answers goes on until nothing is due.
2. Of an empty queue the oldest effects that are due are called for. A worker may be at them
   already; the claim in the database decides.

So a look costs one round trip and, of each empty queue, one look into an index that ends after
`MOST` rows, whether ten effects wait or a million.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import sqlalchemy as sa
from redis.exceptions import RedisError

from engine.records.gate import Gate
from jobs.redis.queues import Queues
from jobs.tables import OUTBOX, WAITING, is_

log = logging.getLogger("formwright.jobs")

MOST = 1_000
"""Effects called for at a time, by queue."""


class Relay:
    """Calls for what waits in the outbox of one site."""

    def __init__(self, gate: Callable[[], Gate], queues: Queues) -> None:
        self.gate = gate
        self.queues = queues
        self._away = False

    def run(self) -> int:
        """One look, to be taken about once a second; how many effects were called for.

        None are while Redis is away; workers look for themselves then.
        """
        try:
            calls = self.queues.waiting()
            due = {
                name: ids for name, left in calls.items() if not left and (ids := self._due(name))
            }
            if due:
                self.queues.call(due)
        except RedisError as error:
            if not self._away:
                log.warning("redis-away", extra={"why": type(error).__name__})
            self._away = True
            return 0
        self._away = False
        return sum(map(len, due.values()))

    def _due(self, queue: str) -> list[int]:
        gate = self.gate()
        t = gate.tables.system(OUTBOX)
        oldest = (
            sa.select(t.c.id)
            .where(is_(t, WAITING), t.c.queue == queue, t.c.due <= gate.clock())
            .order_by(t.c.due, t.c.id)
            .limit(MOST)
        )
        with gate.databases.reading() as connection:
            return list(connection.scalars(oldest))
