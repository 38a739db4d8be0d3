"""The decision with everything that the rooms have to say to it."""

from __future__ import annotations

from collections.abc import Sequence

from assembly.application import Application
from engine.permissions.actors import Actor
from engine.records.why.deciding import explain
from engine.records.why.findings import Decision
from engine.records.why.locks import LOCKS
from workflow.approvals.explaining import approval_locks
from workflow.explaining import stage_locks

ALL_LOCKS = (*LOCKS, approval_locks, stage_locks)
"""What can bar the way whatever roles say, in the order in which it is told."""


def why(
    application: Application,
    asker: Actor,
    subject: Actor,
    action: str,
    object: str,
    record: int | str | None = None,
    field: str = "",
    people: Sequence[Actor] = (),
) -> Decision:
    """The decision on `action` of `subject`, as `asker` may know of it.

    `people` are all who can sign in, to say whom a change would concern and whom to ask.
    Raises Refusal for an unknown object or field, and for an action that is not about fields.
    """
    gate = application.gate
    return explain(
        gate, asker, subject, action, object, record, field, locks=ALL_LOCKS, people=people
    )
