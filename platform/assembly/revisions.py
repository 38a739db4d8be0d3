"""A site: the application that runs now, and how it learns of the next one (rules 4 to 6).

A new revision is a new frozen application, built beside the running one and swapped in by one
assignment. A request takes `current` once and keeps it to its end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from assembly.application import Application, build_application
from engine.records.gate import Gate, Wake
from engine.schema.engines import Databases
from engine.schema.fence import current_revision


class Site:
    """One database and the application of its revision in force."""

    def __init__(
        self,
        databases: Databases,
        build: Callable[[Databases], Application] = build_application,
    ) -> None:
        """Builds the first application with `build`. Raises Refusal when there is none."""
        self.databases = databases
        self.build = build
        self.wake: Wake = lambda due: None
        self.current: Application = self._built()
        self._building = threading.Lock()

    def refresh(self, *, wait: bool = False) -> bool:
        """Swaps the application if another revision is in force; whether `current` is it now.

        While another thread builds, this returns at once with False and `current` goes on
        serving; with `wait`, as after a StaleRevision, it returns when that thread is done.
        """
        if not self._building.acquire(blocking=wait):
            return False
        try:
            with self.databases.reading() as connection:
                revision = current_revision(connection)
            if revision != self.current.revision:
                self.current = self._built()
            return True
        finally:
            self._building.release()

    def gate(self) -> Gate:
        """The gate of the application that runs now."""
        return self.current.gate

    def renew(self) -> None:
        """Swaps the application if another revision is in force, waiting for whoever builds it."""
        self.refresh(wait=True)

    def _built(self) -> Application:
        """A new application whose commits wake whoever carries out what they ask for."""
        application = self.build(self.databases)
        application.gate.wake = lambda due: self.wake(due)
        return application

    def close(self) -> None:
        """Closes the pools."""
        self.databases.dispose()
