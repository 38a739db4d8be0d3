"""Questions that may be large are given a time, after which they are left unanswered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from engine.schema.engines import Databases

_STEPS = 5_000
"""SQLite looks at the clock after so many of its steps: some dozens of microseconds."""
LEAST = 0.05
"""Seconds that are worth beginning a question."""


class Budget:
    """Seconds for several questions together, and for the longest of them."""

    def __init__(self, seconds: float, each: float) -> None:
        self._until = time.monotonic() + seconds
        self._each = each

    def left(self) -> float:
        """Seconds that the next question may take; 0 when there are none left."""
        left = min(self._until - time.monotonic(), self._each)
        return left if left > LEAST else 0.0


@contextmanager
def hurried(databases: Databases, seconds: float) -> Iterator[sa.Connection]:
    """A reading connection whose statements are ended after `seconds` by the database itself.

    They raise SQLAlchemy's DBAPIError then.
    """
    with databases.reading() as connection:
        if connection.dialect.name == "postgresql":
            limit = max(1, int(seconds * 1_000))
            connection.execute(sa.text(f"SET LOCAL statement_timeout = {limit}"))
            yield connection
            return
        driver: Any = connection.connection.driver_connection
        until = time.monotonic() + seconds
        driver.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS)
        try:
            yield connection
        finally:
            driver.set_progress_handler(None, 0)
