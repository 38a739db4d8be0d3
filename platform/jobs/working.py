"""A process that does nothing but carry out effects: answer calls, and look for itself.

1. With Redis it waits for calls (`jobs.redis.listening`). What a call names is carried out first,
   then whatever else is due in that queue and in more urgent ones, until there is nothing left.
2. Every few seconds without a call it looks into the outbox by itself; without Redis, or while
   Redis is away, every second.
3. It ends after the effect that it is at. Whoever ends it by force loses nothing: its leases run
   out, and others take over.
"""

from __future__ import annotations

import ctypes
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from jobs.carrying import AT_ONCE, Carrier, TooLong
from jobs.tables import QUEUES, SLOW

log = logging.getLogger("formwright.jobs")

WAIT = 1.0
"""Seconds to wait for a call, or between two looks into the outbox when there are none."""
LOOK_AGAIN = 5.0
"""Seconds without a call after which the worker looks for itself."""
REST = 2.0
"""Seconds of rest after an error of the database, and between two attempts to reach Redis."""


@dataclass(frozen=True)
class Called:
    """A call: the queue, and effects that are said to wait in it."""

    queue: str
    ids: Sequence[int]


class Calls(Protocol):
    """Where calls come from. Its methods raise what `Worker.away` names when it is gone."""

    @property
    def suspended(self) -> bool:
        """Whether workers shall rest. Raises nothing."""

    def next(self, seconds: float) -> Called | None:
        """The next call, waited for at most that long."""

    def close(self) -> None:
        """No more calls are taken."""


class Worker:
    """Carries out the effects of some queues until it is told to stop.

    `renew` makes the site look for a newer revision. `connect` opens the source of calls, or
    raises one of `away`, as that does when it breaks off; None where there is no such source.
    """

    def __init__(
        self,
        carrier: Carrier,
        *,
        queues: Sequence[str] = QUEUES,
        renew: Callable[[], object] = lambda: None,
        connect: Callable[[], Calls] | None = None,
        away: type[Exception] | tuple[type[Exception], ...] = (),
    ) -> None:
        self.carrier = carrier
        self.queues = tuple(queue for queue in QUEUES if queue in queues)
        self.renew = renew
        self.connect = connect
        self.away = away
        self.stopping = False
        carrier.stopping = lambda: self.stopping
        self._calls: Calls | None = None
        self._away = False
        self._connect_at = 0.0
        self._looked = float("-inf")
        self._renewed = float("-inf")

    def stop(self) -> None:
        """Ends the work after the effect that runs. May be called from a signal handler."""
        self.stopping = True

    def drain(self) -> int:
        """Carries out what is due and ends; returns how many effects it were."""
        return self._drain(self.queues)

    def run(self) -> None:
        """Works until `stop`."""
        try:
            while not self.stopping:
                called = self._next_call()
                try:
                    self._answer(called)
                except Exception:
                    log.exception("unexpected")
                    self._sleep(REST)
        finally:
            self._hang_up()

    def _answer(self, called: Called | None) -> None:
        self._renew_now_and_then()
        if called is not None:
            place = self.queues.index(called.queue)
            size = 1 if called.queue == SLOW else AT_ONCE
            for start in range(0, len(called.ids), size):
                self._drain(self.queues[:place])
                if not self.stopping:
                    self.carrier.carry_these(called.ids[start : start + size])
            self._drain(self.queues[: place + 1])
        elif self._calls is None:
            if not self._drain(self.queues):
                self._sleep(WAIT)
        elif time.monotonic() - self._looked > LOOK_AGAIN:
            self._looked = time.monotonic()
            self._drain(self.queues)

    def _drain(self, queues: Sequence[str]) -> int:
        total = 0
        while not (self.stopping or (self._calls and self._calls.suspended)):
            count = self.carrier.carry(queues)
            if not count:
                break
            total += count
            self._renew_now_and_then()
        return total

    def _renew_now_and_then(self) -> None:
        """Handlers that only read would never learn that another revision is in force."""
        now = time.monotonic()
        if now - self._renewed > WAIT:
            self._renewed = now
            self.renew()

    def _next_call(self) -> Called | None:
        """The next call; None when there is none, or nobody to bring it."""
        try:
            if self._calls is None and self.connect and time.monotonic() >= self._connect_at:
                self._calls = self.connect()
                self._looked, self._away = float("-inf"), False
                log.info("listening", extra={"queues": list(self.queues)})
            return self._calls.next(WAIT) if self._calls else None
        except self.away as error:
            if not self._away:
                log.warning("redis-away", extra={"why": type(error).__name__})
            self._away = True
            self._hang_up()
            self._connect_at = time.monotonic() + REST
            return None

    def _hang_up(self) -> None:
        calls, self._calls = self._calls, None
        if calls is not None:
            calls.close()

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            time.sleep(0.1)


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Ends what runs within after so many seconds by TooLong; in a main thread only."""

    def ring(number: int, frame: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def thread_alarm(seconds: float) -> Iterator[None]:
    """As `alarm`, in any thread: where that is Python, not within a call that waits in C.

    Such calls (of a database, of another host) have time-outs of their own.
    """
    thread, over, guard = threading.get_ident(), False, threading.Lock()

    def raised(what: Any) -> None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), what)

    def ring() -> None:
        with guard:
            if not over:
                raised(ctypes.py_object(TooLong))

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with guard:
            over = True
        raised(None)  # one that rang too late to arrive must not arrive in what comes next
