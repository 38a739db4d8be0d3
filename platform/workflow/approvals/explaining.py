"""What approvals say to a change: one that is running locks its record, one that is over keeps
what was approved. The gate decides (`workflow.approvals.steps`); this says the same beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from engine.fieldtypes.choice import Stage
from engine.records.why.asked import Asked
from engine.records.why.findings import Finding, pair, said
from workflow.approvals.definitions import Approval, approvals_of, by_key
from workflow.approvals.tables import APPROVAL, RUNNING
from workflow.steps import stage_label

_RUNNING = pair(
    "the approval {approval} is running: only its decision moves the record on",
    "审批“{approval}”进行中：只有审批决定才能继续",
)
_FROZEN = pair(
    "in {stage} it stays as {approval} approved it",
    "在“{stage}”阶段须保持审批“{approval}”通过时的内容",
)


def approval_locks(asked: Asked) -> Iterator[Finding]:
    """Approvals that keep the record, or the field, from being changed."""
    top, id = asked.top.definition, asked.top_id
    if id is None or asked.row_action not in ("update", "delete"):
        return
    approvals = approvals_of(asked.gate.catalog, top.name)
    if not approvals:
        return
    for approval in _running(asked, id):
        text = said(_RUNNING, approval=approval.label)
        yield Finding("lock", text, False, approval.place(), bars=True)
    if asked.row_action == "update":
        for approval in approvals:
            yield from _frozen(asked, approval)


def _running(asked: Asked, id: int) -> list[Approval]:
    table = asked.gate.tables.system(APPROVAL)
    known = by_key(asked.gate.catalog)
    statement = sa.select(table.c.definition).where(
        table.c.object == asked.top.definition.table,
        table.c.record == id,
        table.c.state == RUNNING,
        table.c.definition.in_(sorted(known)),
    )
    return [known[key] for key in asked.connection.execute(statement).scalars()]


def _frozen(asked: Asked, approval: Approval) -> Iterator[Finding]:
    """Content that was approved; stages move on, and fields of the system are no content."""
    field, conditions = asked.field, asked.top_conditions
    assert conditions is not None
    content = asked.definition.parent or (
        field is not None and not field.system and not isinstance(field.type, Stage)
    )
    flow = approval.flow(asked.gate.catalog)
    stage = conditions.record.value(flow.field)
    if not content or stage not in approval.needed_in:
        return
    if approval.when is not None and not conditions.truth([approval.when])[0]:
        return
    text = said(_FROZEN, stage=stage_label(flow, stage), approval=approval.label)
    told = False if conditions.reads(flow.field) else None
    yield Finding("lock", text, told, approval.place("needed_in"), bars=True)
