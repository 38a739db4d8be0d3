"""The expression language from the outside: compile a source once, then read it either way.

1. `syntax` measures and parses the source.
2. `checking` turns it into a typed tree, or into problems.
3. `evaluation` reads the tree as a Python value, `sql` as a SQL expression.

Both readings must agree; tests/engine/expressions/law_test.py holds them to it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from engine.expressions import evaluation, messages
from engine.expressions.checking import Checker, Failed
from engine.expressions.describing import describe
from engine.expressions.functions.spans import in_seconds
from engine.expressions.functions.table import text
from engine.expressions.nodes import Node
from engine.expressions.sqltypes import DIGITS
from engine.expressions.syntax import DEFINITION_LIMITS, Limits, parse
from engine.expressions.types import Kind, Names, Row, Type
from engine.expressions.typing_rules import adapted, mismatch
from engine.problems import Place, Problem, Refusal, Text

_NO_VARIABLES: Mapping[str, Type] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Expression:
    """A checked expression.

    `object` is what it is about, `reads` are all members that it reads as (object, member),
    also through links, loops and virtual formulas. `slots` counts the records in scope.
    """

    source: str
    object: str
    type: Type
    place: Place | None
    tree: Node = field(repr=False)
    reads: frozenset[tuple[str, str]]
    uses_clock: bool
    uses_user: bool
    uses_settings: bool
    slots: int

    @functools.cached_property
    def program(self) -> evaluation.Program:
        """The Python reading: a function of context and record."""
        return evaluation.program(self.tree, self.slots)


def compile_expression(
    source: str,
    object: str,
    names: Names,
    *,
    expected: Type | None = None,
    allow_clock: bool = True,
    allow_user: bool = True,
    place: Place | None = None,
    variables: Mapping[str, Type] = _NO_VARIABLES,
    limits: Limits = DEFINITION_LIMITS,
) -> Expression:
    """`source`, checked as an expression about a record of `object`.

    `expected` is the type it must give (numbers of any scale; the caller rounds). `variables`
    are names that the context supplies. Stored values pass neither clock nor user (rule 20).
    Raises Refusal with all problems, each at its place within the source.
    """
    syntax = parse(source, place, limits)
    checker = Checker(syntax, object, names, variables, allow_clock, allow_user, limits)
    try:
        tree = checker.node(syntax.tree)
        checker.check_guarded()
        if expected is not None:
            tree = checker.placed(syntax.tree, lambda: _as_expected(tree, expected))
        checker.check_currencies(tree)
    except Failed:
        raise Refusal(*checker.problems) from None
    return Expression(
        source=source,
        object=object,
        type=tree.type,
        place=place,
        tree=tree,
        reads=frozenset(checker.reads),
        uses_clock=checker.uses_clock,
        uses_user=checker.uses_user,
        uses_settings=checker.uses_settings,
        slots=checker.slots,
    )


def evaluate(expression: Expression, row: Row, context: evaluation.Context) -> Any:
    """The value of `expression` for `row`.

    Values are as in `Row`; an exact duration is a timedelta, a calendar one a number of months.
    Raises Refusal where a number outgrows 18 digits.
    """
    try:
        return expression.program(context, row)
    except ArithmeticError:
        problem = messages.TOO_MANY_DIGITS(
            expression.place, source=expression.source, digits=DIGITS
        )
        raise Refusal(problem) from None


def _as_expected(tree: Node, expected: Type) -> Node:
    node = tree if expected.kind is Kind.NUMBER else adapted(tree, expected)
    if expected.unit == "seconds":  # where days are as good as the hours that they have
        node = in_seconds(node)
    if mismatch(node, expected):
        raise Refusal(_wrong(node.type, expected))
    return node


def _wrong(found: Type, expected: Type) -> Problem:
    instead: Text | str = ""
    if expected.kind is Kind.TEXT:
        instead = text("text(…) turns it into text", "text(…) 可将其转换为文本")
    elif (found.kind, expected.kind) == (Kind.MOMENT, Kind.DATE):
        instead = text("date_of(…) gives its date", "date_of(…) 可得到其日期")
    return messages.WRONG_RESULT(
        found=describe(found), expected=describe(expected), instead=instead
    )
