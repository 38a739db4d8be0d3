"""What a function of the language consists of.

A `Function` carries everything about itself: its type rule, its meaning in Python, its meaning
in SQL, and its documentation. On SQLite a function without a `sqlite` writer is the Python
meaning itself, registered on the connection (see `sqlite.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from engine.expressions import messages
from engine.expressions.describing import describe, describe_kind
from engine.expressions.nodes import Call, Literal, Node
from engine.expressions.types import Kind, Type
from engine.problems import Refusal, Text

Column = sa.ColumnElement[Any]


class Binding(Protocol):
    """Declares a value that each execution brings along, and gives its place in the statement."""

    def __call__(self, name: str, type: Any, read: Callable[[Any], Any], /) -> Column: ...


@dataclass(frozen=True, slots=True)
class Writing:
    """What a writer of SQL has at hand: the call, its arguments as SQL values, and binding."""

    call: Call
    args: tuple[Column, ...]
    bind: Binding


Writer = Callable[[Writing], Column]
Typing = Callable[[tuple[Node, ...]], tuple[Type, tuple[Node, ...]]]


@dataclass(frozen=True, slots=True)
class Param:
    """One argument: its name in the documentation and the kind of value it takes.

    `whole` numbers have no decimals; `literal` arguments are written out, not computed.
    """

    name: str
    kind: Kind
    whole: bool = False
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """An expression about the reference's example record, and what it gives."""

    source: str
    gives: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function or operator.

    `typed` gives the result's type and the adapted arguments, or raises Refusal; without it the
    arguments must be as `takes` says and the result is `gives`. `python` makes the Python
    meaning for a call; it is never called with an empty argument unless `lenient`, and takes
    one iterable that computes the arguments as they are asked for if `lazy`. With
    `context` the meaning takes the evaluation's context first. `clock` marks what changes
    with time, `settings` what changes with the company's settings. `least` and `most` count the
    arguments (most None: any number).
    """

    name: str
    takes: tuple[Param, ...]
    gives: Type = Type(Kind.EMPTY)
    typed: Typing | None = None
    python: Callable[[Call], Callable[..., Any]]
    postgresql: Writer
    sqlite: Writer | None = None
    lenient: bool = False
    lazy: bool = False
    context: bool = False
    clock: bool = False
    settings: bool = False
    least: int = -1
    most: int | None = -1
    form: str = ""
    does: Text = Text({})
    examples: tuple[Example, ...] = ()

    def arity(self) -> tuple[int, int | None]:
        """The least and the greatest number of arguments (None: any)."""
        count = len(self.takes)
        return (count if self.least < 0 else self.least, count if self.most == -1 else self.most)

    def check(self, args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
        """The type of the result and the arguments as they are to be read."""
        least, most = self.arity()
        if len(args) < least or (most is not None and len(args) > most):
            raise Refusal(
                messages.ARGUMENT_COUNT(
                    name=self.name, expected=_count(least, most), found=len(args), form=self.form
                )
            )
        if self.typed is not None:
            return self.typed(args)
        return self.gives, tuple(
            self.accept(param, arg) for param, arg in zip(self.takes, args, strict=False)
        )

    def accept(self, param: Param, arg: Node) -> Node:
        """`arg` as `param` takes it. A moment where a date is expected counts as its date."""
        from engine.expressions.functions.clock import as_date

        if param.kind is Kind.DATE and arg.type.kind is Kind.MOMENT:
            arg = as_date(arg)
        wrong = arg.type.kind is not param.kind or (param.whole and arg.type.scale != 0)
        if wrong:
            expected = describe_kind(param.kind) if not param.whole else _WHOLE
            raise Refusal(
                messages.ARGUMENT_TYPE(
                    name=self.name,
                    argument=param.name,
                    found=describe(arg.type),
                    expected=expected,
                    form=self.form,
                )
            )
        if param.literal and not isinstance(arg, Literal):
            raise Refusal(
                messages.LITERAL_NEEDED(name=self.name, argument=param.name, form=self.form)
            )
        return arg


_WHOLE = Text(
    {"en": "a whole number (see round, floor, ceil)", "zh": "整数（可用 round、floor、ceil）"}
)


def _count(least: int, most: int | None) -> Text:
    if most is None:
        return Text({"en": f"at least {least} arguments", "zh": f"至少 {least} 个参数"})
    if least == most:
        plural = "" if least == 1 else "s"
        return Text({"en": f"{least} argument{plural}", "zh": f"{least} 个参数"})
    return Text({"en": f"{least} to {most} arguments", "zh": f"{least} 至 {most} 个参数"})


def always(meaning: Callable[..., Any]) -> Callable[[Call], Callable[..., Any]]:
    """A Python meaning that does not depend on the types of the call."""
    return lambda call: meaning


def constant(sql: str, type: Any = None) -> Column:
    """A constant of our own, written into the statement as it is; never anything from input."""
    return sa.literal_column(sql, type)


def text(en: str, zh: str) -> Text:
    """A text in both languages."""
    return Text({"en": en, "zh": zh})


def example(source: str, gives: str) -> Example:
    """An example, for the reference and its test."""
    return Example(source, gives)
