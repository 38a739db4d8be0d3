"""Writing anew what a plan says, with what the rooms above keep of records beside them.

1. Names that are kept beside records follow (`renaming`).
2. The engine converts, replaces and fills values, audited in one batch (`engine.impact.mending`).
3. Records that change their stage have that in their history.
4. Timers of the objects whose records changed are set anew, in the background.
5. What waits at an approval step that is gone goes on at the one in its place; on a way back, at
   the one where it waited then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from assembly.renaming import KINDS, rename
from automation.digests import digest_of
from automation.refilling import refilling
from automation.rules import automations_of
from engine.impact.mending import begin_batch, mend
from engine.records.transaction import Transaction
from engine.schema.targets import Fix
from jobs.outbox import put
from workflow.approvals.moving import STEPS, STEPS_BACK, move, votes_moving
from workflow.history import write_history


def mend_all(
    tx: Transaction, fixes: Sequence[Fix], done: Collection[Fix] = ()
) -> tuple[Mapping[str, Collection[int]], int | None]:
    """Carries the fixes out but those that are `done` before; returns the ids of the records that
    were written, by object, and the batch."""
    for fix in fixes:
        if fix.kind in KINDS:
            rename(tx, fix)
    steps = [fix for fix in fixes if fix.kind in (STEPS, STEPS_BACK)]
    own = of_values(fixes)
    written = mend(tx, own, write_history, done)
    for fix in steps:
        if votes := votes_moving(tx, fix):
            tx.batch = tx.batch or begin_batch(tx, steps)
            move(tx, fix.object, votes)
    batch, tx.batch = tx.batch, None
    _set_timers(tx, {fix.object for fix in own})
    return written, batch


def of_values(fixes: Sequence[Fix]) -> list[Fix]:
    """Those of the fixes that write values of records."""
    return [fix for fix in fixes if fix.kind not in (STEPS, STEPS_BACK, *KINDS)]


def _set_timers(tx: Transaction, objects: Collection[str]) -> None:
    """Asks for the timers of these objects' records to be set as the records are now."""
    timed = [
        automation
        for automation in automations_of(tx.catalog).values()
        if automation.timer is not None and automation.object in objects
    ]
    put(tx, [refilling(one, digest_of(one, tx.catalog), None) for one in timed])
