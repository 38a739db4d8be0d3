"""The scheduler: what has to be looked after about once a second, in any number of processes.

One `tick` asks the database in a single query what is due, and does it:

1. a newer revision: takes it, and lets the rooms bring timers and schedules into line with it
2. timers and schedules that are due, and leases that have run out
3. what rooms hand in: `extra` at every tick, `pruning` every ten minutes

One process leads and does all of it (`jobs.leading`). The others look on, and step in for what is
overdue by several seconds, so that a leader that hangs holds nothing up.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy.exc import SQLAlchemyError

from engine.records.gate import Gate
from engine.schema.fence import StaleRevision
from engine.tracing import traced
from jobs.claims import Claims, real_now
from jobs.leading import Leader, leader_for
from jobs.pruning import prune_outbox
from jobs.schedules import fire_schedules
from jobs.tables import OUTBOX
from jobs.timers import MOST, fire_due
from jobs.upcoming import Upcoming, upcoming

log = logging.getLogger("formwright.jobs")

LONGEST_REST = 1.0
"""Seconds between two ticks at most; what becomes due within them shortens it."""
BUSY = 5.0
"""Seconds for which a tick goes on with one thing while there is more of it."""
LATE = dt.timedelta(seconds=4)
"""Overdue by so much, work is done by those who do not lead as well."""
PRUNE_EVERY = 600.0
"""Seconds between two rounds of pruning."""
REST_AFTER_FAILURE = 5.0
"""Seconds after which something that went wrong is tried again."""

Work = Callable[[], object]
Sync = Callable[[Gate], object]
"""Brings timers and schedules into line with the definitions of a revision; whether it had to."""
Prune = Callable[[Gate], int]
"""Removes one batch of what is no longer needed and says how many; called until it is none."""


class Minder:
    """The scheduler of one site in this process.

    `gate` gives the gate of the revision in force, `renewed` makes it look for a newer one.
    `sync` is called at every new revision, and when this process begins to lead; `extra` at every
    tick of a process that leads. Both must be quick when there is nothing to do.
    """

    def __init__(
        self,
        gate: Callable[[], Gate],
        *,
        renewed: Callable[[], object] = lambda: None,
        sync: Sequence[Sync] = (),
        extra: Sequence[Work] = (),
        pruning: Sequence[Prune] = (prune_outbox,),
        leader: Leader | None = None,
    ) -> None:
        self.gate = gate
        self.renewed = renewed
        self.sync = tuple(sync)
        self.extra = tuple(extra)
        self.pruning = tuple(pruning)
        self.leader = leader or leader_for(gate().databases)
        self._led: bool | None = None
        self._synced: int | None = None
        self._prune_at = time.monotonic()
        self._resting: dict[Work, float] = {}

    def tick(self) -> float:
        """Does what is due; returns the seconds to rest before the next tick, at most one.

        Raises SQLAlchemyError when the database cannot be reached; anything else that goes wrong
        is logged and tried again a little later, while the rest goes on.
        """
        look = upcoming(self.gate())
        if look.revision != self.gate().revision:
            self._tried(self.renewed)
            if look.revision != self.gate().revision:  # of a newer version of the programs, say
                self.resign()
                return LONGEST_REST
        leads = self._leads()
        with traced():
            worked = [self._tried(work) for work in self._due(look, leads)]
            if leads:
                for work in self.extra:
                    self._tried(work)
        return 0.0 if any(worked) else self._rest(look)

    def run(self, ending: threading.Event) -> None:
        """Ticks until `ending` is set, however often the database goes and comes back."""
        reachable = True
        while not ending.is_set():
            try:
                rest = self.tick()
                if not reachable:
                    log.info("reachable", extra={"what": "the database answers again"})
                reachable = True
            except (SQLAlchemyError, OSError) as error:
                if reachable:
                    log.error("unreachable", extra={"why": str(error).strip().splitlines()[0]})
                reachable, rest = False, REST_AFTER_FAILURE / 2
            ending.wait(rest)
        self.resign()
        log.info("ended")

    def once(self) -> bool:
        """Ticks until nothing is due any more; False when another one leads, who does it all."""
        try:
            while self.tick() == 0.0:
                pass
            return bool(self._led)
        finally:
            self.resign()

    def resign(self) -> None:
        """Leaves the lead to others."""
        self.leader.resign()
        self._led = None

    def _leads(self) -> bool:
        leads = self.leader.leading()
        if leads != self._led:
            log.info("leading" if leads else "following")
            self._led, self._synced = leads, None
        return leads

    def _due(self, look: Upcoming, leads: bool) -> Iterator[Callable[[], bool]]:
        """What is to be done now; each answers whether it did anything."""
        grace = dt.timedelta() if leads else LATE
        now = self.gate().clock() - grace
        if leads and self._synced != self.gate().revision:
            yield self._sync
        if look.timer is not None and look.timer <= now:
            yield self._fire_timers
        if look.schedule is not None and look.schedule <= now:
            yield self._fire_schedules
        if look.lease is not None and look.lease <= real_now() - grace:
            yield self._reap
        if leads and time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_EVERY
            for prune in self.pruning:
                yield functools.partial(self._prune, prune)

    def _sync(self) -> bool:
        gate = self.gate()
        changed = [sync(gate) for sync in self.sync]
        self._synced = gate.revision
        return any(changed)

    def _fire_timers(self) -> bool:
        fired, _ = _repeated(lambda: fire_due(self.gate()), full=MOST)
        if fired:
            log.info("timers", extra={"fired": fired})
        return fired > 0

    def _fire_schedules(self) -> bool:
        fired = fire_schedules(self.gate())
        log.info("schedules", extra={"fired": fired})
        return True

    def _reap(self) -> bool:
        gate = self.gate()
        claims = Claims(gate.databases, gate.tables.system(OUTBOX), holder="")
        reaped, _ = _repeated(lambda: claims.reap(gate.clock()))
        return reaped > 0

    def _prune(self, prune: Prune) -> bool:
        removed, more = _repeated(functools.partial(prune, self.gate()))
        if more:
            self._prune_at = time.monotonic()
        return removed > 0

    def _rest(self, look: Upcoming) -> float:
        """Until the next moment that is known; what was due and could not be had comes later."""
        now = self.gate().clock()
        coming = [at for at in (look.timer, look.schedule) if at is not None and at > now]
        if not coming:
            return LONGEST_REST
        return min(LONGEST_REST, (min(coming) - now).total_seconds())

    def _tried(self, work: Work) -> object:
        """What `work` returns; something that has just failed rests for a while."""
        if self._resting.get(work, 0.0) > time.monotonic():
            return None
        try:
            return work()
        except StaleRevision:  # the next tick looks again
            return True
        except Exception:
            log.exception("unexpected", extra={"work": _name_of(work)})
            self._resting[work] = time.monotonic() + REST_AFTER_FAILURE
            return None


def _repeated(work: Callable[[], int], full: int = 1) -> tuple[int, bool]:
    """Works until a round is not full, at most for a while: how much it was, whether more is."""
    total, end = 0, time.monotonic() + BUSY
    while time.monotonic() < end:
        count = work()
        total += count
        if count < full:
            return total, False
    return total, True


def _name_of(work: Work) -> str:
    of = work.args[0] if isinstance(work, functools.partial) else work
    return f"{of.__module__}.{getattr(of, '__qualname__', of)}"
