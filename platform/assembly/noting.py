"""A hook of apply: the audit says that a revision was published, by whom, in how many steps."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from engine.records.events import APPLY, Event, note_in
from engine.schema.planning import Plan
from engine.schema.publishing import Hook

COMMAND = "command"


def noting_apply(by: str, now: dt.datetime, person: int | None = None, via: str = COMMAND) -> Hook:
    """What notes a publication in its own transaction; `person` is who asked, where known."""

    def hook(connection: sa.Connection, made: Plan) -> None:
        said = {
            "by": by,
            "after": made.applied.id if made.applied else None,
            "steps": len(made.steps),
            "plan": made.digest,
        }
        note_in(connection, Event(action=APPLY, data=said), now, person, via)

    return hook
