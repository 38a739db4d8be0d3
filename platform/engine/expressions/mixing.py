"""Amounts in different currencies may not be added, compared or summed (rule 18).

Every part of an expression that is an amount has an origin: where its currency stands. Amounts in
the company's currency share one; an amount with a currency of its record's has the path to that;
constants, and what was converted with an exchange rate, go with any. What runs over lines of the
record at hand has the record's own currency; over other records it must be the company's.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from engine.expressions.nodes import (
    Aggregate,
    Call,
    Choose,
    Compare,
    Get,
    Node,
    OneOf,
    Rescale,
    Variable,
)
from engine.expressions.types import Kind
from engine.problems import Message, Problem

COMPANY, ANY = "company", ""
_CONVERTING = ("multiply", "divide")
RATE = "*"
"""The currency of a member that is an exchange rate: what it multiplies is converted."""

MIXED_CURRENCIES = Message(
    "mixed-currencies",
    en="{left} and {right} can be in different currencies",
    zh="{left} 与 {right} 的币种可能不同",
    hint_en="use the amounts in company currency: {advice}",
    hint_zh="请使用本位币金额：{advice}",
)
SUMMED_CURRENCIES = Message(
    "summed-currencies",
    en="{name}(…) goes over amounts of other records, which can be in different currencies",
    zh="{name}(…) 统计的是其他记录的金额，其币种可能不同",
    hint_en="use the amounts in company currency: {advice}",
    hint_zh="请使用本位币金额：{advice}",
)


class _Mixed(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def mixed(tree: Node) -> Problem | None:
    """What is wrong with the currencies of an expression's amounts, or None."""
    try:
        _look(tree, {})
    except _Mixed as found:
        return found.problem
    return None


def origin(tree: Node) -> str:
    """Where the currency of the expression's amount stands: `1.currency`, COMPANY or ANY."""
    try:
        return _look(tree, {})
    except _Mixed:
        return ANY


def _look(node: Node, owners: Mapping[int, str]) -> str:
    """The node's origin, once all its parts are found to go together.

    `owners` gives for the slots of loops over own lines what their link back leads to.
    """
    if isinstance(node, Aggregate):
        return _aggregate(node, owners)
    if isinstance(node, Get):
        return _member(node, owners)
    parts = [(_look(part, owners), part) for part in node.parts()]
    if isinstance(node, Compare | OneOf):
        _together(parts)
        return ANY
    if isinstance(node, Call) and node.function.name in _CONVERTING:
        if any(_is_rate(part) for _, part in parts):
            return ANY
        if node.type.unit != "money":  # one amount by another
            _together(parts)
        return next((found for found, part in parts if part.type.unit == "money"), ANY)
    if isinstance(node, Choose):
        return _together(parts[1:])
    if isinstance(node, Call | Rescale) and node.type.unit == "money":
        return _together(parts)
    return ANY


def _member(node: Get, owners: Mapping[int, str]) -> str:
    if node.type.unit != "money":
        return ANY
    if not node.member.currency:
        return COMPANY
    if node.member.currency == RATE:
        return ANY
    return _path(node.base, node.member.currency, owners)


def _path(base: Node, rest: str, owners: Mapping[int, str]) -> str:
    """The path to a currency, from the record that the expression is about where it can be."""
    while isinstance(base, Get):
        rest = f"{base.member.name}.{rest}"
        base = base.base
    if not isinstance(base, Variable):
        return f"other.{rest}"
    link, _, more = rest.partition(".")
    if more and owners.get(base.slot, "").endswith(f" {link}"):
        return f"{owners[base.slot].split(' ')[0]}.{more}"
    return f"{base.slot}.{rest}"


def _aggregate(node: Aggregate, owners: Mapping[int, str]) -> str:
    base = node.records.base
    inner = dict(owners)
    if isinstance(base, Variable):
        inner[node.slot] = f"{base.slot} {node.via.name}"
    for part in (node.condition, node.element):
        found = ANY if part is None else _look(part, inner)
    if node.element is None or node.element.type.unit != "money" or node.name == "count":
        return ANY
    if found.startswith(f"{node.slot}."):
        raise _Mixed(SUMMED_CURRENCIES(name=node.name, advice=_advice([node.element])))
    return found


def _together(parts: Iterable[tuple[str, Node]]) -> str:
    """The one origin of parts that are amounts."""
    money = [(found, part) for found, part in parts if part.type.unit == "money" and found]
    for (first, left), (second, right) in itertools.pairwise(money):
        if first != second:
            raise _Mixed(
                MIXED_CURRENCIES(
                    left=_name(left), right=_name(right), advice=_advice([left, right])
                )
            )
    return money[0][0] if money else ANY


def _is_rate(node: Node) -> bool:
    while isinstance(node, Rescale):
        node = node.part
    return isinstance(node, Get) and node.member.currency == RATE


def _gets(node: Node) -> list[Get]:
    if isinstance(node, Get):
        return [node]
    return [found for part in node.parts() for found in _gets(part)]


def _name(node: Node) -> str:
    return next((repr(g.member.name) for g in _gets(node) if g.type.unit == "money"), "…")


def _advice(nodes: Iterable[Node]) -> str:
    names = [g.member.name for node in nodes for g in _gets(node) if _own(g)]
    return ", ".join(f"{name}_company" for name in dict.fromkeys(names)) or "…"


def _own(get: Get) -> bool:
    return get.type.kind is Kind.NUMBER and get.member.currency not in ("", RATE)
