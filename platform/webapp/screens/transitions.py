"""Transitions on the screens: which ways lead on from here, what they ask, and taking one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.definition.objects import Field, Object
from engine.fieldtypes.choice import Stage
from engine.records.changes import UPDATE, Change
from engine.records.transaction import Transaction
from webapp.screens.here import Here
from webapp.screens.wholes import with_parts
from workflow.approvals.definitions import granting, reserved
from workflow.definitions import Transition, Workflow


@dataclass(frozen=True, slots=True)
class Way:
    """One transition that the actor may take from a stage.

    `fields` are those that it asks for, `needs` those that must be filled. `kind` says how it
    is drawn: "on" leads forward, "off" ends without success, "back" leads back.
    """

    name: str
    label: str
    target: str
    fields: tuple[str, ...]
    needs: tuple[str, ...]
    kind: str


def workflow_of(at: Here, stage: Field) -> Workflow:
    """The workflow that drives a stage field."""
    assert isinstance(stage.type, Stage)
    found: Workflow = at.catalog.of("workflow")[stage.type.workflow]
    return found


def ways(
    at: Here, definition: Object, stage: Field, current: str | None, *, free: bool = False
) -> list[Way]:
    """The transitions from `current` that the actor's roles may take, forward ones first.

    Of a record that is known to be `free`, without an approval that is running, the ways back
    from an approval are among them: an imported record may need them.
    """
    workflow = workflow_of(at, stage)
    lens = at.lens(definition.name)
    places = {option.name: index for index, option in enumerate(workflow.options)}
    found = []
    by_approvals = (granting if free else reserved)(at.catalog, definition.name)
    for transition in workflow.from_stage(current):
        if transition.name in by_approvals:
            continue
        if (
            transition.roles
            and not at.actor.is_system
            and not at.actor.roles & set(transition.roles)
        ):
            continue
        kind = _kind(workflow, transition, places.get(current or "", -1), places)
        asks, needs = (
            tuple(n for n in names if lens.may_write(n) and definition.fields[n].writable)
            for names in (
                with_parts(definition, asked) for asked in (transition.asks, transition.require)
            )
        )
        label = at.say(transition.label)
        found.append(Way(transition.name, label, transition.target, asks, needs, kind))
    return sorted(found, key=lambda way: ("on", "off", "back").index(way.kind))


def _kind(workflow: Workflow, way: Transition, now: int, places: dict[str, int]) -> str:
    if workflow.state(way.target) == "lost":
        return "off"
    return "on" if places[way.target] > now else "back"


def perform(
    at: Here, object: str, id: int, name: str, given: dict[str, Any], version: int | None
) -> Change:
    """Takes the transition `name` with the fields that were given.

    Raises Refusal with all that speaks against it.
    """

    def work(tx: Transaction) -> Change:
        change = Change(given=dict(given), id=id, expected_version=version, transition=name)
        at.gate.pass_steps(tx, object, UPDATE, [change])
        return change

    return at.gate.write(at.actor, work)
