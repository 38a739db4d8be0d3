"""Groups: records that pairs of whatever rules hold together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.matching.apart import Named
from engine.matching.pairs import MOST_TOGETHER


@dataclass(frozen=True, slots=True)
class Edge:
    """Two records that a rule holds together, and how similar they are (0 to 100)."""

    one: Named
    other: Named
    rule: str
    similarity: int


@dataclass(slots=True)
class Group:
    """Records that are probably the same; the rules that say so, and the least similarity."""

    members: list[Named] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    similarity: int = 100


def grouped(edges: Iterable[Edge]) -> list[Group]:
    """The groups of the edges, the surest first.

    Strong edges come before weak ones. One that would make a group of more than `MOST_TOGETHER`
    records stays a group of its own only where one of its ends has none yet. The algorithm is that
    of union and find with path halving; memory grows with the edges, not with the records.
    """
    above: dict[Named, Named] = {}
    size: dict[Named, int] = {}

    def top(one: Named) -> Named:
        while above.setdefault(one, one) != one:
            above[one] = above[above[one]]
            one = above[one]
        return one

    strong = sorted(edges, key=lambda edge: (-edge.similarity, edge.one, edge.other))
    held: list[Edge] = []
    for edge in strong:
        a, b = top(edge.one), top(edge.other)
        if a != b:
            joined = size.get(a, 1) + size.get(b, 1)
            if joined > MOST_TOGETHER:
                continue
            above[b] = a
            size[a] = joined
        held.append(edge)
    groups: dict[Named, Group] = {}
    for edge in held:
        group = groups.setdefault(top(edge.one), Group())
        group.similarity = min(group.similarity, edge.similarity)
        if edge.rule not in group.rules:
            group.rules.append(edge.rule)
    for one in sorted(above):
        if (found := groups.get(top(one))) is not None:
            found.members.append(one)
    return sorted(groups.values(), key=lambda g: (-g.similarity, g.members[0]))
