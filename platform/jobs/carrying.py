"""Carrying effects out: claim, find the handler, run it, write what became of it.

1. Claim a few effects, the most urgent queue first. Each claim is a lease.
2. Run the handler of each. What it did in a transaction of its own ended the effect there; the
   others are ended together, after the last of them.
3. What was claimed but not begun after a second goes back, so that others can take it.
4. An attempt that failed lets the effect wait by the back-off; the last one leaves it failed, for
   a person to see. A handler whose revision was replaced runs again at once on the new one.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from sqlalchemy.exc import OperationalError

from engine.problems import Problem, Refusal
from engine.records.gate import Gate
from engine.schema.fence import StaleRevision
from engine.tracing import traced
from jobs import messages as say
from jobs.claims import LEASE, Claims
from jobs.handlers import Claimed, Handler, Hopeless, Later, LeaseLost, Running
from jobs.tables import OUTBOX, QUEUES, SLOW

log = logging.getLogger("formwright.jobs")

AT_ONCE = 20
"""Effects claimed together; of the slow queue one, so that no second one waits behind it."""
SHARE_AFTER = 1.0
"""Seconds after which a round begins no other effect."""

TimeLimit = Callable[[float], AbstractContextManager[None]]
"""What ends an attempt after so many seconds, by an exception; where nothing can, the lease."""


def no_limit(seconds: float) -> AbstractContextManager[None]:
    """For threads, which nothing can interrupt: a handler minds its own time-outs."""
    return nullcontext()


def own_name() -> str:
    """A name for this holder: host, process and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


class TooLong(BaseException):
    """What a TimeLimit raises. No Exception, or a handler that catches those would go on."""


