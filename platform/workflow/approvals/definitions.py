"""Approvals as frozen values: what needs one, who is asked in which order, where it leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.tree import Node
from engine.expressions import Expression
from engine.fieldtypes.choice import Option
from engine.problems import Place, Text
from workflow.approvals.connecting import connect_approvals
from workflow.definitions import Workflow


@dataclass(frozen=True, kw_only=True)
class Approver:
    """One vote of a step: somebody with one of `roles`, a manager, or a person of the record.

    `within` limits a role to people whose team or department the record's owner is in. `level`
    1 is the direct manager of the owner or the submitter (`of`), 2 that one's manager.
    """

    roles: tuple[str, ...] = ()
    within: str = "all"
    level: int = 0
    of: str = "owner"
    person: Expression | None = None
    source: Node | None = field(default=None, compare=False, repr=False)

    def place(self, *path: str | int) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("")


@dataclass(frozen=True, kw_only=True)
class ApprovalStep:
    """One step: asked when `when` holds (None: always), passed when one of the votes approves.

    `if_self` says what happens when the submitter would be asked, `if_nobody` when nobody is.
    """

    name: str
    label: Text
    approvers: tuple[Approver, ...]
    when: Expression | None = None
    if_self: str = "manager"
    if_nobody: str = "refuse"
    source: Node | None = field(default=None, compare=False, repr=False)

    def place(self, *path: str | int) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("")


@dataclass(frozen=True, kw_only=True)
class Approval:
    """An approval of an object's records.

    It starts on the transitions `starts_on`, when `when` holds (None: always), and ends with
    the transition `granted`, `rejected` or `withdrawn`, which only the system performs. Records
    that need it are in the stages `needed_in` only with it, and stay there as they were
    approved. `options` are the steps with their permanent keys; `workflow` is found out when
    connecting. `replaced` names the steps that take the place of steps which are gone.
    """

    name: str
    object: str
    label: Text
    starts_on: tuple[str, ...]
    granted: str
    rejected: str
    withdrawn: str
    steps: Mapping[str, ApprovalStep]
    options: tuple[Option, ...] = ()
    needed_in: tuple[str, ...] = ()
    when: Expression | None = None
    workflow: str = ""
    key: str = ""
    replaced: Mapping[str, str] = field(default_factory=dict)
    source: Node | None = field(default=None, compare=False, repr=False)

    @property
    def stored(self) -> str:
        """What the database calls it."""
        return self.key or self.name

    def place(self, *path: str | int) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("")

    def step_key(self, name: str) -> str:
        """What the database calls the step."""
        return next(option.stored for option in self.options if option.name == name)

    def step_label(self, key: str) -> Text:
        """The label of the step that the database calls `key`; of a removed one, the key."""
        found = (option.label for option in self.options if option.stored == key)
        return next(found, Text.of(key))

    def flow(self, catalog: Catalog) -> Workflow:
        """The workflow whose transitions it starts on and ends with."""
        found: Workflow = catalog.of("workflow")[self.workflow]
        return found


def approvals_of(catalog: Catalog, object: str) -> tuple[Approval, ...]:
    """The approvals of an object's records."""
    return tuple(a for a in catalog.of("approval").values() if a.object == object)


def by_key(catalog: Catalog) -> dict[str, Approval]:
    """All approvals by what the database calls them."""
    return {approval.stored: approval for approval in catalog.of("approval").values()}


def reserved(catalog: Catalog, object: str) -> frozenset[str]:
    """The transitions of the object that approvals perform, while one of them may be running."""
    return granting(catalog, object) | {
        name for a in approvals_of(catalog, object) for name in (a.rejected, a.withdrawn)
    }


def granting(catalog: Catalog, object: str) -> frozenset[str]:
    """The transitions of the object that nothing but an approval can ever perform."""
    return frozenset(approval.granted for approval in approvals_of(catalog, object))


def build_approval(name: str, node: Node, problems: Problems) -> Approval | None:
    """The approval from its file; conditions are still text."""
    steps_node = node.get("steps")
    steps = {key: _step(key, child) for key, child in (steps_node.items() if steps_node else ())}
    return Approval(
        name=name,
        object=node.plain("object", ""),
        label=node.text("label") or Text.of(name),
        starts_on=_names(node.plain("starts_on")),
        granted=node.plain("granted", ""),
        rejected=node.plain("rejected", ""),
        withdrawn=node.plain("withdrawn", ""),
        needed_in=_names(node.plain("needed_in")),
        steps=steps,
        options=tuple(
            Option(name=s.name, label=s.label, was=s.source.plain("was", "") if s.source else "")
            for s in steps.values()
        ),
        replaced=node.plain("replace", {}),
        source=node,
    )


def _step(name: str, node: Node) -> ApprovalStep:
    approvers = node.get("approvers")
    return ApprovalStep(
        name=name,
        label=node.text("label") or Text.of(name),
        approvers=tuple(_approver(child) for child in (approvers.elements() if approvers else ())),
        if_self=node.plain("if_self", "manager"),
        if_nobody=node.plain("if_nobody", "refuse"),
        source=node,
    )


def _approver(node: Node) -> Approver:
    return Approver(
        roles=_names(node.plain("role")),
        within=node.plain("within", "all"),
        level=int(node.plain("manager", 0)),
        of=node.plain("of", "owner"),
        source=node,
    )


def _names(raw: Any) -> tuple[str, ...]:
    if raw is None:
        return ()
    return (raw,) if isinstance(raw, str) else tuple(raw)


APPROVAL_KIND = DefinitionKind(
    "approval", "workflows", "approval.schema.json", build_approval, connect_approvals
)
