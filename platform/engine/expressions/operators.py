"""Which operation an operator means, by the kinds of its operands."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine.expressions import messages
from engine.expressions.describing import describe
from engine.expressions.functions.arithmetic import (
    ADD,
    DIVIDE,
    MULTIPLY,
    NEGATE,
    SUBTRACT,
    cannot,
)
from engine.expressions.functions.clock import as_date
from engine.expressions.functions.durations import NEGATE_DURATION
from engine.expressions.functions.moving import DATES_APART, MOMENTS_APART, SHIFTS
from engine.expressions.functions.spans import in_seconds, together
from engine.expressions.functions.table import Function, text
from engine.expressions.functions.texts import JOIN
from engine.expressions.nodes import (
    BOOLEAN,
    Call,
    Compare,
    Get,
    Has,
    IsEmpty,
    Literal,
    Logic,
    Node,
    Not,
    OneOf,
    Sealed,
    Several,
    Variable,
)
from engine.expressions.sqltypes import DIGITS
from engine.expressions.types import Kind, Type
from engine.expressions.typing_rules import adapted, common_unit, literal_at, number
from engine.problems import Refusal, Text

_NUMERIC = {"+": ADD, "-": SUBTRACT, "*": MULTIPLY, "/": DIVIDE}
_CALENDAR = (Kind.DATE, Kind.MOMENT)
_ORDERED = (Kind.NUMBER, Kind.TEXT, Kind.DATE, Kind.MOMENT, Kind.DURATION)
_EQUAL = (*_ORDERED, Kind.BOOLEAN, Kind.CHOICE, Kind.RECORD)


def applied(function: Function, *args: Node) -> Node:
    """A call, checked. Raises Refusal."""
    type, nodes = function.check(args)
    return Call(type=type, function=function, args=nodes)


def binary(operator: str, left: Node, right: Node) -> Node:
    """`left operator right` for + - * /. Raises Refusal."""
    kinds = (left.type.kind, right.type.kind)
    if kinds == (Kind.NUMBER, Kind.NUMBER):
        return applied(_NUMERIC[operator], left, right)
    if operator == "+" and Kind.TEXT in kinds:
        return applied(JOIN, left, right)
    if operator == "+" and kinds[0] is Kind.DURATION and kinds[1] in _CALENDAR:
        return _shifted(operator, right, left)
    if operator in "+-" and kinds[0] in _CALENDAR and kinds[1] is Kind.DURATION:
        return _shifted(operator, left, right)
    if operator == "-" and kinds == (Kind.MOMENT, Kind.MOMENT):
        return applied(MOMENTS_APART, left, right)
    if operator == "-" and kinds[0] in _CALENDAR and kinds[1] in _CALENDAR:
        return applied(DATES_APART, left, right)
    if operator in "+-" and kinds == (Kind.DURATION, Kind.DURATION):
        if found := together(operator, left, right):
            return applied(*found)
    if operator in "+-" and kinds[0] in _CALENDAR and kinds[1] is Kind.NUMBER:
        raise cannot(operator, left.type, right.type, "write days(…)", "请写 days(…)")
    raise cannot(operator, left.type, right.type)


def _shifted(operator: str, start: Node, duration: Node) -> Node:
    function = SHIFTS.get((start.type.kind, duration.type.unit))
    if function is None:
        raise cannot(operator, start.type, duration.type, "use days(…)", "请使用 days(…)")
    return applied(function, start, negative(duration) if operator == "-" else duration)


def negative(node: Node) -> Node:
    """`-node`. Raises Refusal."""
    if isinstance(node, Literal) and node.type.kind is Kind.NUMBER and node.value:
        return replace(node, value=-node.value)
    if node.type.kind is Kind.DURATION:
        return applied(NEGATE_DURATION, node)
    if node.type.kind is not Kind.NUMBER:
        raise cannot("-", number(), node.type)
    return applied(NEGATE, node)


def comparison(operator: str, left: Node, right: Node) -> Node:
    """`left operator right` for comparisons, `in` and `is`. Raises Refusal."""
    if operator.startswith("is"):
        return _emptiness(operator, left, right)
    if operator.endswith("in"):
        found = _membership(left, right)
        return Not(type=BOOLEAN, part=found) if operator == "not in" else found
    left, right = _aligned(operator, left, right)
    if operator == "!=":
        equal = Compare(type=BOOLEAN, operator="==", left=left, right=right)
        return Not(type=BOOLEAN, part=equal)
    return Compare(type=BOOLEAN, operator=operator, left=left, right=right)


def sealed(operator: str, left: Node, right: Node) -> Node | None:
    """The comparison of a secret that may be looked for with texts; None for any other."""
    secret, other = (left, right) if isinstance(left, Get) else (right, left)
    sought = secret.member.sought if isinstance(secret, Get) else None
    inside = operator.endswith("in")
    if (
        sought is None
        or operator not in ("==", "!=", "in", "not in")
        or (inside and secret is right)
    ):
        return None
    texts = other.items if inside and isinstance(other, Several) else (other,)
    values = [text.value for text in texts if isinstance(text, Literal)]
    if len(values) < len(texts) or not all(isinstance(value, str) for value in values):
        return None
    assert isinstance(secret, Get)
    if not _in_rows(secret):
        return None
    digests = tuple(digest for value in values for digest in sought.digests(value))
    found = Sealed(type=BOOLEAN, item=secret, digests=digests)
    return Not(type=BOOLEAN, part=found) if operator in ("!=", "not in") else found


def _in_rows(node: Node) -> bool:
    """Whether the path begins at a record of the statement."""
    while isinstance(node, Get):
        node = node.base
    return isinstance(node, Variable)


def _emptiness(operator: str, left: Node, right: Node) -> Node:
    if not (isinstance(right, Literal) and right.value is None):
        raise Refusal(messages.ONLY_IS_EMPTY())
    found = IsEmpty(type=BOOLEAN, part=left)
    return Not(type=BOOLEAN, part=found) if operator == "is not" else found


def _membership(item: Node, choices: Node) -> Node:
    if isinstance(choices, Several):
        return _one_of(item, choices.items)
    if choices.type.kind is not Kind.CHOICES:
        raise _not_comparable("in", item, choices)
    option = replace(choices.type, kind=Kind.CHOICE)
    item = adapted(item, option)
    free = not option.options  # tags
    if item.type.kind is not Kind.CHOICE or not (
        free or set(item.type.options) & set(option.options)
    ):
        raise _not_comparable("in", item, choices)
    return Has(type=BOOLEAN, item=item, choices=choices)


def _one_of(item: Node, items: tuple[Node, ...]) -> Node:
    pairs = [_aligned("==", item, other) for other in items]
    if all(left is item for left, _ in pairs):
        return OneOf(type=BOOLEAN, item=item, items=tuple(right for _, right in pairs))
    compared = [Compare(type=BOOLEAN, operator="==", left=a, right=b) for a, b in pairs]
    return Logic(type=BOOLEAN, operator="or", conditions=tuple(compared))


def _aligned(operator: str, left: Node, right: Node) -> tuple[Node, Node]:
    """Both sides as they are to be compared, or Refusal."""
    if any(isinstance(side, Literal) and side.value is None for side in (left, right)):
        raise Refusal(messages.COMPARED_WITH_EMPTY())
    if left.type.kind is Kind.CHOICE:
        right = adapted(right, left.type)
    elif right.type.kind is Kind.CHOICE:
        left = adapted(left, right.type)
    kinds = {left.type.kind, right.type.kind}
    if kinds == {Kind.DATE, Kind.MOMENT}:
        return tuple(as_date(n) if n.type.kind is Kind.MOMENT else n for n in (left, right))  # type: ignore[return-value]
    kind = left.type.kind
    allowed = _EQUAL if operator in ("==", "!=") else _ORDERED
    if len(kinds) > 1 or kind not in allowed or not _same_family(left, right):
        raise _not_comparable(operator, left, right)
    if kind is Kind.DURATION and left.type.unit != right.type.unit:
        return in_seconds(left), in_seconds(right)
    if operator in ("==", "!="):
        left, right = _normal(left, right), _normal(right, left)
    return _literal_like(left, right.type), _literal_like(right, left.type)


def _normal(node: Node, other: Node) -> Node:
    """A text literal in the form in which what it is compared with is stored, where it has one."""
    if not (isinstance(node, Literal) and isinstance(other, Get) and other.member.normal):
        return node
    try:
        value = other.member.normal(node.value)
    except Refusal:  # it is no such thing: nothing equals it
        return node
    return replace(node, value=value) if isinstance(value, str) else node


def _same_family(left: Node, right: Node) -> bool:
    a, b = left.type, right.type
    if a.kind is Kind.NUMBER:
        return common_unit((left, right)) is not None
    if a.kind is Kind.CHOICE:
        return bool(set(a.options) & set(b.options))
    if a.kind is Kind.RECORD:
        return a.object == b.object
    return a.unit == b.unit or "months" not in (a.unit, b.unit)


def _literal_like(node: Node, other: Type) -> Node:
    """A number literal with the decimals of what it is compared with, where that is exact."""
    if not (isinstance(node, Literal) and node.type.kind is Kind.NUMBER):
        return node
    value = Decimal(node.value)
    needed = max(0, -int(value.normalize().as_tuple().exponent))
    if needed > other.scale or (value and value.adjusted() + 1 + other.scale > DIGITS):
        return node
    return literal_at(replace(node, value=value.normalize()), number(other.scale, other.unit))


def _not_comparable(operator: str, left: Node, right: Node) -> Refusal:
    return Refusal(
        messages.NOT_COMPARABLE(
            left=describe(left.type),
            right=describe(right.type),
            operator=operator,
            instead=_way_out(operator, left.type, right.type),
        )
    )


def _way_out(operator: str, left: Type, right: Type) -> Text | str:
    if operator == "in" and right.kind is Kind.TEXT:
        return text("use contains(text, part)", "请使用 contains(text, part)")
    if Kind.CHOICES in (left.kind, right.kind):
        return text('write "option" in the choices', '请写 "option" in 多选项')
    if {left.kind, right.kind} == {Kind.TEXT, Kind.CHOICE}:
        return text("text(…) turns a choice into text", "text(…) 可将选项转换为文本")
    if left.kind is right.kind is Kind.NUMBER:
        return text("divide by an amount to get a plain number", "除以金额可得到普通数字")
    return ""
