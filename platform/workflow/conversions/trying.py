"""Trying a change out: the gate's steps on a transaction that is rolled back afterwards.

Totals, defaults, suggestions and rules of a preview are the gate's own. No number is spent on
it, and problems do not end it: as much as possible is computed and shown.
"""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from engine.problems import Problem, Refusal
from engine.records.changes import Batch, Change
from engine.records.transaction import Transaction

SKIPPED = frozenset(("number", "version", "audit", "automations", "stage history"))
"""Steps that leave traces or that only matter when something is really written."""
ENDING = frozenset(("permission", "before"))
"""Steps without which there is nothing to go on with."""


class RolledBack(Exception):
    """Ends the transaction of a trial."""


def try_steps(tx: Transaction, object: str, action: str, change: Change) -> list[Problem]:
    """Takes one change through the steps and returns what is wrong with it.

    The change has an id where it could be written.
    """
    definition = tx.catalog.objects[object]
    batch = Batch(tx, definition, action, [change], tx.lens(object))
    problems: list[Problem] = []
    fresh = change.id is None
    try:
        with tx.connection.begin_nested():
            for step in tx.gate.steps:
                if action not in step.actions or step.name in SKIPPED:
                    continue
                try:
                    step.run(batch)
                except Refusal as refusal:
                    problems += [p for p in refusal.problems if p not in problems]
                    if step.name in ENDING:
                        break
                    if step.name == "unique":
                        _give_up(change, refusal)
    except IntegrityError:
        if fresh:
            change.id = None
    return problems + [p for p in change.all_problems() if p not in problems]


def _give_up(change: Change, refusal: Refusal) -> None:
    """Leaves open what somebody else has, so that the rest can be written and shown."""
    for problem in refusal.problems:
        name = problem.path.removeprefix(change.path)
        if name in change.row:
            change.row[name] = None
