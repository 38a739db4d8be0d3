"""How types go together: units, scales, options, and literals that adapt to their neighbour."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from engine.expressions import messages
from engine.expressions.describing import describe
from engine.expressions.nodes import NOTHING, Choose, Literal, Node, Rescale, Several
from engine.expressions.sqltypes import DIGITS
from engine.expressions.types import Kind, Type
from engine.problems import Problem, Refusal, did_you_mean


def number(scale: int = 0, unit: str = "") -> Type:
    """The type of numbers with `scale` decimals."""
    return Type(Kind.NUMBER, scale=scale, unit=unit)


def number_literal(value: Decimal) -> Literal:
    """A number as written, with the decimals that were written."""
    return Literal(type=number(max(0, -int(value.as_tuple().exponent))), value=value)


def text_literal(raw: str) -> Literal:
    """A text as written, normalised; the empty text is empty (rule 19)."""
    value = unicodedata.normalize("NFC", raw)
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise Refusal(messages.BAD_TEXT())
    return Literal(type=Type(Kind.TEXT), value=value or None)


def is_plain_literal(node: Node) -> bool:
    """Whether the node is a bare number, which takes the unit of its neighbour."""
    return isinstance(node, Literal) and node.type.kind is Kind.NUMBER and not node.type.unit


def common_unit(nodes: Sequence[Node]) -> str | None:
    """The unit that numbers share where they are added, compared or chosen from, or None.

    A bare literal adapts to anything; percentages and plain numbers mix into plain numbers.
    """
    units = {node.type.unit for node in nodes if not is_plain_literal(node)}
    if len(units) <= 1:
        return next(iter(units), "")
    return "" if units == {"", "percent"} else None


def unified(nodes: Sequence[Node]) -> tuple[Type, tuple[Node, ...]]:
    """One type for values that stand for each other, and the nodes adapted to it.

    Raises Refusal where there is none.
    """
    target = _target(nodes)
    return target, tuple(adapted(node, target) for node in nodes)


def _target(nodes: Sequence[Node]) -> Type:
    present = [node for node in nodes if node.type.kind is not Kind.EMPTY]
    if not present:
        return NOTHING
    # A choice leads: texts beside it are its options.
    leader = next((n for n in present if n.type.kind in (Kind.CHOICE, Kind.CHOICES)), present[0])
    target = leader.type
    for node in present:
        if not _goes_with(node, target):
            raise Refusal(messages.BRANCHES(left=describe(target), right=describe(node.type)))
    if target.kind is not Kind.NUMBER:
        return target
    unit = common_unit(present)
    if unit is None:
        other = next(n for n in present if n.type.unit != target.unit and not is_plain_literal(n))
        first = next(n for n in present if not is_plain_literal(n))
        raise Refusal(messages.BRANCHES(left=describe(first.type), right=describe(other.type)))
    return number(max(node.type.scale for node in present), unit)


def _goes_with(node: Node, target: Type) -> bool:
    found = node.type
    if target.kind is Kind.CHOICE and found.kind is Kind.TEXT:
        return _is_literal_text(node)
    if target.kind is Kind.CHOICES and found.kind is Kind.LIST:
        return True
    if found.kind is not target.kind:
        return False
    if found.kind in (Kind.CHOICE, Kind.CHOICES):
        return set(found.options) == set(target.options)
    return found.kind is Kind.NUMBER or (found.object, found.unit) == (target.object, target.unit)


def _is_literal_text(node: Node) -> bool:
    if isinstance(node, Choose):
        return _is_literal_text(node.yes) and _is_literal_text(node.no)
    return isinstance(node, Literal)


def adapted(node: Node, target: Type) -> Node:
    """`node` with literals read as `target` means them: texts as options, numbers at its scale.

    Raises Refusal for texts that are no option. A node that does not fit is given back as it is.
    """
    if node.type.kind is Kind.EMPTY:
        return replace(node, type=target)
    if target.kind is Kind.NUMBER and node.type.kind is Kind.NUMBER:
        return rescaled(node, target.scale, target.unit)
    if target.kind is Kind.CHOICE and node.type.kind is Kind.TEXT:
        return _as_choice(node, target)
    if target.kind is Kind.CHOICES and isinstance(node, Several):
        options = [_as_choice(item, replace(target, kind=Kind.CHOICE)) for item in node.items]
        return Literal(type=target, value=tuple(o.value for o in options if isinstance(o, Literal)))
    return node


def _as_choice(node: Node, target: Type) -> Node:
    if isinstance(node, Choose):
        return replace(
            node, type=target, yes=_as_choice(node.yes, target), no=_as_choice(node.no, target)
        )
    if not isinstance(node, Literal):
        return node
    # tags have no options: they are whatever people write
    if target.options and node.value is not None and node.value not in target.options:
        raise Refusal(unknown_option(str(node.value), target.options))
    return replace(node, type=target)


def unknown_option(option: str, options: Iterable[str]) -> Problem:
    """The problem of an option that does not exist."""
    names = tuple(options)
    return messages.UNKNOWN_OPTION(
        option=option, options=", ".join(names[:12]), best=did_you_mean(option, names)
    )


def rescaled(node: Node, scale: int, unit: str | None = None) -> Node:
    """`node` with `scale` decimals, rounded half away from zero, and perhaps another unit."""
    type = number(scale, node.type.unit if unit is None else unit)
    if isinstance(node, Literal) and node.type.scale <= scale:
        return literal_at(node, type)
    if node.type.scale == scale:
        return node
    return Rescale(type=type, part=node)


def literal_at(node: Literal, type: Type) -> Node:
    """A number literal with at least its own decimals. Raises Refusal beyond 18 digits."""
    if node.value is None:
        return replace(node, type=type)
    value = Decimal(node.value)
    if value and value.adjusted() + 1 + type.scale > DIGITS:
        raise Refusal(messages.BAD_NUMBER(source=str(value), digits=DIGITS - type.scale))
    return Literal(type=type, value=value.quantize(Decimal(1).scaleb(-type.scale)))


def mismatch(found: Node, expected: Type) -> bool:
    """Whether `found`, already adapted, is no value of type `expected` (of any scale)."""
    have = found.type
    if have.kind is Kind.EMPTY:
        return False
    if have.kind is not expected.kind:
        return True
    if have.kind is Kind.NUMBER:
        mixes = {have.unit, expected.unit} <= {"", "percent"}
        return not (have.unit == expected.unit or mixes or is_plain_literal(found))
    if have.kind in (Kind.CHOICE, Kind.CHOICES):
        return bool(expected.options) and not set(have.options) <= set(expected.options)
    if have.kind in (Kind.RECORD, Kind.RECORDS):
        return bool(expected.object) and have.object != expected.object
    return have.kind is Kind.DURATION and bool(expected.unit) and have.unit != expected.unit
