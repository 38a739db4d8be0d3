"""The ways of a record into its approval and out of it, checked against its workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.problems import Place, did_you_mean
from workflow.approvals import connecting_messages as say
from workflow.connecting import UNKNOWN_STAGE
from workflow.definitions import Transition, Workflow

if TYPE_CHECKING:
    from workflow.approvals.definitions import Approval

ENDS = ("granted", "rejected", "withdrawn")
"""The keys of the transitions that end an approval."""


def workflow_of(approval: Approval, catalog: Catalog) -> Workflow | None:
    """The object's workflow that knows most of the approval's transitions; None without any."""
    flows: list[Workflow] = [
        flow for flow in catalog.of("workflow").values() if flow.object == approval.object
    ]
    named = {*approval.starts_on, approval.granted, approval.rejected, approval.withdrawn}
    return max(flows, key=lambda flow: len(named & flow.transitions.keys()), default=None)


def check_routes(approval: Approval, flow: Workflow, problems: Problems) -> None:
    """Adds everything that is wrong with the approval's transitions and stages."""
    starts = [
        found
        for index, name in enumerate(approval.starts_on)
        if (found := _transition(flow, name, approval.place("starts_on", index), problems))
    ]
    _stages_known(approval, flow, problems)
    waiting = starts[0].target if starts else ""
    for index, start in enumerate(starts):
        if start.target != waiting:
            place = approval.place("starts_on", index)
            problems.append(
                say.TWO_TARGETS(place, transition=start.name, stage=start.target, other=waiting)
            )
    ends = [_end(approval, key, flow, waiting, problems) for key in ENDS]
    if not starts:
        return
    for transition in flow.transitions.values():
        if transition.target == waiting and transition.name not in approval.starts_on:
            problems.append(
                say.SILENT_ENTRY(
                    approval.place("starts_on"), transition=transition.name, stage=waiting
                )
            )
    back = [end.target for end in ends[1:] if end is not None]
    before = {waiting, *back, *(source for start in starts for source in start.sources)}
    for index, stage in enumerate(approval.needed_in):
        if stage in before:
            place = approval.place("needed_in", index)
            problems.append(say.NEEDED_TOO_EARLY(place, stage=stage))


def _end(
    approval: Approval, key: str, flow: Workflow, waiting: str, problems: Problems
) -> Transition | None:
    """The transition that ends the approval; going back must never be refused."""
    place = approval.place(key)
    found = _transition(flow, getattr(approval, key), place, problems)
    if found is None:
        return None
    if waiting and waiting not in found.sources:
        problems.append(say.NO_WAY_BACK(place, key=key, transition=found.name, stage=waiting))
    for condition in ("guard", "require"):
        if key != "granted" and found.source is not None and found.source.get(condition):
            problems.append(
                say.CONDITION_ON_RETURN(place, key=key, transition=found.name, condition=condition)
            )
    return found


def _stages_known(approval: Approval, flow: Workflow, problems: Problems) -> None:
    names = [option.name for option in flow.options]
    for index, stage in enumerate(approval.needed_in):
        if stage not in names:
            place = approval.place("needed_in", index)
            best = did_you_mean(stage, names)
            problems.append(UNKNOWN_STAGE(place, workflow=flow.name, name=stage, best=best))


def _transition(flow: Workflow, name: str, place: Place, problems: Problems) -> Transition | None:
    found = flow.transitions.get(name)
    if found is None:
        best = did_you_mean(name, flow.transitions)
        problems.append(say.UNKNOWN_TRANSITION(place, workflow=flow.name, name=name, best=best))
    return found
