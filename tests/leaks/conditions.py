"""Conditions of scopes, worked out from rows in plain Python, apart from the engine.

Every condition of the language is a Python expression, so Python's own parser reads it. What the
words mean is written down here once more: a comparison with nothing is false, `!=` and `not in`
are negations, a member behind an empty link is empty.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
Follow = Callable[[str, str, Any], tuple[str, Row] | None]
"""The record behind a link: from object, name of the link and id to its object and row."""

_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq,
}  # fmt: skip
_WORDS = {"true": True, "false": False, "empty": None}


class Unknown(Exception):
    """The condition uses something that this reading leaves out."""


def words_of(text: str) -> set[str]:
    """All names in a condition."""
    found = set[str]()
    for node in ast.walk(ast.parse(text.strip(), mode="eval")):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
    return found


def holds(text: str, object: str, row: Row, user: int | None, follow: Follow) -> bool:
    """Whether the condition holds for the row. Raises Unknown for what is left out here."""
    tree = ast.parse(" ".join(text.split()), mode="eval").body
    return _Reading(object, row, user, follow).value(tree) is True


class _Reading:
    def __init__(self, object: str, row: Row, user: int | None, follow: Follow) -> None:
        self.object, self.row, self.user, self.follow = object, row, user, follow

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value):
                return Decimal(str(value)) if isinstance(value, int | float) else value
            case ast.Name("user"):
                return self.user
            case ast.Name(name) if name in _WORDS:
                return _WORDS[name]
            case ast.Name() | ast.Attribute():
                return self.member(node)[2]
            case ast.List(parts) | ast.Tuple(parts):
                return [self.value(part) for part in parts]
            case ast.BoolOp(ast.And(), parts):
                return all(self.value(part) is True for part in parts)
            case ast.BoolOp(ast.Or(), parts):
                return any(self.value(part) is True for part in parts)
            case ast.UnaryOp(ast.Not(), part):
                return self.value(part) is not True
            case ast.Compare():
                return self.compared(node)
        raise Unknown(ast.dump(node))

    def member(self, node: ast.expr) -> tuple[str, Row | None, Any]:
        """The object and row that the name belongs to, and its value."""
        if isinstance(node, ast.Name):
            return self.object, self.row, plain(self.row[node.id])
        if not isinstance(node, ast.Attribute):
            raise Unknown(ast.dump(node))
        inner = node.value
        object, row, id = self.member(inner)
        name = inner.id if isinstance(inner, ast.Name) else getattr(inner, "attr", "")
        behind = None if row is None or id is None else self.follow(object, name, id)
        if behind is None:
            return object, None, None
        return behind[0], behind[1], plain(behind[1][node.attr])

    def compared(self, node: ast.Compare) -> bool:
        left = self.value(node.left)
        for op, right in zip(node.ops, map(self.value, node.comparators), strict=True):
            if not _compare(op, left, right):
                return False
            left = right
        return True


def plain(value: Any) -> Any:
    """A value of a row as conditions compare it: numbers are decimals."""
    if isinstance(value, bool) or value is None:
        return value
    return Decimal(str(value)) if isinstance(value, int | float) else value


def _compare(op: ast.cmpop, left: Any, right: Any) -> bool:
    match op:
        case ast.Is():
            return left is None or left == ()
        case ast.IsNot():
            return not (left is None or left == ())
        case ast.In():
            return left is not None and left in (right or ())
        case ast.NotIn():
            return not (left is not None and left in (right or ()))
        case ast.NotEq():
            return left is None or right is None or left != right
    if left is None or right is None:
        return False
    return _ORDER[type(op)](left, right)
