"""Connecting workflows: names are checked, guards compiled, dead ends found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.messages import UNKNOWN_FIELD, UNKNOWN_OBJECT
from engine.definition.objects import Field, Object
from engine.definition.tree import Node
from engine.expressions import Expression, compile_expression
from engine.expressions.types import Kind, Type
from engine.fieldtypes.choice import Stage
from engine.problems import Message, Place, Problem, Refusal, did_you_mean

if TYPE_CHECKING:
    from workflow.definitions import Transition, Workflow

UNKNOWN_STAGE = Message(
    "unknown-stage",
    en="{workflow} has no stage {name!r}",
    zh="流程 {workflow} 没有阶段 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
UNKNOWN_ROLE = Message(
    "unknown-role",
    en="there is no role {name!r}",
    zh="不存在角色 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
UNREACHABLE = Message(
    "stage-unreachable",
    en="no transition leads to the stage {stage!r} from the start",
    zh="从起始阶段无法到达阶段 {stage!r}",
    hint_en="add a transition, or name it under `start:`",
    hint_zh="请添加一个流转，或将其列入 `start:`",
)
DEAD_END = Message(
    "stage-dead-end",
    en="the open stage {stage!r} has no way out",
    zh="进行中的阶段 {stage!r} 没有出口",
    hint_en="add a transition from it, or set its state to won, lost or done",
    hint_zh="请添加从该阶段出发的流转，或将其状态设为 won、lost 或 done",
)
NOT_ITS_FIELD = Message(
    "not-its-stage-field",
    en="{object}.{field} is not the stage field of the workflow {workflow}, which drives {drives}",
    zh="{object}.{field} 不是流程 {workflow} 的阶段字段，该流程驱动 {drives}",
    hint_en="a workflow and its field (`type: stage`) name each other, one to one",
    hint_zh="流程与其字段（`type: stage`）须一一对应、互相指明",
)
STAGES_OF_LINES = Message(
    "stages-of-lines",
    en="{object} is part of another record, so it has no stages of its own",
    zh="{object} 是其他记录的明细，没有自己的阶段",
    hint_en="use a choice, or give the stages to the record",
    hint_zh="请使用单选字段，或将阶段放在所属记录上",
)
TWO_WAYS = Message(
    "two-transitions",
    en="{first!r} and {second!r} both lead from {source!r} to {target!r}",
    zh="{first!r} 与 {second!r} 都从 {source!r} 通向 {target!r}",
    hint_en="a stage set by a form or an import could mean either; keep one",
    hint_zh="表单或导入设置该阶段时无法区分；请只保留一个",
)


def connect_workflows(catalog: Catalog, problems: Problems) -> Catalog:
    """The catalog with connected workflows."""
    workflows = {
        name: _connected(workflow, catalog, problems)
        for name, workflow in catalog.of("workflow").items()
    }
    for definition in catalog.objects.values():
        for field in definition.fields.values():
            found = workflows.get(field.type.workflow) if isinstance(field.type, Stage) else None
            if found is not None and (found.object, found.field) != (field.object, field.name):
                place = field.place("workflow")
                problems.append(_not_its(found, field.object, field.name, place))
    return catalog.with_others("workflow", workflows)


def _drives(workflow: Workflow, field: Field) -> bool:
    return isinstance(field.type, Stage) and field.type.workflow == workflow.name


def _not_its(workflow: Workflow, object: str, field: str, place: Place) -> Problem:
    return NOT_ITS_FIELD(
        place, object=object, field=field, workflow=workflow.name,
        drives=f"{workflow.object}.{workflow.field}",
    )  # fmt: skip


def _connected(workflow: Workflow, catalog: Catalog, problems: Problems) -> Workflow:
    source = workflow.source
    assert source is not None
    _stages(workflow, problems)
    definition = catalog.objects.get(workflow.object)
    if definition is None:
        best = did_you_mean(workflow.object, catalog.objects)
        problems.append(UNKNOWN_OBJECT(source.at("object"), name=workflow.object, best=best))
        return workflow
    field = definition.fields.get(workflow.field)
    if field is None or not _drives(workflow, field):
        problems.append(_not_its(workflow, workflow.object, workflow.field, source.at("field")))
    if definition.parent:
        problems.append(STAGES_OF_LINES(source.at("object"), object=definition.name))
    transitions = {
        name: _transition(transition, definition, catalog, problems)
        for name, transition in workflow.transitions.items()
    }
    return replace(workflow, transitions=transitions)


def _transition(
    transition: Transition, definition: Object, catalog: Catalog, problems: Problems
) -> Transition:
    for key in ("require", "asks"):
        for index, name in enumerate(getattr(transition, key)):
            if name not in definition.fields:
                best = did_you_mean(name, definition.fields)
                place = transition.place(key, index)
                problems.append(UNKNOWN_FIELD(place, object=definition.name, name=name, best=best))
    _unknown(transition.roles, catalog.of("role"), transition.place("roles"), problems)
    boolean = Type(Kind.BOOLEAN)
    guard = _compiled(transition.source, "guard", boolean, definition, catalog, problems)
    return replace(transition, guard=guard, sets=_sets(transition, definition, catalog, problems))


def _unknown(names: Iterable[str], known: Iterable[str], place: Place, problems: Problems) -> None:
    roles = list(known)
    for name in names:
        if name not in roles:
            problems.append(UNKNOWN_ROLE(place, name=name, best=did_you_mean(name, roles)))


def _sets(
    transition: Transition, definition: Object, catalog: Catalog, problems: Problems
) -> dict[str, Expression]:
    node = transition.source.get("set") if transition.source else None
    found: dict[str, Expression] = {}
    for name, child in node.items() if node else ():
        field = definition.fields.get(name)
        place = child.key_place or child.place
        if field is None or not field.writable:
            best = did_you_mean(name, definition.fields)
            problems.append(UNKNOWN_FIELD(place, object=definition.name, name=name, best=best))
            continue
        expected = field.type.expression_type()
        compiled = _compiled(node, name, expected, definition, catalog, problems)
        if compiled is not None:
            found[name] = compiled
    return found


def _compiled(
    above: Node | None,
    key: str,
    expected: Type,
    definition: Object,
    catalog: Catalog,
    problems: Problems,
) -> Expression | None:
    node = above.get(key) if above else None
    if node is None or node.value is None:
        return None
    try:
        return compile_expression(
            str(node.value), definition.name, catalog, expected=expected, place=node.place
        )
    except Refusal as refusal:
        problems.extend(refusal.problems)
        return None


def _stages(workflow: Workflow, problems: Problems) -> None:
    source = workflow.source
    assert source is not None
    names = [option.name for option in workflow.options]
    for stage in workflow.start:
        if stage not in names:
            _unknown_stage(workflow, stage, source.at("start"), problems)
    for transition in workflow.transitions.values():
        if transition.target not in names:
            _unknown_stage(workflow, transition.target, transition.place("to"), problems)
        for stage in transition.sources:
            if stage not in names:
                _unknown_stage(workflow, stage, transition.place("from"), problems)
            others = [t for t in workflow.between(stage, transition.target) if t is not transition]
            if others and others[0].name < transition.name:
                problems.append(
                    TWO_WAYS(
                        transition.place(), first=others[0].name, second=transition.name,
                        source=stage, target=transition.target,
                    )
                )  # fmt: skip
    reached = _reached(workflow)
    for name in names:
        place = source.at("stages", name)
        if name not in reached:
            problems.append(UNREACHABLE(place, stage=name))
        if workflow.state(name) == "open" and not workflow.from_stage(name):
            problems.append(DEAD_END(place, stage=name))


def _unknown_stage(workflow: Workflow, name: str, place: Place, problems: Problems) -> None:
    best = did_you_mean(name, [option.name for option in workflow.options])
    problems.append(UNKNOWN_STAGE(place, workflow=workflow.name, name=name, best=best))


def _reached(workflow: Workflow) -> set[str]:
    reached = set(workflow.start)
    waiting = list(workflow.start)
    while waiting:
        for transition in workflow.from_stage(waiting.pop()):
            if transition.target not in reached:
                reached.add(transition.target)
                waiting.append(transition.target)
    return reached
