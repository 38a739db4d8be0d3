"""The answering side: a worker as RQ knows it, so that `rq info` and dashboards show it.

RQ's own way with a job takes 3 ms, writes to Redis some thirty times and imports what the job
names. Here calls are taken, deleted and answered by our carrier; registration, heartbeats,
suspension and the format of everything in Redis stay RQ's.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

import redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker, worker_registration
from rq.exceptions import DequeueTimeout
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.suspension import is_suspended
from rq.worker import WorkerStatus

from jobs.redis.queues import named_in, open_redis, queue_names
from jobs.tables import SLOW
from jobs.working import Called

log = logging.getLogger("formwright.jobs")

SECONDS = 5.0
"""How long a command may take; more than a worker waits for a call."""
TOGETHER = 20
"""Calls answered together where many wait; each would be a look into the database for nothing."""
PREFIX = Job.redis_job_namespace_prefix.encode()
BEAT = 20
"""Seconds between two heartbeats; who has missed three is dead to RQ."""


class Listener(SimpleWorker):
    """Listens to the queues of one site. Raises RedisError when Redis is away."""

    def __init__(self, connection: redis.Redis, site: str, queues: Sequence[str]) -> None:
        """Registers with Redis; `queues` the most urgent first."""
        names = queue_names(site)
        super().__init__(
            [names[queue] for queue in queues],
            name=f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(3)}",
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=3 * BEAT,
        )
        self.log.setLevel(logging.WARNING)
        self._ours = dict(zip(self.queue_keys(), queues, strict=True))
        self.register_birth()
        self._looked = 0.0
        self._suspended = False
        self._ended = threading.Event()
        self._beating = threading.Thread(target=self._beat, name="jobs heartbeat", daemon=True)
        self._beating.start()

    @property
    def connection_timeout(self) -> int:
        """RQ would let a command take minutes."""
        return int(SECONDS)

    def next(self, seconds: float) -> Called | None:
        """The next call, waited for at most that long (whole seconds)."""
        if self.suspended:
            time.sleep(seconds)
            return None
        if self.get_state() != WorkerStatus.IDLE:
            self.set_state(WorkerStatus.IDLE)
        try:
            taken = Queue.lpop(self.queue_keys(), max(1, int(seconds)), connection=self.connection)
        except DequeueTimeout:
            return None
        key, first = taken
        queue = self._ours[key.decode()]
        calls = [first] if queue == SLOW else [first, *self._more(key)]
        stored = [PREFIX + call for call in calls]
        with self.connection.pipeline(transaction=False) as pipeline:
            for name in stored:
                pipeline.hget(name, "data")
            pipeline.delete(*stored)
            self.set_state(WorkerStatus.BUSY, pipeline=pipeline)
            found = pipeline.execute()[: len(stored)]
        return Called(queue, [effect for data in found for effect in named_in(data)])

    def _more(self, key: bytes) -> Sequence[bytes]:
        """Further calls that wait in the same queue."""
        found: Any = self.connection.lpop(key, TOGETHER - 1)
        return found or ()

    @property
    def suspended(self) -> bool:
        """Whether `rq suspend` has told all workers to rest; looked up once a second."""
        if time.monotonic() - self._looked > 1.0:
            self._looked = time.monotonic()
            try:
                self._suspended = bool(is_suspended(self.connection, self))
            except RedisError:
                self._suspended = False
        return self._suspended

    def close(self) -> None:
        """Says good-bye, as far as Redis is there."""
        self._ended.set()
        try:
            self.register_death()
        except RedisError:
            pass  # it forgets us by itself
        self.connection.close()

    def _beat(self) -> None:
        """Tells Redis who we are, all of it: it may have lost its data."""
        while not self._ended.wait(BEAT):
            try:
                with self.connection.pipeline() as pipeline:
                    worker_registration.register(self, pipeline)
                    pipeline.hset(self.key, mapping=self.serialize() | {"state": self.get_state()})
                    self.heartbeat(pipeline=pipeline)
                    pipeline.execute()
            except RedisError:
                pass  # the main thread says so


def listener(url: str, site: str, queues: Sequence[str]) -> Listener:
    """A worker that listens. Raises RedisError when Redis is away."""
    return Listener(open_redis(url, SECONDS), site, queues)
