"""What publishing is asked for: what makes the plan anew, who publishes, what else happens then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from engine.schema.backfilling import Progress
from engine.schema.planning import Plan
from engine.schema.state import Rehearsed
from engine.schema.targets import Filling


class Replan(Protocol):
    """Makes the plan for the same target anew, on the database as it is now."""

    def __call__(
        self, connection: sa.Connection, *, findings: bool = True, begun: Plan | None = None
    ) -> Plan:
        """The plan; without `findings` nothing is counted, as is quicker.

        `begun` is the plan that is being carried out: the columns that it has added are there.
        Otherwise it is the plan as it was before, though an apply that did not come to its end
        has added them.
        """


Hook = Callable[[sa.Connection, Plan], None]
"""What a room above does while a revision is published; an exception takes everything back."""


@dataclass(frozen=True, kw_only=True)
class Publishing:
    """Who publishes, when, and what else happens in that transaction.

    `rehearsed` is how the scenarios went that were played before, None where none were.
    `tell` is told how far it is with what is computed before.
    """

    by: str
    now: dt.datetime
    fill: Filling
    hooks: Sequence[Hook] = ()
    message: str = ""
    rehearsed: Rehearsed | None = None
    tell: Callable[[Progress], None] = lambda progress: None
