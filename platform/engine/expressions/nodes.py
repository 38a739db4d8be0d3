"""The typed tree: what an expression means once names and types are settled.

Both readings walk these nodes and nothing else. A node knows its type, its weight (how many
nodes it stands for when virtual formulas and repeated parts are written out) and its depth, so
that a small source cannot hide a huge computation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.expressions.types import Kind, Member, Type

if TYPE_CHECKING:
    from engine.expressions.functions.table import Function


@dataclass(frozen=True, eq=False, kw_only=True)
class Node:
    """A part of an expression that has a value of `type`."""

    type: Type
    weight: int = field(init=False, repr=False)
    depth: int = field(init=False, repr=False)

    def parts(self) -> tuple[Node, ...]:
        """The nodes that this one is made of."""
        return ()

    def __post_init__(self) -> None:
        parts = self.parts()
        object.__setattr__(self, "weight", 1 + sum(part.weight for part in parts))
        object.__setattr__(self, "depth", 1 + max((part.depth for part in parts), default=0))


@dataclass(frozen=True, eq=False, kw_only=True)
class Literal(Node):
    """A constant; None is empty."""

    value: Any


@dataclass(frozen=True, eq=False, kw_only=True)
class Variable(Node):
    """A record in scope. Slot 1 is the record the expression is about, others are loops."""

    slot: int


@dataclass(frozen=True, eq=False, kw_only=True)
class User(Node):
    """The person who asks."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Given(Node):
    """A value that the caller hands in by name."""

    name: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Setting(Node):
    """The one record of a settings object: `settings.company`."""

    object: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Get(Node):
    """A member of a record; empty where the record is."""

    base: Node
    member: Member

    def parts(self) -> tuple[Node, ...]:
        formula = self.member.formula
        return (self.base,) if formula is None else (self.base, formula.tree)


@dataclass(frozen=True, eq=False, kw_only=True)
class OptionAttribute(Node):
    """A constant that the chosen option carries, by the option's name."""

    base: Node
    values: Mapping[str, Any]

    def parts(self) -> tuple[Node, ...]:
        return (self.base,)


@dataclass(frozen=True, eq=False, kw_only=True)
class Call(Node):
    """A function or operator from the table, applied."""

    function: Function
    args: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.args


@dataclass(frozen=True, eq=False, kw_only=True)
class Rescale(Node):
    """A number brought to another number of decimals, rounded half away from zero."""

    part: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.part,)


@dataclass(frozen=True, eq=False, kw_only=True)
class Compare(Node):
    """`left operator right`, false where one is empty. `!=` is Not around `==`."""

    operator: str
    left: Node
    right: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, eq=False, kw_only=True)
class OneOf(Node):
    """`item in [a, b]`."""

    item: Node
    items: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return (self.item, *self.items)


@dataclass(frozen=True, eq=False, kw_only=True)
class Has(Node):
    """`option in choices`."""

    item: Node
    choices: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.item, self.choices)


@dataclass(frozen=True, eq=False, kw_only=True)
class Sealed(Node):
    """Whether the secret `item` is one of several values, of which only digests are known."""

    item: Get
    digests: tuple[str, ...]

    def parts(self) -> tuple[Node, ...]:
        return (self.item,)


@dataclass(frozen=True, eq=False, kw_only=True)
class IsEmpty(Node):
    """`part is empty`."""

    part: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.part,)


@dataclass(frozen=True, eq=False, kw_only=True)
class Logic(Node):
    """All (`and`) or any (`or`) of several conditions."""

    operator: str
    conditions: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.conditions


@dataclass(frozen=True, eq=False, kw_only=True)
class Not(Node):
    """The negation of a condition."""

    part: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.part,)


@dataclass(frozen=True, eq=False, kw_only=True)
class Choose(Node):
    """`yes if condition else no`."""

    condition: Node
    yes: Node
    no: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.condition, self.yes, self.no)


@dataclass(frozen=True, eq=False, kw_only=True)
class Several(Node):
    """A literal list."""

    items: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.items


@dataclass(frozen=True, eq=False, kw_only=True)
class Aggregate(Node):
    """`name(element for variable in records if condition)`; the variable lives in `slot`.

    `element` is None where only the records themselves count. `via` is the member of the
    records' object that links back to the owner.
    """

    name: str
    records: Get
    via: Member
    slot: int
    element: Node | None
    condition: Node | None

    def parts(self) -> tuple[Node, ...]:
        inner = (self.element, self.condition)
        return (self.records, *(part for part in inner if part is not None))


BOOLEAN = Type(Kind.BOOLEAN)
NOTHING = Type(Kind.EMPTY)


def walk(node: Node) -> Iterator[Node]:
    """Every node of the tree, formulas included, each occurrence once."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(current.parts())


def is_strict(node: Node) -> bool:
    """Whether the node is a condition that is always yes or no, never empty."""
    if isinstance(node, Call):
        return node.type.kind is Kind.BOOLEAN and not node.function.lenient
    return isinstance(node, Compare | OneOf | Has | Sealed | IsEmpty | Logic | Not) or (
        isinstance(node, Aggregate) and node.type.kind is Kind.BOOLEAN
    )


def is_bound(node: Node) -> bool:
    """Whether it is a path from `user`, settings or a given value: one value for a statement."""
    while isinstance(node, Get):
        node = node.base
    return isinstance(node, User | Given | Setting)
