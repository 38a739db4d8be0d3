"""Values that a statement takes from its execution: their names, types and readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from engine.expressions.evaluation import closure
from engine.expressions.folding import fold
from engine.expressions.nodes import Call, Choose, Get, Given, Literal, Node, Setting
from engine.expressions.sqltypes import Day, Flag, Id, Moment, Names, Number, Span, String
from engine.expressions.types import Kind, Type


@dataclass(frozen=True, slots=True)
class Bind:
    """A named parameter and how its value comes from a context."""

    name: str
    read: Callable[[Any], Any]


_NO_KEYS: Mapping[str, str] = MappingProxyType({})
_TYPES: Mapping[Kind, Callable[[Type], Any]] = {
    Kind.NUMBER: lambda type: Number(type.scale),
    Kind.TEXT: lambda type: String(),
    Kind.BOOLEAN: lambda type: Flag(),
    Kind.DATE: lambda type: Day(),
    Kind.MOMENT: lambda type: Moment(),
    Kind.DURATION: lambda type: Span(type.unit),
    Kind.CHOICE: lambda type: String(),
    Kind.CHOICES: lambda type: Names(),
    Kind.RECORD: lambda type: Id(),
    Kind.EMPTY: lambda type: String(),
    Kind.FILE: lambda type: sa.types.NullType(),
    Kind.SECRET: lambda type: String(),
}


def sql_type(type: Type) -> Any:
    """The column type of a kind of value. LIST and RECORDS have none."""
    make = _TYPES.get(type.kind)
    return sa.types.NullType() if make is None else make(type)


def option_keys(node: Node) -> Mapping[str, str]:
    """How the SQL value of a CHOICE node spells its options; empty: by their names."""
    if isinstance(node, Get):
        formula = node.member.formula
        return node.member.keys if formula is None else option_keys(formula.tree)
    if isinstance(node, Choose | Call):
        parts = (node.yes, node.no) if isinstance(node, Choose) else node.args
        spelled = [option_keys(p) for p in parts if not isinstance(p, Literal)]
        return spelled[0] if spelled and all(s == spelled[0] for s in spelled) else _NO_KEYS
    return _NO_KEYS


def null(type: Type) -> sa.ColumnElement[Any]:
    """NULL of a kind of value, typed where PostgreSQL needs it."""
    wanted = sql_type(type)
    if type.kind is Kind.CHOICES:
        return sa.type_coerce(sa.null(), wanted)
    # Not the type itself: PostgreSQL takes no collation in a CAST.
    cast = sa.Text() if isinstance(wanted, String) else wanted
    return sa.type_coerce(sa.cast(sa.null(), cast), wanted)


def path_name(node: Node) -> str:
    """The parameter's name of a path: `user_GET_territory`. Names are lower case, GET is not."""
    if isinstance(node, Get):
        return f"{path_name(node.base)}_GET_{node.member.name.replace('@', '_AT_')}"
    if isinstance(node, Setting):
        return f"settings_{node.object}"
    return f"variable_{node.name}" if isinstance(node, Given) else "user"


def read_bound(node: Node, folded: bool = False, *, whole: bool = False) -> Callable[[Any], Any]:
    """A function from context to the path's value as SQL wants it: ids, stored keys.

    `folded` gives the folded text, `whole` a record itself instead of its id.
    """
    read = closure(node)
    keys = option_keys(node)
    kind = node.type.kind

    def value(context: Any) -> Any:
        found = read([context, None])
        if found is None or whole:
            return found
        if kind is Kind.RECORD:
            return found.id
        if kind is Kind.CHOICE:
            return keys.get(found, found)
        if kind is Kind.CHOICES:
            return tuple(keys.get(option, option) for option in found)
        return fold(found) if folded else found

    return value
