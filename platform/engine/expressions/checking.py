"""From Python's syntax tree to the typed tree: names, types and everything that is not allowed.

All problems of an expression are gathered: a part that fails is reported where it stands, and
the parts around it are still looked at.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from engine.expressions import messages, settings, trees
from engine.expressions.describing import describe
from engine.expressions.functions import FORMS, FUNCTIONS
from engine.expressions.functions.table import text
from engine.expressions.functions.trees import TREES
from engine.expressions.looping import aggregate, emptiness
from engine.expressions.mixing import mixed
from engine.expressions.nodes import (
    BOOLEAN,
    NOTHING,
    Choose,
    Get,
    Given,
    Literal,
    Logic,
    Node,
    Not,
    OptionAttribute,
    Setting,
    Several,
    User,
    Variable,
)
from engine.expressions.operators import applied, binary, comparison, negative, sealed
from engine.expressions.sqltypes import DIGITS, quantized
from engine.expressions.syntax import Limits, Syntax, too_large
from engine.expressions.types import Kind, Member, Names, Type
from engine.expressions.typing_rules import number_literal, text_literal, unified
from engine.problems import Message, Problem, Refusal, Text, did_you_mean

CONSTANTS: Mapping[str, Literal] = {
    "true": Literal(type=BOOLEAN, value=True),
    "false": Literal(type=BOOLEAN, value=False),
    "empty": Literal(type=NOTHING, value=None),
}
GUARDED = (Kind.FILE, Kind.SECRET)
"""Kinds of value of which an expression can only ask whether there is one."""
RESERVED = frozenset({*CONSTANTS, "user", "this"})
"""Names that mean something of their own; a member of that name could not be reached."""

_NUMBER = re.compile(r"(\d[\d_]*)?(\.[\d_]*)?")
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip
_INSTEAD: Mapping[type[ast.AST], Text] = {
    ast.FloorDiv: text("use floor(a / b)", "请使用 floor(a / b)"),
    ast.Mod: text("use a - floor(a / b) * b", "请使用 a - floor(a / b) * b"),
    ast.Pow: text("multiply instead", "请改用乘法"),
    ast.JoinedStr: text("join texts with +", "请用 + 连接文本"),
    ast.Invert: text("write not", "请写 not"),
    ast.Subscript: text("use left(…) or right(…)", "请使用 left(…) 或 right(…)"),
}
_Made = TypeVar("_Made")


class Failed(Exception):
    """A part of the expression was wrong; the problem is already noted."""


@dataclass
class Checker:
    """One check of one expression."""

    syntax: Syntax
    object: str
    names: Names
    variables: Mapping[str, Type]
    allow_clock: bool
    allow_user: bool
    limits: Limits
    problems: list[Problem] = field(default_factory=list)
    reads: set[tuple[str, str]] = field(default_factory=set)
    uses_clock: bool = False
    uses_user: bool = False
    uses_settings: bool = False
    loops: dict[str, Variable] = field(default_factory=dict)
    slots: int = 1
    guarded: dict[int, tuple[ast.AST, Member]] = field(default_factory=dict)

    # Entry and bookkeeping

    def node(self, tree: ast.expr) -> Node:
        """The typed node of `tree`. Raises Failed once its problems are noted."""
        visit: Callable[[Any], Node] | None = getattr(self, f"_{type(tree).__name__.lower()}", None)
        if visit is None:
            raise self.fail(
                tree, messages.NOT_ALLOWED, what=self._quote(tree), instead=_instead(tree)
            )
        node = visit(tree)
        # At once, because a repeated part doubles what any later step would have to walk.
        for measure, found in (("weight", node.weight), ("full_depth", node.depth)):
            if problem := too_large(self.syntax.at(tree), self.limits, measure, found):
                self.problems.append(problem)
                raise Failed
        return node

    def all(self, trees: list[ast.expr]) -> list[Node]:
        """The nodes of several trees, all looked at before any failure counts."""
        nodes = [self._attempt(tree) for tree in trees]
        if any(node is None for node in nodes):
            raise Failed
        return [node for node in nodes if node is not None]

    def fail(self, tree: ast.AST, message: Message, **args: Any) -> Failed:
        """Notes a problem at `tree`; to be raised."""
        self.problems.append(message(self.syntax.at(tree), **args))
        return Failed()

    def placed(self, tree: ast.AST, make: Callable[[], _Made]) -> _Made:
        """What `make` gives; what it refuses is noted at `tree`."""
        try:
            return make()
        except Refusal as refusal:
            place = self.syntax.at(tree)
            self.problems.extend(p.at(place) if place else p for p in refusal.problems)
            raise Failed from None

    def check_guarded(self) -> None:
        """Notes files and secrets of which something else is asked than whether they are empty."""
        for tree, member in self.guarded.values():
            what = describe(member.type)
            self.fail(tree, messages.ONLY_WHETHER_EMPTY, name=member.name, what=what)
        if self.guarded:
            raise Failed

    def check_currencies(self, found: Node) -> None:
        """Refuses amounts that are mixed though they can be in different currencies."""
        if problem := mixed(found):
            place = self.syntax.at(self.syntax.tree)
            self.problems.append(problem.at(place) if place else problem)
            raise Failed

    def condition(self, tree: ast.expr) -> Node:
        """The node of `tree`, which must be yes or no."""
        node = self.node(tree)
        if node.type.kind is not Kind.BOOLEAN:
            raise self.fail(tree, messages.NOT_A_CONDITION, found=describe(node.type))
        return node

    def _attempt(self, tree: ast.expr, visit: Callable[[Any], Node] | None = None) -> Node | None:
        try:
            return (visit or self.node)(tree)
        except Failed:
            return None

    def _conditions(self, trees: list[ast.expr]) -> tuple[Node, ...]:
        nodes = [self._attempt(tree, self.condition) for tree in trees]
        if any(node is None for node in nodes):
            raise Failed
        return tuple(node for node in nodes if node is not None)

    def _quote(self, tree: ast.AST) -> str:
        written = self.syntax.text(tree)
        return repr(written if len(written) <= 40 else written[:37] + "…")

    # Literals

    def _constant(self, tree: ast.Constant) -> Node:
        value = tree.value
        if value is None or isinstance(value, bool):
            return CONSTANTS["empty" if value is None else str(value).lower()]
        if isinstance(value, str) and not self.syntax.text(tree).startswith(("'''", '"""')):
            return self.placed(tree, lambda: text_literal(value))
        if isinstance(value, int | float):
            return self._number(tree)
        raise self.fail(tree, messages.NOT_ALLOWED, what=self._quote(tree), instead="")

    def _number(self, tree: ast.Constant) -> Node:
        written = self.syntax.text(tree)
        if _NUMBER.fullmatch(written):
            literal = number_literal(Decimal(written))
            whole = literal.value.adjusted() + 1 if literal.value else 0
            if max(whole, 0) + literal.type.scale <= DIGITS:
                return literal
        raise self.fail(tree, messages.BAD_NUMBER, source=written[:40], digits=DIGITS)

    def _list(self, tree: ast.List) -> Node:
        items = self.all(tree.elts)
        return Several(
            type=Type(Kind.LIST, item=items[0].type if items else None), items=tuple(items)
        )

    # Names and members

    def _name(self, tree: ast.Name) -> Node:
        name = tree.id
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in self.loops:
            return self.loops[name]
        if name in self.variables:
            return Given(type=self.variables[name], name=name)
        this = Variable(type=Type(Kind.RECORD, object=self.object), slot=1)
        if name == "this":
            return this
        if name == "user" and self.names.user_object:
            return self._user(tree)
        return self._get(tree, this, name)

    def _user(self, tree: ast.Name) -> Node:
        if not self.allow_user:
            raise self.fail(tree, messages.NO_USER)
        self.uses_user = True
        return User(type=Type(Kind.RECORD, object=self.names.user_object))

    def _attribute(self, tree: ast.Attribute) -> Node:
        if settings.stands_for(self, tree.value):
            return settings.one_record(self, tree)
        base = self.node(tree.value)
        if base.type.kind is Kind.RECORD and isinstance(
            base, Variable | User | Given | Setting | Get
        ):
            return self._get(tree, base, tree.attr)
        if isinstance(base, Get) and base.type.kind is Kind.CHOICE:
            return self._option_attribute(tree, base)
        raise self.fail(tree, messages.NO_MEMBERS, found=describe(base.type))

    def _get(self, tree: ast.AST, base: Node, name: str) -> Node:
        object = base.type.object
        member = self.names.member(object, name)
        if member is None:
            raise self._unknown(tree, base, name)
        if member.type.kind is Kind.RECORDS and isinstance(base, Setting):
            raise settings.no_records(self, tree, name)
        self.reads.add((object, name))
        if member.type.kind in GUARDED:
            self.guarded[id(tree)] = (tree, member)
        if member.formula is not None:
            self._reads_formula(tree, member)
        return Get(type=member.type, base=base, member=member)

    def _unknown(self, tree: ast.AST, base: Node, name: str) -> Failed:
        known = set(self.names.members(base.type.object))
        if isinstance(tree, ast.Name):
            if name in FUNCTIONS or name in FORMS or name in TREES:
                return self.fail(tree, messages.FUNCTION_AS_VALUE, name=name)
            known |= {*self.loops, *self.variables, *RESERVED}
        best = did_you_mean(name, known)
        return self.fail(tree, messages.UNKNOWN_NAME, object=base.type.object, name=name, best=best)

    def _reads_formula(self, tree: ast.AST, member: Member) -> None:
        formula = member.formula
        if formula is None:
            return
        self.reads |= formula.reads
        if formula.uses_clock:
            self.clock(tree, member.name)
        if formula.uses_user and not self.allow_user:
            raise self.fail(tree, messages.NO_USER)
        self.uses_user |= formula.uses_user
        self.uses_settings |= formula.uses_settings

    def _option_attribute(self, tree: ast.Attribute, base: Get) -> Node:
        attribute = base.member.attributes.get(tree.attr)
        if attribute is None:
            best = did_you_mean(tree.attr, base.member.attributes)
            raise self.fail(
                tree,
                messages.UNKNOWN_ATTRIBUTE,
                member=base.member.name,
                name=tree.attr,
                best=best,
            )
        values = attribute.values
        if attribute.type.kind is Kind.NUMBER:
            values = {
                option: None if value is None else quantized(value, attribute.type.scale)
                for option, value in values.items()
            }
        return OptionAttribute(type=attribute.type, base=base, values=values)

    # Operators

    def _binop(self, tree: ast.BinOp) -> Node:
        operator = _ARITHMETIC.get(type(tree.op))
        if operator is None:
            raise self.fail(
                tree, messages.NOT_ALLOWED, what=self._quote(tree), instead=_instead(tree.op)
            )
        left, right = self.all([tree.left, tree.right])
        return self.placed(tree, lambda: binary(operator, left, right))

    def _unaryop(self, tree: ast.UnaryOp) -> Node:
        if isinstance(tree.op, ast.Not):
            return Not(type=BOOLEAN, part=self.condition(tree.operand))
        if isinstance(tree.op, ast.Invert):
            raise self.fail(tree, messages.NOT_ALLOWED, what="'~'", instead=_INSTEAD[ast.Invert])
        node = self.node(tree.operand)
        if isinstance(tree.op, ast.UAdd) and node.type.kind is Kind.NUMBER:
            return node
        return self.placed(tree, lambda: negative(node))

    def _boolop(self, tree: ast.BoolOp) -> Node:
        operator = "and" if isinstance(tree.op, ast.And) else "or"
        return Logic(type=BOOLEAN, operator=operator, conditions=self._conditions(tree.values))

    def _compare(self, tree: ast.Compare) -> Node:
        sides = self.all([tree.left, *tree.comparators])
        links = [
            self._comparison(tree, _COMPARISONS[type(op)], a, b, _where(tree, other))
            for op, a, b, other in zip(tree.ops, sides, sides[1:], tree.comparators, strict=False)
        ]
        if len(links) == 1:
            return links[0]
        return Logic(type=BOOLEAN, operator="and", conditions=tuple(links))

    def _comparison(
        self, tree: ast.Compare, operator: str, left: Node, right: Node, where: ast.expr
    ) -> Node:
        if found := sealed(operator, left, right):
            for side in (tree.left, *tree.comparators):
                self.guarded.pop(id(side), None)
            return found
        if operator in ("is", "is not"):
            self.guarded.pop(id(tree.left), None)
        elif left.type.kind in GUARDED or right.type.kind in GUARDED:
            self.check_guarded()
        node = self.placed(where, lambda: comparison(operator, left, right))
        if operator in ("is", "is not") and left.type.kind is Kind.RECORDS:
            empty = emptiness(self, tree, left)
            return Not(type=BOOLEAN, part=empty) if operator == "is not" else empty
        return node

    def _ifexp(self, tree: ast.IfExp) -> Node:
        condition = self._attempt(tree.test, self.condition)
        branches = self.all([tree.body, tree.orelse])
        if condition is None:
            raise Failed
        type, (yes, no) = self.placed(tree, lambda: unified(branches))
        return Choose(type=type, condition=condition, yes=yes, no=no)

    # Calls

    def _call(self, tree: ast.Call) -> Node:
        name = self._callee(tree)
        if tree.keywords or any(isinstance(arg, ast.Starred) for arg in tree.args):
            raise self.fail(tree, messages.NOT_ALLOWED, what=self._quote(tree), instead="")
        if name in FORMS and (name not in FUNCTIONS or _is_generator(tree.args)):
            return aggregate(self, tree, FORMS[name])
        if name in TREES or name == "under":
            found = trees.call(self, tree, name)
            if found is not None:
                return found
        function = FUNCTIONS[name]
        args = self.all(tree.args)
        if function.clock:
            self.clock(tree, f"{name}()")
        self.uses_settings |= function.settings
        return self.placed(tree, lambda: applied(function, *args))

    def _callee(self, tree: ast.Call) -> str:
        if not isinstance(tree.func, ast.Name):
            raise self.fail(tree, messages.NOT_ALLOWED, what=self._quote(tree.func), instead="")
        name = tree.func.id
        if name not in FUNCTIONS and name not in FORMS and name not in TREES:
            best = did_you_mean(name, {*FUNCTIONS, *FORMS, *TREES})
            raise self.fail(tree, messages.UNKNOWN_FUNCTION, name=name, best=best)
        return name

    def clock(self, tree: ast.AST, name: str) -> None:
        """Notes that the expression depends on the clock, or that it must not."""
        if not self.allow_clock:
            raise self.fail(tree, messages.NO_CLOCK, name=name)
        self.uses_clock = True


def _is_generator(args: list[ast.expr]) -> bool:
    return len(args) == 1 and isinstance(args[0], ast.GeneratorExp)


def _instead(tree: ast.AST) -> Text | str:
    return _INSTEAD.get(type(tree), "")


def _where(tree: ast.Compare, right: ast.expr) -> ast.expr:
    """Where a wrong comparison is reported: at what is written out, else at its beginning."""
    return right if isinstance(right, ast.Constant | ast.List) else tree
