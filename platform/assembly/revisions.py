"""A site: the application that runs now, and how it learns of the next one (rules 4 to 6).

A new revision is a new frozen application, built beside the running one and swapped in by one
assignment. A request takes `current` once and keeps it to its end.

1. Whoever sees another number in the database says so (`notice`); a thread of its own builds,
   and reads and writes under the old revision go on meanwhile.
2. A write that meets the fence waits for that thread (`refresh`) and runs again on what it made.
3. A revision that cannot be built leaves the old one serving: `failed` tells, `alarm` is called,
   and another try is made now and then, in case it was not the definitions' fault.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from assembly.application import Application, build_application
from engine.pausing import collector_paused
from engine.problems import Refusal
from engine.records.gate import Gate, Wake
from engine.schema.engines import Databases
from engine.schema.fence import current_revision
from engine.tracing import enter_site

log = logging.getLogger("formwright.revision")

AGAIN_AFTER = 15.0
"""Seconds after which a revision that could not be built is tried again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A revision that is in force and that this process cannot build: why, and when it tried."""

    revision: int
    why: str
    at: float


@dataclass(slots=True)
class Swaps:
    """How often this process has taken another revision, and what the last time cost it.

    `cpu` are the seconds of the thread that built, `wall` those until the swap.
    """

    count: int = 0
    cpu: float = 0.0
    wall: float = 0.0


Build = Callable[[Databases, Application | None], Application]
"""Builds the application in force, beside the one before it, if there is one."""


def build_beside(databases: Databases, former: Application | None) -> Application:
    """The application in force, with everything of `former` that has not changed."""
    return build_application(databases, former=former)


class Site:
    """One database and the application of its revision in force."""

    def __init__(self, databases: Databases, build: Build = build_beside, name: str = "") -> None:
        """Builds the first application with `build`. Raises Refusal when there is none.

        `name` is that of one of several sites.
        """
        self.databases = databases
        self.name = name
        self.build = build
        self.wake: Wake = lambda due: None
        self.alarm: Callable[[Failure], object] = lambda failure: None
        self.swapped: Callable[[int], object] = lambda revision: None
        self.failed: Failure | None = None
        self.swaps = Swaps()
        self.current: Application = self._built(None)
        self._building = threading.Lock()

    def notice(self, revision: int | None) -> None:
        """Told of the number in the database; has another revision built, without waiting."""
        if revision == self.current.revision or self._hopeless(revision):
            return
        if self._building.acquire(blocking=False):
            name = f"revision {revision}"
            threading.Thread(target=self._build_beside, name=name, daemon=True).start()

    def look(self) -> None:
        """Asks the database for the number, and has another revision built without waiting."""
        with self.databases.reading() as connection:
            revision = current_revision(connection)
        self.notice(revision)

    def refresh(self, *, wait: bool = False) -> bool:
        """Swaps the application if another revision is in force; whether `current` is it now.

        While another thread builds, this returns at once with False and `current` goes on
        serving; with `wait`, as after a StaleRevision, it returns when that thread is done.
        False as well where the revision cannot be built. Raises DBAPIError where the database
        cannot be reached.
        """
        if not self._building.acquire(blocking=wait):
            return False
        try:
            return self._caught_up()
        finally:
            self._building.release()

    def gate(self) -> Gate:
        """The gate of the application that runs now."""
        return self.current.gate

    def renew(self) -> None:
        """Swaps the application if another revision is in force, waiting for whoever builds it."""
        self.refresh(wait=True)

    def close(self) -> None:
        """Closes the pools."""
        self.databases.dispose()

    def _build_beside(self) -> None:
        """Builds in a thread of its own, which holds the lock already."""
        enter_site(self.name)
        try:
            self._caught_up()
        except SQLAlchemyError as error:  # whoever looks next begins again
            log.warning("revision-not-read", extra={"why": type(error).__name__})
        finally:
            self._building.release()

    def _caught_up(self) -> bool:
        """Builds until what runs is what is in force; whether it is."""
        while True:
            with self.databases.reading() as connection:
                revision = current_revision(connection)
            if revision == self.current.revision:
                self.failed = None
                return True
            if revision is None or self._hopeless(revision) or not self._swap(revision):
                return False

    def _hopeless(self, revision: int | None) -> bool:
        """Whether the revision has failed so lately that trying again is no use."""
        failed = self.failed
        return (
            failed is not None
            and failed.revision == revision
            and time.monotonic() - failed.at < AGAIN_AFTER
        )

    def _swap(self, revision: int) -> bool:
        """Builds the application in force and makes it the current one; False if that fails."""
        wall, cpu = time.monotonic(), time.thread_time()
        try:
            with collector_paused():  # walks what was made once, with what it replaces
                self.current, self.failed = self._built(self.current), None
                self._forget()
        except SQLAlchemyError:
            raise
        except Exception as error:  # whatever it is, the old one must go on serving
            self._note(revision, error)
            return False
        taken = self.current.revision
        self.swaps.count += 1
        self.swaps.cpu, self.swaps.wall = time.thread_time() - cpu, time.monotonic() - wall
        log.info("revision-taken", extra={"revision": taken, "ms": round(self.swaps.wall * 1000)})
        self.swapped(taken)
        return True

    def _forget(self) -> None:
        """Lets go of the application before: statements know its tables, cycles each other.

        What requests in flight still hold goes with the next one.
        """
        for engine in (self.databases.reads, self.databases.writes, self.databases.accounts):
            engine.clear_compiled_cache()
        gc.collect()

    def _note(self, revision: int, error: Exception) -> None:
        """Keeps in mind that the revision cannot be built, and calls for help the first time."""
        why = "; ".join(map(str, error.problems)) if isinstance(error, Refusal) else repr(error)
        known = self.failed is not None and self.failed.revision == revision
        self.failed = Failure(revision, why[:1_000], time.monotonic())
        if known:
            return
        log.error(
            "revision-not-built", extra={"revision": revision, "why": why[:1_000]},
            exc_info=None if isinstance(error, Refusal) else error,
        )  # fmt: skip
        try:
            self.alarm(self.failed)
        except Exception:
            log.exception("alarm-not-raised", extra={"revision": revision})

    def _built(self, former: Application | None) -> Application:
        """A new application whose commits wake whoever carries out what they ask for."""
        application = self.build(self.databases, former)
        application.gate.wake = lambda due: self.wake(due)
        return application
