"""The steps that workflows add to the gate, so that every caller runs them (rule 9).

A transition asked for by name, and a stage given in a form, a PATCH or an import, mean the
same: perform the one transition that leads there, or be refused. A historical import may enter
any stage.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.definition.objects import Field
from engine.expressions import evaluate
from engine.fieldtypes.choice import Stage
from engine.fieldtypes.link import Collection
from engine.permissions.roles import Role
from engine.problems import Problem, Refusal, Text
from engine.records.changes import CREATE, Batch, Change, Step
from engine.records.gate import STEPS, with_steps
from engine.records.rights import joined, role_names
from engine.records.rows import RowView
from engine.records.values import as_stored
from engine.records.wholes import holds
from workflow import history
from workflow import messages as say
from workflow.definitions import Transition, Workflow


def workflow_steps() -> tuple[Step, ...]:
    """The gate's steps with those of workflows, each at its place."""
    return with_steps(
        STEPS,
        ("compute", Step("transition", choose_transitions)),
        ("rules", Step("guard", check_guards)),
        ("audit", Step("stage history", history.write_history)),
    )


def stage_fields(batch: Batch) -> list[tuple[Field, Workflow]]:
    """The object's stage fields with their workflows."""
    workflows = batch.tx.catalog.of("workflow")
    return [
        (field, workflows[field.type.workflow])
        for field in batch.definition.fields.values()
        if isinstance(field.type, Stage)
    ]


def choose_transitions(batch: Batch) -> None:
    """Finds the transition that each change performs and moves its stage."""
    known = {name for _, workflow in stage_fields(batch) for name in workflow.transitions}
    for change in batch.changes:
        if change.transition and change.transition not in known:
            _refuse_unknown(batch, change)
    for field, workflow in stage_fields(batch):
        for change in batch.changes:
            if batch.action == CREATE:
                _start(batch, change, field, workflow)
            else:
                _move(batch, change, field, workflow)


def _start(batch: Batch, change: Change, field: Field, workflow: Workflow) -> None:
    given = change.row.get(field.name)
    if given is None:
        change.row[field.name] = workflow.start[0]
    elif given not in workflow.start and not batch.tx.historical:
        change.refuse(
            say.NOT_A_START(
                object=batch.definition.label,
                stage=stage_label(workflow, given),
                possible=joined([stage_label(workflow, name) for name in workflow.start]),
            ),
            field.name,
        )


def _move(batch: Batch, change: Change, field: Field, workflow: Workflow) -> None:
    before = (change.before or {}).get(field.name)
    transition = workflow.transitions.get(change.transition) if change.transition else None
    if transition is not None:
        if before not in transition.sources:
            change.refuse(
                say.NOT_FROM_HERE(
                    transition=transition.label,
                    stage=stage_label(workflow, before),
                    possible=_possible(workflow.from_stage(before)),
                )
            )
            return
        _perform(batch, change, field, transition)
        return
    target = change.row.get(field.name)
    if target == before or batch.tx.historical:
        return
    if before is None:  # a record that is older than its stages enters them like a new one
        _start(batch, change, field, workflow)
        return
    ways = workflow.between(before, target)
    if not ways:
        change.refuse(
            say.NO_WAY(
                source=stage_label(workflow, before),
                target=stage_label(workflow, target),
                possible=_possible(workflow.from_stage(before)),
            ),
            field.name,
        )
        return
    _perform(batch, change, field, ways[0])


def _perform(batch: Batch, change: Change, field: Field, transition: Transition) -> None:
    actor = batch.tx.actor
    if transition.roles and not actor.is_system and not actor.roles & set(transition.roles):
        change.refuse(forbidden_transition(batch, transition))
        return
    change.row[field.name] = transition.target
    change.notes["transition"] = transition.name
    change.notes.setdefault("ways", {})[field.name] = transition
    view = batch.tx.gate.view_of(batch.tx, batch.definition, change)
    for name, expression in transition.sets.items():
        if change.given.get(name) not in (None, ""):  # what somebody gives on the way stands
            continue
        try:
            value = evaluate(expression, view, batch.tx.context)
            value = as_stored(batch.definition.fields[name], value)
        except Refusal as refusal:
            change.refuse_all(refusal, name)
        else:
            change.row[name] = change.input[name] = value


def forbidden_transition(batch: Batch, transition: Transition) -> Problem:
    """The problem that the transition is for other roles."""
    known: dict[str, Role] = dict(batch.tx.catalog.of("role"))
    allowed = [known[name].label for name in transition.roles if name in known]
    return say.NOT_YOUR_TRANSITION(
        transition=transition.label,
        allowed=joined(allowed),
        roles=role_names(batch.lens, batch.tx.actor.roles),
    )


def _refuse_unknown(batch: Batch, change: Change) -> None:
    possible: list[Transition] = []
    for field, workflow in stage_fields(batch):
        possible.extend(workflow.from_stage((change.before or {}).get(field.name)))
    change.refuse(
        say.NO_SUCH_TRANSITION(
            object=batch.definition.label, name=change.transition, possible=_possible(possible)
        )
    )


def _possible(transitions: Iterable[Transition]) -> Text:
    found = [transition.label for transition in transitions]
    return joined(found) if found else Text({"en": "nothing", "zh": "无"})


def stage_label(workflow: Workflow, stage: str | None) -> Text:
    """The label of a stage."""
    return next((o.label for o in workflow.options if o.name == stage), Text.of(stage or "–"))


def check_guards(batch: Batch) -> None:
    """Checks what transitions demand of the record as it will be."""
    tx = batch.tx
    if tx.historical:
        return
    for change in batch.changes:
        for transition in change.notes.get("ways", {}).values():
            _check_guard(batch, change, transition)


def _check_guard(batch: Batch, change: Change, transition: Transition) -> None:
    tx = batch.tx
    view = tx.gate.view_of(tx, batch.definition, change)
    for name in transition.require:
        if _is_empty(batch.definition.fields[name], change, view):
            label = batch.definition.fields[name].label
            change.refuse(say.NEEDED(transition=transition.label, field=label), name)
    if transition.guard is None:
        return
    try:
        holds = evaluate(transition.guard, view, tx.context)
    except Refusal as refusal:
        change.refuse_all(refusal)
        return
    if not holds:
        change.refuse(_guard_problem(transition))


def _is_empty(field: Field, change: Change, view: RowView) -> bool:
    if isinstance(field.type, Collection):
        return not view.value(field.name)
    if field.virtual:
        return False  # nobody could fill it
    return not holds(view.definition, change.row, field.name)


def _guard_problem(transition: Transition) -> Problem:
    """What the guard's author says about it; else the guard itself."""
    if transition.say is not None:
        return say.GUARD(say=transition.say)
    assert transition.guard is not None
    return say.GUARD_UNSAID(transition=transition.label, guard=transition.guard.source)
