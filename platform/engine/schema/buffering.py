"""Rows about what was seen, written a little after whoever asked was answered.

A thread writes what came in about once a second, in one short transaction, and at the end of the
process. A crash loses what came in within the last second, at most. A row that the database will
not take is left out with an error in the log, so that it cannot keep the others waiting.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from engine.schema.audit_tables import ACCESS, add_audit_tables

log = logging.getLogger("formwright.audit")

EVERY = 1.0
"""Seconds between two rounds of writing."""
MOST_KEPT = 100_000
"""Rows that wait at most while the database cannot be written to."""

UNREACHABLE = (OperationalError, InterfaceError, TimeoutError)
"""What says that the database cannot be written to now, and not that a row is unusable."""

_METADATA = sa.MetaData()
add_audit_tables(_METADATA)
_ACCESS = _METADATA.tables[ACCESS]


class Buffer:
    """The rows for `fw_access` that one process has not written yet."""

    def __init__(self) -> None:
        self._engine: sa.Engine | None = None
        self._process = 0
        self.forget()

    def forget(self) -> None:
        """In a forked child: what waits, and what is locked, are its parent's."""
        self._rows: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._ending = threading.Event()

    def add(self, row: dict[str, Any], engine: sa.Engine) -> None:
        """Takes one complete row, to be written by `engine` within a second."""
        with self._lock:
            if self._process != os.getpid():  # the first, or after a fork
                self._process, self._engine = os.getpid(), engine
                self._ending = threading.Event()
                atexit.register(self.flush)
                threading.Thread(
                    target=self._run, args=(self._ending,), name="access", daemon=True
                ).start()
            if len(self._rows) < MOST_KEPT:
                self._rows.append(row)

    def flush(self) -> None:
        """Writes what came in so far."""
        if self._engine is None or self._process != os.getpid():
            return
        with self._writing:
            with self._lock:
                rows, self._rows = self._rows, []
            if rows:
                self._write(self._engine, rows)

    def _write(self, engine: sa.Engine, rows: list[dict[str, Any]]) -> None:
        try:
            with engine.begin() as connection:
                connection.execute(sa.insert(_ACCESS), rows)
        except UNREACHABLE as error:
            log.error("unwritten", extra={"rows": len(rows), "why": str(error)[:200]})
            with self._lock:
                self._rows = (rows + self._rows)[:MOST_KEPT]
        except Exception as error:  # the thread goes on, whatever a driver says of a value
            if len(rows) == 1:
                log.error("unusable", extra={"rows": 1, "why": str(error)[:200]})
                return
            half = len(rows) // 2
            self._write(engine, rows[:half])
            self._write(engine, rows[half:])

    def close(self) -> None:
        """Writes what is left; the next row begins anew."""
        self._ending.set()
        self.flush()
        atexit.unregister(self.flush)
        self._process = 0

    def _run(self, ending: threading.Event) -> None:
        while not ending.wait(EVERY):
            self.flush()