class Carrier:
    """Carries out the effects of one database.

    `gate` gives the gate of the revision in force, `renewed` makes it look for a newer one.
    `failed` is told of every effect that has failed for good. Once `stopping` says so, the effect
    that runs is the last. A claim holds for `lease` seconds before it has to be renewed.
    """

    def __init__(
        self,
        gate: Callable[[], Gate],
        handlers: Mapping[str, Handler],
        *,
        renewed: Callable[[], object] = lambda: None,
        failed: Callable[[Gate, Claimed, Problem], None] = lambda gate, effect, problem: None,
        time_limit: TimeLimit = no_limit,
        stopping: Callable[[], bool] = lambda: False,
        lease: float = LEASE,
    ) -> None:
        self.gate = gate
        self.handlers = handlers
        self.renewed = renewed
        self.failed = failed
        self.time_limit = time_limit
        self.stopping = stopping
        self.lease = lease
        self.holder = own_name()
        self._known: Claims | None = None

    def carry(self, queues: Sequence[str] = QUEUES, most: int = AT_ONCE) -> int:
        """One round: what is due now in the first of the queues that has any; how many it was."""
        for queue in queues:
            count = 1 if queue == SLOW else most
            if claimed := self._claims().take(queue, self._now(), count):
                self._run_all(claimed)
                return len(claimed)
        return 0

    def carry_these(self, ids: Sequence[int]) -> int:
        """Those of the effects that still wait; how many it were."""
        claimed = self._claims().take_these(ids, self._now())
        self._run_all(claimed)
        return len(claimed)

    def drain(self, queues: Sequence[str] = QUEUES) -> int:
        """Rounds until nothing is due any more; how many effects it were."""
        total = 0
        while count := self.carry(queues):
            total += count
        return total

    def reap(self) -> int:
        """Puts back what dead processes held."""
        return self._claims().reap(self._now())

    def _claims(self) -> Claims:
        gate = self.gate()
        table = gate.tables.system(OUTBOX)
        if self._known is None or self._known.table is not table:
            self._known = Claims(gate.databases, table, self.holder, self.lease)
        return self._known

    def _now(self) -> dt.datetime:
        return self.gate().clock()

    def _run_all(self, claimed: Sequence[Claimed]) -> None:
        done: list[Claimed] = []
        left = list(claimed)
        share = time.monotonic() + min(SHARE_AFTER, self.lease / 4)
        claims = self._claims()
        try:
            while left:
                if len(left) < len(claimed) and (time.monotonic() > share or self.stopping()):
                    break
                effect = left.pop(0)
                with traced(effect.trace):
                    handler = self.handlers.get(effect.kind)
                    if handler and handler.timeout > self.lease / 2:
                        claims.finish(done, self._now())
                        done.clear()
                        try:
                            seconds = 0.0 if handler.beats else handler.timeout
                            claims.renew(effect, seconds + self.lease)
                        except LeaseLost:
                            continue
                    if self._run(claims, handler, effect):
                        done.append(effect)
        finally:
            try:
                self._written(lambda: claims.finish(done, self._now()))
            finally:
                self._written(lambda: claims.give_back(left))

    def _written(self, work: Callable[[], None]) -> None:
        """Tries again while the database is busy: what was done and is not ended is done again."""
        ends = time.monotonic() + self.lease / 2
        while True:
            try:
                return work()
            except OperationalError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.2)

    def _run(self, claims: Claims, handler: Handler | None, effect: Claimed) -> bool:
        """One attempt. True when the effect is still to be ended as done."""
        started = time.monotonic()
        if handler is None:
            self._again(claims, effect, say.UNKNOWN_KIND(kind=effect.kind), None, attempts=20)
            return False
        if effect.attempt > handler.attempts:
            # none of them came to an end, or it would have failed: it ends whoever takes it
            self._fail(claims, effect, say.NEVER_ENDED(attempts=handler.attempts))
            return False
        gate = self.gate()
        running = Running(gate, by_present_name(gate, effect), claims)
        try:
            with self.time_limit(handler.timeout):
                handler.run(running)
        except StaleRevision:
            # first of all, since older programs may not understand the new revision
            claims.put_back(effect, self._now(), after=0, counted=False)
            self.renewed()
            return False
        except LeaseLost:
            log.warning("lost", extra={"effect": effect.id, "kind": effect.kind})
            return False
        except Later as later:
            self._again(claims, effect, later.problem, later.after, handler.attempts)
            return False
        except Hopeless as hopeless:
            self._fail(claims, effect, hopeless.problem)
            return False
        except Refusal as refusal:
            self._fail(claims, effect, refusal.problems[0])
            return False
        except TooLong:
            problem = say.TOO_LONG(seconds=f"{handler.timeout:g}")
            self._again(claims, effect, problem, None, handler.attempts)
            return False
        except Exception as error:
            log.exception("unexpected", extra={"effect": effect.id, "kind": effect.kind})
            problem = say.UNEXPECTED(why=type(error).__name__, trace=effect.trace)
            self._again(claims, effect, problem, None, handler.attempts)
            return False
        log.info(
            "done",
            extra={
                "effect": effect.id,
                "kind": effect.kind,
                "attempt": effect.attempt,
                "seconds": round(time.monotonic() - started, 4),
            },
        )
        return not running.finished

    def _again(
        self,
        claims: Claims,
        effect: Claimed,
        problem: Problem,
        after: float | None,
        attempts: int,
    ) -> None:
        if effect.attempt >= attempts:
            self._fail(claims, effect, problem)
            return
        log.warning(
            "again",
            extra={"effect": effect.id, "kind": effect.kind, "attempt": effect.attempt,
                   "problem": problem.code},
        )  # fmt: skip
        claims.put_back(effect, self._now(), problem, after)

    def _fail(self, claims: Claims, effect: Claimed, problem: Problem) -> None:
        log.error(
            "failed",
            extra={"effect": effect.id, "kind": effect.kind, "attempt": effect.attempt,
                   "problem": problem.code},
        )  # fmt: skip
        claims.fail(effect, self._now(), problem)
        try:
            self.failed(self.gate(), effect, problem)
        except Exception:  # it stands among the failed ones, whoever could not be told
            log.exception("not-told", extra={"effect": effect.id, "kind": effect.kind})


def by_present_name(gate: Gate, effect: Claimed) -> Claimed:
    """The effect, of an object that was renamed since it was asked for under its present name."""
    objects = gate.catalog.objects
    if not effect.object or effect.object in objects:
        return effect
    found = (name for name, o in objects.items() if effect.object in o.formers)
    return replace(effect, object=next(found, effect.object))
