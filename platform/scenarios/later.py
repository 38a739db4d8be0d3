"""What happens after a commit, and as time passes: carried out at once, in the order of time.

Mails and requests to other systems are kept instead of sent.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from assembly.background import SYNC, Services, handlers_of
from assembly.revisions import Site
from documents.rendering import Renderer
from engine.files import Files
from engine.problems import Text
from jobs.carrying import Carrier
from jobs.schedules import SCHEDULES, fire_schedules
from jobs.tables import OUTBOX, QUEUES, WAITING
from jobs.timers import MOST, TIMERS, fire_due
from scenarios.cast import Cast
from scenarios.clock import Clock
from scenarios.told import Letters, not_called


class Afterwards:
    """The background work of a stage, for one scenario."""

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
        self.carrier = Carrier(site.gate, handlers)

    def schedule(self) -> None:
        """Lets schedules count from now on, however long before the database was made."""
        gate = self.site.gate()
        with gate.databases.writing() as connection:
            connection.execute(sa.delete(gate.tables.system(SCHEDULES)))
        for sync in SYNC:
            sync(gate)

    def drain(self) -> None:
        """Carries out all that is due now."""
        self.carrier.drain(QUEUES)

    def turn(self, until: dt.datetime) -> None:
        """Lets time pass: everything on the way happens at its own moment, one after the other."""
        while (next_ := self._next()) is not None and next_ <= until:
            self.clock.now = max(self.clock.now, next_)
            self._fire()
        self.clock.now = until
        self._fire()

    def _fire(self) -> None:
        gate = self.site.gate()
        while fire_due(gate) == MOST:
            pass
        fire_schedules(gate)
        self.drain()

    def _next(self) -> dt.datetime | None:
        """The next moment at which anything is due."""
        gate = self.site.gate()
        timers, schedules, outbox = map(gate.tables.system, (TIMERS, SCHEDULES, OUTBOX))
        statements = (
            sa.select(sa.func.min(timers.c.due)).where(timers.c.status == WAITING),
            sa.select(sa.func.min(schedules.c.next)),
            sa.select(sa.func.min(outbox.c.due)).where(outbox.c.status == WAITING),
        )
        with gate.databases.reading() as connection:
            found = [connection.execute(statement).scalar() for statement in statements]
        return min((moment for moment in found if moment is not None), default=None)

    def failed(self, after: int) -> list[tuple[str, Text]]:
        """What went wrong of the effects behind the one with the id `after`: kinds, and why.

        What would be tried again counts as well: a scenario waits for nothing.
        """
        gate = self.site.gate()
        table = gate.tables.system(OUTBOX)
        statement = (
            sa.select(table.c.kind, table.c.problem)
            .where(table.c.id > after, table.c.problem.is_not(None))
            .order_by(table.c.id)
        )
        with gate.databases.reading() as connection:
            rows = connection.execute(statement).all()
        return [(row.kind, _said(row.problem)) for row in rows]


def _said(stored: str | None) -> Text:
    """A problem as the outbox keeps it."""
    said = json.loads(stored or "{}")
    return Text({key: f"{said.get('code', '')} {said[key]}" for key in ("en", "zh") if key in said})
