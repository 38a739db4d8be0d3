"""The queues of one site in Redis: RQ's, holding calls, and in a call nothing but outbox ids.

The outbox stays the truth. A call says "there is something to do, perhaps these": losing one
costs some seconds, answering one twice costs a look into the database. So calls live for a while
only, and nothing in them is executed, imported or unpickled (rule 32).
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import redis
import sqlalchemy as sa
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from engine.schema.engines import Databases
from engine.schema.system import add_system_tables
from jobs.carrying import AT_ONCE
from jobs.tables import QUEUES, SLOW

SECONDS = 0.3
"""How long a command may take, and a connection."""
CALL_LIVES = 600
"""Seconds after which a call that nobody answered is forgotten."""
MOST_CALLS = 50
"""Calls to a queue made at once; whoever answers goes on until the outbox is empty."""


def open_redis(url: str, seconds: float = SECONDS) -> redis.Redis:
    """A pool of connections, none of them opened yet; each command may take `seconds`.

    A connection that has gone stale is replaced at once; there are no other retries.
    """
    again = Retry(NoBackoff(), 1, supported_errors=(redis.exceptions.ConnectionError,))
    return redis.Redis.from_url(
        url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=again
    )


def site_name(databases: Databases, site: str = "") -> str:
    """A name that no other database has: by when its first revision was applied.

    One that is a copy of another has that in common with it; the name of the `site`, which is one
    of several, keeps them apart.
    """
    metadata = sa.MetaData()
    add_system_tables(metadata)
    revision = metadata.tables["fw_revision"]
    first = sa.select(revision.c.at, revision.c.digest).order_by(revision.c.id).limit(1)
    with databases.reading() as connection:
        at, digest = connection.execute(first).one()
    name = " ".join(filter(None, (f"{at:%Y%m%d%H%M%S%f}", digest, site)))
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def queue_names(site: str) -> dict[str, str]:
    """What our queues are called in Redis."""
    return {queue: f"formwright:{site}:{queue}" for queue in QUEUES}


class Queues:
    """The calling side of a site's queues. Safe to be used from several threads."""

    def __init__(self, connection: redis.Redis, site: str) -> None:
        self.connection = connection
        self._queues = {
            name: Queue(full, connection=connection, serializer=JSONSerializer)
            for name, full in queue_names(site).items()
        }

    def call(self, due: Mapping[str, Sequence[int]]) -> None:
        """Calls for the effects, by queue, in one round trip. Raises RedisError.

        A call holds what a worker claims together. Of very many effects only the first are named.
        """
        pipeline = self.connection.pipeline()
        for name, ids in due.items():
            size = 1 if name == SLOW else AT_ONCE
            starts = range(0, min(len(ids), size * MOST_CALLS), size)
            calls = [_data(ids[start : start + size]) for start in starts]
            self._queues[name].enqueue_many(calls, pipeline=pipeline)
        pipeline.execute()

    def waiting(self) -> dict[str, int]:
        """How many calls nobody has answered yet, by queue. Raises RedisError."""
        pipeline = self.connection.pipeline(transaction=False)
        for queue in self._queues.values():
            pipeline.llen(queue.key)
        return dict(zip(self._queues, pipeline.execute(), strict=True))


def named_in(data: bytes | None) -> list[int]:
    """The effects that a call names, by what RQ stores of it: compressed JSON.

    Whatever else somebody has put there is no call: the outbox knows what is to be done.
    """
    try:
        _, _, (ids,), _ = json.loads(zlib.decompress(data or b""))
        return [id for id in ids if type(id) is int and 0 < id < 1 << 63]
    except Exception:
        return []


def _data(ids: Sequence[int]) -> Any:
    return Queue.prepare_data(
        "effects",
        (list(ids),),
        description=f"{len(ids)} effects",
        ttl=CALL_LIVES,
        result_ttl=0,
        failure_ttl=0,
    )
