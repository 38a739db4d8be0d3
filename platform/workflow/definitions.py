"""Workflows as frozen values: stages, what each carries, and the transitions between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as field_

from engine.definition.building import build_attributes, text_attribute
from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.tree import Node
from engine.expressions import Expression
from engine.expressions.types import Attribute
from engine.fieldtypes.choice import Option
from engine.problems import Place, Text
from workflow.connecting import connect_workflows

STATES = ("open", "won", "lost", "done")
"""What a stage means for the record: still running, or how it ended."""


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A way from some stages to one stage.

    `roles` empty: whoever may update the record. `guard` must be true of the record as it will
    be; `say` tells what is missing. `require` must be filled, `asks` are asked for on the way;
    `sets` are values that the transition gives to fields which nobody fills on the way.
    """

    name: str
    label: Text
    sources: tuple[str, ...]
    target: str
    roles: tuple[str, ...] = ()
    guard: Expression | None = None
    say: Text | None = None
    require: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    sets: Mapping[str, Expression] = field_(default_factory=dict)
    key: str = ""
    source: Node | None = field_(default=None, compare=False, repr=False)

    def place(self, *path: str | int) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("")


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """The stages of one field of one object. `options` are the stages, in order.

    `replaced` names the stages in which records stand that were in stages which are gone.
    """

    name: str
    object: str
    field: str
    label: Text
    options: tuple[Option, ...]
    attributes: Mapping[str, Attribute]
    start: tuple[str, ...]
    transitions: Mapping[str, Transition]
    replaced: Mapping[str, str] = field_(default_factory=dict)
    source: Node | None = field_(default=None, compare=False, repr=False)

    def state(self, stage: str | None) -> str:
        """What the stage means for the record; an unknown stage is open."""
        return str(self.attributes["state"].values.get(stage or "") or "open")

    def from_stage(self, stage: str | None) -> tuple[Transition, ...]:
        """The transitions that lead away from `stage`, in declared order."""
        return tuple(t for t in self.transitions.values() if stage in t.sources)

    def between(self, source: str | None, target: str | None) -> tuple[Transition, ...]:
        """The transitions that lead from one stage to another."""
        return tuple(t for t in self.from_stage(source) if t.target == target)


def build_workflow(name: str, node: Node, problems: Problems) -> Workflow | None:
    """The workflow from its file; guards are still text."""
    stages_node = node.get("stages")
    options = tuple(_stage(key, child) for key, child in stages_node.items()) if stages_node else ()
    states = {option.name: str(option.attributes.get("state", "open")) for option in options}
    attributes = build_attributes(node.get("attributes"), options, problems)
    names = tuple(option.name for option in options)
    start = node.plain("start") or (names[0] if names else "")
    transitions = node.get("transitions")
    return Workflow(
        name=name,
        object=node.plain("object", ""),
        field=node.plain("field", ""),
        label=node.text("label") or Text.of(name),
        options=options,
        attributes={**attributes, "state": text_attribute(states)},
        start=(start,) if isinstance(start, str) else tuple(start),
        transitions={
            key: _transition(key, child, names)
            for key, child in (transitions.items() if transitions else ())
        },
        replaced=node.plain("replace", {}),
        source=node,
    )


def _stage(name: str, node: Node) -> Option:
    plain = node.to_plain() or {}
    return Option(
        name=name,
        label=node.text("label") or Text.of(name),
        colour=plain.get("colour", ""),
        was=plain.get("was", ""),
        attributes={k: v for k, v in plain.items() if k not in ("label", "colour", "was")},
    )


def _transition(name: str, node: Node, stages: tuple[str, ...]) -> Transition:
    target = node.plain("to", "")
    raw = node.plain("from", ())
    sources = (raw,) if isinstance(raw, str) else tuple(raw)
    if "*" in sources:
        sources = tuple(stage for stage in stages if stage != target)
    return Transition(
        name=name,
        label=node.text("label") or Text.of(name),
        sources=sources,
        target=target,
        roles=tuple(node.plain("roles", ())),
        say=node.text("say"),
        require=tuple(node.plain("require", ())),
        asks=tuple(node.plain("asks", ())),
        source=node,
    )


WORKFLOW_KIND = DefinitionKind(
    "workflow", "workflows", "workflow.schema.json", build_workflow, connect_workflows
)
