"""What happens after a commit, and as time passes: carried out at once, in the order of time.

Mails and requests to other systems are kept instead of sent.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from assembly.background import SYNC, Services, handlers_of
from assembly.revisions import Site
from documents.rendering import Renderer
from engine.files import Files
from engine.problems import Refusal, Text
from engine.records.gate import Gate
from engine.records.prepared import Prepared
from engine.schema.fence import StaleRevision
from jobs.carrying import Carrier
from jobs.handlers import Handler, Hopeless, Later, LeaseLost, Running
from jobs.schedules import SCHEDULES, fire_schedules
from jobs.tables import OUTBOX, QUEUES, WAITING, is_
from jobs.timers import MOST, TIMERS, fire_due
from scenarios.cast import Cast
from scenarios.clock import Clock
from scenarios.messages import TOO_MUCH
from scenarios.told import Letters, not_called

EXPECTED = (Later, Hopeless, Refusal, LeaseLost, StaleRevision)
"""What handlers raise to say what became of an effect."""
MOST_MOMENTS = 20_000
"""Moments at which something happens while time passes in one step."""


class Next(NamedTuple):
    """The next moments at which a timer, a schedule or an effect is due, where there are any."""

    timer: dt.datetime | None
    schedule: dt.datetime | None
    outbox: dt.datetime | None


def _is_due(moment: dt.datetime | None, now: dt.datetime) -> bool:
    return moment is not None and moment <= now


def _moments(gate: Gate) -> Prepared:
    """The statement of `Next`: it is asked after each step and at each moment."""
    timers, schedules, outbox = map(gate.tables.system, (TIMERS, SCHEDULES, OUTBOX))
    found = (
        sa.select(sa.func.min(timers.c.due)).where(is_(timers, WAITING)),
        sa.select(sa.func.min(schedules.c.next)),
        sa.select(sa.func.min(outbox.c.due)).where(is_(outbox, WAITING)),
    )
    return Prepared(
        sa.select(*(one.scalar_subquery() for one in found)), gate.databases.reads.dialect
    )


class Afterwards:
    """The background work of a stage, for one scenario after the other (`begin`)."""

    def __init__(
        self,
        site: Site,
        clock: Clock,
        cast: Cast,
        renderer: Renderer,
        layers: Sequence[Path],
        folder: Path,
    ) -> None:
        """The site's background work; files that are made on the way lie in `folder`."""
        self.site, self.clock = site, clock
        self.letters = Letters()
        services = Services(
            directory=cast,
            renderer=renderer,
            layers=layers,
            post=self.letters.post,
            files=Files("files", folder),
        )
        none_called = not_called()
        handlers = {**handlers_of(services), none_called.kind: none_called}
        self.carrier = Carrier(site.gate, {kind: self._noted(h) for kind, h in handlers.items()})
        self._errors: dict[int, str] = {}
        self._moments = _moments(site.gate())

    def begin(self) -> None:
        """Forgets what was before."""
        self.letters.mails.clear()
        self._errors.clear()

    def _noted(self, handler: Handler) -> Handler:
        """The handler; of an error of the program it is kept what the outbox does not tell."""

        def run(running: Running) -> None:
            try:
                handler.run(running)
            except EXPECTED:
                raise
            except Exception as error:
                self._errors[running.effect.id] = f"{type(error).__name__}: {error}"
                raise

        return replace(handler, run=run)

    def schedule(self) -> None:
        """Lets schedules count from now on, however long before the database was made."""
        gate = self.site.gate()
        with gate.databases.writing() as connection:
            connection.execute(sa.delete(gate.tables.system(SCHEDULES)))
        for sync in SYNC:
            sync(gate)

    def drain(self) -> None:
        """Carries out all that is due now."""
        while _is_due(self._next().outbox, self.clock.now) and self.carrier.carry(QUEUES):
            pass

    def turn(self, until: dt.datetime) -> None:
        """Lets time pass: everything on the way happens at its own moment, one after the other.

        Raises Refusal when that would be more than `MOST_MOMENTS`.
        """
        moments = 0
        while _is_due(min(filter(None, next_ := self._next()), default=None), until):
            moments += 1
            if moments > MOST_MOMENTS:
                raise Refusal(TOO_MUCH(limit=MOST_MOMENTS))
            self.clock.now = max(self.clock.now, min(filter(None, next_)))
            self._fire(next_)
        self.clock.now = until

    def _fire(self, next_: Next) -> None:
        gate, now = self.site.gate(), self.clock.now
        if _is_due(next_.timer, now):
            while fire_due(gate) == MOST:
                pass
        if _is_due(next_.schedule, now):
            fire_schedules(gate)
        self.drain()

    def _next(self) -> Next:
        """When anything is due next."""
        with self.site.databases.reading() as connection:
            (row,) = self._moments.rows(connection, {})
        return Next(*row)

    def failed(self, after: int) -> list[tuple[str, Text]]:
        """What went wrong of the effects behind the one with the id `after`: kinds, and why.

        What would be tried again counts as well: a scenario waits for nothing.
        """
        gate = self.site.gate()
        table = gate.tables.system(OUTBOX)
        statement = (
            sa.select(table.c.id, table.c.kind, table.c.problem)
            .where(table.c.id > after, table.c.problem.is_not(None))
            .order_by(table.c.id)
        )
        with gate.databases.reading() as connection:
            rows = connection.execute(statement).all()
        return [(row.kind, self._said(row.id, row.problem)) for row in rows]

    def _said(self, id: int, stored: str) -> Text:
        """Why an effect failed: the problem that the outbox keeps, in each language."""
        if id in self._errors:
            return Text.of(self._errors[id])
        said = json.loads(stored)
        return Text({key: f"{said['code']} {said[key]}" for key in ("en", "zh")})
