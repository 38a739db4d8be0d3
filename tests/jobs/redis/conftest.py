"""A Redis for the session, empty at the beginning of each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs.redis.queues import open_redis
from support.redis_server import RedisServer, redis_server


@pytest.fixture(scope="session")
def _server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def redis(_server: RedisServer) -> RedisServer:
    """A running server without data."""
    open_redis(_server.url).flushall()
    return _server
