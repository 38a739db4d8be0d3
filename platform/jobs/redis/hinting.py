"""A hint in Redis that another revision is in force, so that nobody has to look for it.

Whoever publishes, and whoever has just taken a revision, says so on the site's channel; every
process that listens looks into the database. The hint may be lost, doubled or forged: the number
in the database decides, and a process looks at it once a second anyway.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger("formwright.jobs")

REST = 5.0
"""Seconds after which a Redis that went away is tried again."""
LISTEN = 60.0
"""Seconds that one wait for a hint takes."""


def channel_of(site: str) -> str:
    """Where the hints of a site stand."""
    return f"formwright:{site}:revision"


class Hints:
    """The hints of one site. Nothing of this ever raises where Redis is away."""

    def __init__(self, connection: redis.Redis, site: str) -> None:
        self.connection = connection
        self.channel = channel_of(site)

    def tell(self, revision: int) -> None:
        """Says that the revision is in force."""
        try:
            self.connection.publish(self.channel, str(revision))
        except RedisError as error:
            log.warning("no-hint", extra={"why": type(error).__name__})

    def listen(self, look: Callable[[], object]) -> threading.Thread:
        """Calls `look` at every hint, in a thread of its own that ends with the process."""
        thread = threading.Thread(
            target=self._listen, args=(look,), name="revision hints", daemon=True
        )
        thread.start()
        return thread

    def _listen(self, look: Callable[[], object]) -> None:
        rest = threading.Event()
        while True:
            try:
                with self.connection.pubsub(ignore_subscribe_messages=True) as heard:
                    heard.subscribe(self.channel)
                    look()  # what was said while nobody listened
                    while True:
                        if heard.get_message(timeout=LISTEN) is not None:
                            look()
            except (RedisError, SQLAlchemyError, OSError) as error:  # Redis or the database is away
                log.debug("no-hints", extra={"why": type(error).__name__})
                rest.wait(REST)
            except Exception:  # whatever it is, the next hint is heard
                log.exception("unexpected")
                rest.wait(REST)
