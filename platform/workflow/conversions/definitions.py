"""Conversions as frozen values: what is made from a record, and which values it takes over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as field_

from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.tree import Node
from engine.expressions import Expression
from engine.problems import Place, Text
from workflow.conversions.connecting import connect_conversions


@dataclass(frozen=True, kw_only=True)
class LineMap:
    """How lines of the source become lines of a target.

    `field` is the target's lines field, `origin` the source's. Lines that do not fulfil `where`
    are left out. `sets` are about a line of the source. `back` is the new line's link to the
    line it came from, `quantity` how much of that line it takes.
    """

    field: str
    origin: str
    where: Expression | None = None
    sets: Mapping[str, Expression] = field_(default_factory=dict)
    as_system: frozenset[str] = frozenset()
    back: str = ""
    quantity: Expression | None = None
    source: Node | None = field_(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One record that a conversion makes, or links to where `use` gives one.

    It is left out where `when` does not hold. `sets` are about the source; they also know what
    was made before them, as `made.<part>`. `asks` are fields that are asked for on the way. The
    fields `as_system` take their value whatever the actor may read and write. `back` is the
    target's link to the source.
    """

    name: str
    object: str
    when: Expression | None = None
    use: Expression | None = None
    sets: Mapping[str, Expression] = field_(default_factory=dict)
    as_system: frozenset[str] = frozenset()
    asks: tuple[str, ...] = ()
    back: str = ""
    lines: Mapping[str, LineMap] = field_(default_factory=dict)
    source: Node | None = field_(default=None, compare=False, repr=False)

    def place(self, *path: str | int) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("")


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """What becomes of a record of `object`.

    It is offered and allowed while `when` holds; `say` tells why not otherwise. `roles` empty:
    whoever may read the source and create the targets. `then` is a transition of the source,
    `updates` what is written back to it. A conversion with `once` is refused while something
    lives that it has made from the same record.
    """

    name: str
    object: str
    label: Text
    icon: str = ""
    when: Expression | None = None
    say: Text | None = None
    roles: tuple[str, ...] = ()
    then: str = ""
    asks: tuple[str, ...] = ()
    parts: Mapping[str, Part] = field_(default_factory=dict)
    updates: Mapping[str, Expression] = field_(default_factory=dict)
    once: bool = True
    source: Node | None = field_(default=None, compare=False, repr=False)

    def place(self, *path: str | int) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("")


def build_conversion(name: str, node: Node, problems: Problems) -> Conversion | None:
    """The conversion from its file; expressions are still text."""
    parts = node.get("creates")
    return Conversion(
        name=name,
        object=node.plain("object", ""),
        label=node.text("label") or Text.of(name),
        icon=node.plain("icon", ""),
        say=node.text("say"),
        roles=tuple(node.plain("roles", ())),
        then=node.plain("then", ""),
        asks=tuple(node.plain("asks", ())),
        parts={key: _part(key, child) for key, child in (parts.items() if parts else ())},
        once=node.plain("once", True),
        source=node,
    )


def _part(name: str, node: Node) -> Part:
    lines = node.get("lines")
    return Part(
        name=name,
        object=node.plain("object", name),
        as_system=frozenset(node.plain("as_system", ())),
        asks=tuple(node.plain("asks", ())),
        back=node.plain("back", ""),
        lines={key: _line_map(key, child) for key, child in (lines.items() if lines else ())},
        source=node,
    )


def _line_map(field: str, node: Node) -> LineMap:
    return LineMap(
        field=field,
        origin=node.plain("from", ""),
        as_system=frozenset(node.plain("as_system", ())),
        back=node.plain("back", ""),
        source=node,
    )


CONVERSION_KIND = DefinitionKind(
    "conversion", "conversions", "conversion.schema.json", build_conversion, connect_conversions
)
