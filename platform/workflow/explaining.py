"""What stages say to a change of the stage: the ways that lead on from where the record stands.

The gate decides (`workflow.steps`); this says the same beforehand, of the record as it stands: what
somebody fills on the way may still open a way that is closed now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.fieldtypes.choice import Stage
from engine.fieldtypes.link import Collection
from engine.permissions.roles import Role
from engine.records.rights import joined
from engine.records.why.asked import Asked
from engine.records.why.findings import Finding, every, pair, said, some
from workflow.approvals.definitions import approvals_of, reserved
from workflow.definitions import Transition, Workflow
from workflow.steps import stage_label

_WAYS = pair("ways on from {stage}", "可从“{stage}”进行的操作")
_WAYS_HIDDEN = pair("ways on from where the record stands", "从当前阶段可进行的操作")
_WAY = pair("{transition} → {target}", "{transition} → {target}")
_ROLES = pair("only for: {roles}", "仅限：{roles}")
_GUARD = pair("guard: {source}", "条件：{source}")
_NEEDS = pair("{field} must be filled in", "须填写{field}")
_RESERVED = pair("performed by the approval {approval} only", "只能由审批“{approval}”执行")


def stage_locks(asked: Asked) -> Iterator[Finding]:
    """The ways from the record's stage, where a change of the stage is asked about."""
    found, conditions = asked.field, asked.conditions
    if found is None or not isinstance(found.type, Stage) or asked.action != "update":
        return
    flow: Workflow = asked.gate.catalog.of("workflow")[found.type.workflow]
    if conditions is None:
        return
    stage = conditions.record.value(found.name)
    told = conditions.reads(found.name)
    ways = tuple(_way(asked, flow, way) for way in flow.from_stage(stage))
    text = said(_WAYS, stage=stage_label(flow, stage)) if told else _WAYS_HIDDEN
    place = flow.source.at("transitions") if flow.source else None
    holds = some(way.holds for way in ways) if told else None
    closed = all(way.bars for way in ways)
    yield Finding("lock", text, holds, place, ways if told else (), bars=closed)


def _way(asked: Asked, flow: Workflow, way: Transition) -> Finding:
    parts = tuple(_demands(asked, way))
    target = stage_label(flow, way.target)
    text = said(_WAY, transition=way.label, target=target)
    holds = every(part.holds for part in parts)
    closed = any(part.bars for part in parts)
    return Finding("condition", text, holds, way.place(), parts, name=way.name, bars=closed)


def _demands(asked: Asked, way: Transition) -> Iterator[Finding]:
    """What one way asks for; what is filled on the way cannot be known before."""
    catalog, conditions = asked.gate.catalog, asked.conditions
    assert conditions is not None
    if way.roles:
        known: Mapping[str, Role] = catalog.of("role")
        may = bool(asked.subject.roles & set(way.roles))
        labels = joined([known[name].label for name in way.roles if name in known])
        text = said(_ROLES, roles=labels)
        yield Finding("condition", text, may, way.place("roles"), bars=not may)
    if way.name in reserved(catalog, asked.definition.name):
        approval = next(
            a
            for a in approvals_of(catalog, asked.definition.name)
            if way.name in (a.granted, a.rejected, a.withdrawn)
        )
        free = way.name != approval.granted  # ways back are free where nothing is running
        text = said(_RESERVED, approval=approval.label)
        yield Finding("condition", text, free, approval.place(), bars=not free)
    given = {*way.asks, *way.sets}
    for name in way.require:
        yield _required(asked, way, name, name in given)
    if way.guard is not None:
        text = said(_GUARD, source=way.guard.source)
        reads = {name for object, name in way.guard.reads if object == asked.definition.name}
        if reads & given:
            yield Finding("condition", text, None, way.guard.place)
            return
        (true,) = conditions.truth([way.guard])
        part = conditions.finding(way.guard)
        yield Finding(
            "condition", text, part.holds, way.guard.place, (part,), part.values, bars=not true
        )


def _required(asked: Asked, way: Transition, name: str, given: bool) -> Finding:
    found, conditions = asked.definition.fields[name], asked.conditions
    assert conditions is not None
    text, place = said(_NEEDS, field=found.label), way.place("require")
    if given or found.virtual or isinstance(found.type, Collection):
        return Finding("condition", text, None, place)
    filled = conditions.record.value(name) not in (None, ())
    return Finding(
        "condition", text, filled if conditions.reads(name) else None, place, bars=not filled
    )
