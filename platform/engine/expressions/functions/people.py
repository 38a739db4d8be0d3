"""Functions of records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from engine.expressions import messages
from engine.expressions.functions.table import (
    Column,
    Function,
    Param,
    Writing,
    example,
    text,
)
from engine.expressions.nodes import BOOLEAN, Call, Node
from engine.expressions.sqltypes import Flag
from engine.expressions.types import Kind, Type
from engine.problems import Refusal

# Where the branch's top is known before (a path from `user`); else see `engine.expressions.trees`.


def _typed(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    link, top = (UNDER.accept(param, arg) for param, arg in zip(UNDER.takes, args, strict=True))
    if link.type.object != top.type.object:
        from engine.expressions.describing import describe

        raise Refusal(messages.BRANCHES(left=describe(link.type), right=describe(top.type)))
    return BOOLEAN, (link, top)


def _meaning(call: Call) -> Callable[[Any, Any, Any], bool]:
    object = call.args[1].type.object

    def under(context: Any, record: Any, top: Any) -> bool:
        return record.id == top.id or record.id in context.below(object, top.id)

    return under


def below(object: str, context: Any, top: Any) -> list[int]:
    """The ids of `top` and everything below it, in order; none where `top` is empty."""
    return sorted({top.id, *context.below(object, top.id)}) if top is not None else []


def _on_postgresql(writing: Writing) -> Column:
    return sa.type_coerce(writing.args[0] == sa.any_(writing.args[1]), Flag())


def _on_sqlite(writing: Writing) -> Column:
    ids: sa.Select[Any] = sa.select(sa.column("value")).select_from(
        sa.func.json_each(writing.args[1])
    )
    return sa.type_coerce(writing.args[0].in_(ids), Flag())


UNDER = Function(
    name="under",
    takes=(Param("record", Kind.RECORD), Param("top", Kind.RECORD)),
    typed=_typed,
    python=_meaning,
    context=True,
    postgresql=_on_postgresql,
    sqlite=_on_sqlite,
    form="under(record, top)",
    does=text(
        "whether the record is the second one or stands below it in its hierarchy",
        "记录是否就是第二个参数，或位于其层级之下",
    ),
    examples=(example("under(owner, user)", "true"),),
)

RECORD_FUNCTIONS = (UNDER,)
