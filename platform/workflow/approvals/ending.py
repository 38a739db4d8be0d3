"""The end of an approval: the record goes on, or back to where it can be changed again."""

from __future__ import annotations

from engine.records.changes import UPDATE, Batch, Change
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from workflow.approvals.definitions import Approval

END = "approval_end"
"""The note of a change that an approval makes itself."""
_RULES = frozenset(("guard", "rules"))


def grant(tx: Transaction, approval: Approval, record: int) -> Row:
    """Performs the transition of a granted approval; returns the record as it then is.

    Raises Refusal with what the rules demand of the record in its new stage.
    """
    change = _change(record, approval.granted)
    tx.gate.pass_steps(tx.as_system(), approval.object, UPDATE, [change])
    return change.row


def give_back(tx: Transaction, approval: Approval, record: int, transition: str) -> Row:
    """Performs the transition of a rejected or withdrawn approval.

    No rule stands in the way: the record may break one that was made while it was locked, and
    can be mended only once it is back. A record that has no such way from its stage, after a
    change of the workflow, stays there and is free.
    """
    system = tx.as_system()
    row = tx.fetch(approval.object, [record])[record]
    flow = approval.flow(tx.catalog)
    if row.get(flow.field) not in flow.transitions[transition].sources:
        return row
    change = _change(record, transition)
    definition = tx.catalog.objects[approval.object]
    batch = Batch(system, definition, UPDATE, [change], system.lens(definition.name))
    for step in tx.gate.steps:
        if UPDATE in step.actions and step.name not in _RULES:
            step.run(batch)
    return change.row


def _change(record: int, transition: str) -> Change:
    change = Change(given={}, id=record, transition=transition)
    change.notes[END] = True
    return change
