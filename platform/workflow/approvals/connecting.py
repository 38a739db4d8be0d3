"""Connecting approvals: names are checked, conditions compiled, ways back proven to exist."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.messages import UNKNOWN_OBJECT
from engine.definition.objects import Object
from engine.definition.tree import Node
from engine.expressions import Expression, compile_expression
from engine.expressions.types import Kind, Type
from engine.permissions.roles import NO_OWNER, Role
from engine.problems import Place, Refusal, did_you_mean
from workflow.approvals import connecting_messages as say
from workflow.approvals.routes import check_routes, workflow_of
from workflow.connecting import UNKNOWN_ROLE

if TYPE_CHECKING:
    from workflow.approvals.definitions import Approval, ApprovalStep, Approver

BOOLEAN = Type(Kind.BOOLEAN)
SOURCES = ("role", "manager", "person")
"""The keys that say who an approver is; each approver has one of them."""


def connect_approvals(catalog: Catalog, problems: Problems) -> Catalog:
    """The catalog with connected approvals."""
    approvals: dict[str, Approval] = {}
    for name, approval in catalog.of("approval").items():
        _same_start(approval, approvals, problems)
        approvals[name] = _connected(approval, catalog, problems)
    return catalog.with_others("approval", approvals)


def _same_start(approval: Approval, others: dict[str, Approval], problems: Problems) -> None:
    """Two approvals on one transition would both wait for the other's end."""
    for other in others.values():
        for name in approval.starts_on:
            if other.object == approval.object and name in other.starts_on:
                place = approval.place("starts_on")
                problems.append(
                    say.TWO_APPROVALS(
                        place, first=other.name, second=approval.name, transition=name
                    )
                )


def _connected(approval: Approval, catalog: Catalog, problems: Problems) -> Approval:
    definition = catalog.objects.get(approval.object)
    if definition is None or definition.parent:
        names = [name for name, found in catalog.objects.items() if not found.parent]
        best = did_you_mean(approval.object, names)
        problems.append(UNKNOWN_OBJECT(approval.place("object"), name=approval.object, best=best))
        return approval
    flow = workflow_of(approval, catalog)
    if flow is None:
        problems.append(say.NO_WORKFLOW(approval.place("object"), object=approval.object))
    else:
        approval = replace(approval, workflow=flow.name)
        check_routes(approval, flow, problems)
    asking = _Asking(definition, catalog, problems)
    return replace(
        approval,
        when=asking.compiled(approval.source, "when", BOOLEAN),
        steps={name: asking.step(step) for name, step in approval.steps.items()},
    )


class _Asking:
    """Checks who is asked about records of one object."""

    def __init__(self, definition: Object, catalog: Catalog, problems: Problems) -> None:
        self.definition, self.catalog, self.problems = definition, catalog, problems

    def step(self, step: ApprovalStep) -> ApprovalStep:
        """The step with its expressions."""
        if step.if_self == "manager":
            given = step.source is not None and step.source.get("if_self") is not None
            heading = step.source.key_place if step.source and not given else None
            self.manager_known(heading or step.place("if_self"))
        return replace(
            step,
            when=self.compiled(step.source, "when", BOOLEAN),
            approvers=tuple(self.approver(approver) for approver in step.approvers),
        )

    def approver(self, approver: Approver) -> Approver:
        """The approver with its expression."""
        node = approver.source
        given = [key for key in SOURCES if node is not None and node.get(key) is not None]
        if len(given) != 1:
            self.problems.append(say.APPROVER_SHAPE(approver.place(), found=", ".join(given)))
            return approver
        for key in ("within", "of"):
            belongs = {"within": "role", "of": "manager"}[key]
            if node is not None and node.get(key) is not None and given != [belongs]:
                self.problems.append(say.KEY_OF(approver.place(key), key=key, belongs=belongs))
        match given[0]:
            case "role":
                self.roles(approver)
            case "manager":
                self.manager_known(approver.place("manager"))
                if approver.of == "owner":
                    self.known("owner", approver.place("manager"), "owner")
            case "person":
                person = self.catalog.user_object
                if not person:
                    self.problems.append(say.NO_PEOPLE(approver.place("person")))
                    return approver
                expected = Type(Kind.RECORD, object=person)
                return replace(approver, person=self.compiled(node, "person", expected))
        return approver

    def roles(self, approver: Approver) -> None:
        """Roles that exist, and may read what they decide on."""
        known: dict[str, Role] = dict(self.catalog.of("role"))
        for index, name in enumerate(approver.roles):
            place = approver.place("role", index)  # of a single name, where that stands
            role = known.get(name)
            if role is None:
                self.problems.append(UNKNOWN_ROLE(place, name=name, best=did_you_mean(name, known)))
                continue
            grant = role.grants.get(self.definition.name)
            if grant is None or grant.scope("read").nothing:
                self.problems.append(say.CANNOT_READ(place, role=name, object=self.definition.name))
        field = {"all": "id", "team": "owner"}.get(approver.within, "department")
        self.known(field, approver.place("within"), approver.within)

    def known(self, field: str, place: Place, scope: str) -> None:
        """Whether records have that system field."""
        if field not in self.definition.fields:
            self.problems.append(NO_OWNER(place, object=self.definition.name, scope=scope))

    def manager_known(self, place: Place) -> None:
        """Whether people have managers."""
        site = self.catalog.site
        if not (self.catalog.user_object and site.person_manager):
            self.problems.append(say.NO_MANAGERS(place))

    def compiled(self, above: Node | None, key: str, expected: Type) -> Expression | None:
        """The expression under `key`."""
        node = above.get(key) if above else None
        if node is None or node.value is None:
            return None
        try:
            return compile_expression(
                str(node.value),
                self.definition.name,
                self.catalog,
                expected=expected,
                place=node.place,
            )
        except Refusal as refusal:
            self.problems.extend(refusal.problems)
            return None
