"""The forms over records in SQL: correlated subqueries over the records' own table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.expressions import trees
from engine.expressions.binding import sql_type
from engine.expressions.functions.arithmetic import DIVIDE, fitted
from engine.expressions.functions.table import Writing, constant
from engine.expressions.joined_sql import named_by, naming
from engine.expressions.joins import JoinSet
from engine.expressions.nodes import Aggregate, Call, Get, Literal, Node, is_bound
from engine.expressions.sqltypes import Number
from engine.expressions.types import Kind, Member, Type
from engine.expressions.typing_rules import number

if TYPE_CHECKING:
    from engine.expressions.sql import Frame, Translator

Column = sa.ColumnElement[Any]


class _Loop:
    """The records that a form goes through: their table, joins and conditions."""

    def __init__(self, translator: Translator, records: Get, via: Member, frame: Frame) -> None:
        object, view = records.type.object, translator.view
        self.source = view.source(object)
        self.joins = JoinSet()
        translator.owners[id(self.source)] = self.joins
        owner = _id_of(translator, records, frame)
        if trees.back(records):
            self.conditions = [trees.branch(translator, records, via, self.source, frame)]
        elif records.member.join:
            self.conditions = [named_by(records.member, owner, self.source)]
        elif via.join:
            self.conditions = [naming(view, object, via, owner, self.source)]
        else:
            self.conditions = [view.column(object, via, self.source) == owner]
        visible = view.visible(object, self.source)
        if visible is not None:
            self.conditions.append(visible)

    def select(self, *columns: Column) -> sa.Select[Any]:
        """A correlated SELECT. Called last, when all joins are known."""
        statement = sa.select(*columns).select_from(self.joins.applied(self.source))
        own = (self.source, *self.joins.sources())
        return statement.where(*self.conditions).correlate_except(*own)


def _id_of(translator: Translator, records: Get, frame: Frame) -> Column:
    node = records.base
    if is_bound(node):
        return translator.value(node, frame)
    source = translator.source(node, frame)
    if records.member.join:  # which the record names itself, and only where it may be read
        return translator.view.formula(node.type.object, records.member, source.c.id, source)
    id: Column = source.c.id
    return id


def _looped(translator: Translator, node: Aggregate, frame: Frame) -> tuple[_Loop, Frame]:
    loop = _Loop(translator, node.records, node.via, frame)
    inner = {**frame, node.slot: loop.source}
    if node.condition is not None:
        loop.conditions.append(translator.truth(node.condition, inner))
    return loop, inner


def exists(translator: Translator, node: Aggregate, frame: Frame) -> sa.ColumnElement[bool]:
    """EXISTS for any() and exists(); for all(), whether one fails."""
    loop, inner = _looped(translator, node, frame)
    if node.element is not None:
        failing = node.name == "all"
        loop.conditions.append(translator.truth(node.element, inner, negate=failing))
    return _exists(loop)


def _exists(loop: _Loop) -> sa.ColumnElement[bool]:
    return loop.select(constant("1")).exists()


def scalar(translator: Translator, node: Aggregate, frame: Frame) -> Column:
    """sum, count, avg, min and max as a scalar subquery."""
    loop, inner = _looped(translator, node, frame)
    element = None if node.element is None else translator.value(node.element, inner)
    if element is not None:
        # An aggregate of nothing but outer columns would belong to the outer statement, and
        # SQLite sees through `id IS NOT NULL`.
        own = sa.case((loop.source.c.id == loop.source.c.id, element))
        element = sa.type_coerce(own, element.type)
    result = aggregated(translator, node.name, node.type, node.element, element)
    value = loop.select(result).scalar_subquery()
    return sa.type_coerce(value, sql_type(node.type))


def aggregated(
    translator: Translator, name: str, type: Type, of: Node | None, element: Column | None
) -> Column:
    """The aggregate `name` of `type` over the column `element`, which is the value of `of`.

    Without an element, rows are counted.
    """
    if name == "count":
        counted = sa.func.count() if element is None else sa.func.count(element)
        return sa.cast(counted, Number(0))
    assert element is not None and of is not None
    if name == "sum":
        zero = constant("0")
        if type.kind is Kind.DURATION:
            nothing = zero if translator.sqlite else constant("INTERVAL '0'", sa.Interval())
            return sa.func.coalesce(sa.func.sum(element), nothing, type_=sql_type(type))
        return _checked(translator, sa.func.coalesce(sa.func.sum(element), zero), of)
    if name == "avg":
        return _average(translator, type, of, element)
    least = sa.func.min if name == "min" else sa.func.max
    return least(element, type_=sql_type(type))


def _checked(translator: Translator, total: Column, element: Node) -> Column:
    if translator.sqlite:
        return sa.func.fw_check(total, type_=Number(element.type.scale))
    return fitted(total, element.type)


def _average(translator: Translator, type: Type, of: Node, element: Column) -> Column:
    total = _checked(translator, sa.func.sum(element), of)
    count = sa.cast(sa.func.count(element), Number(0))
    parts = (of, Literal(type=number(), value=None))
    call = Call(type=type, function=DIVIDE, args=parts)
    writing = Writing(call, (total, count), translator.bind)
    write = DIVIDE.sqlite if translator.sqlite and DIVIDE.sqlite else DIVIDE.postgresql
    return write(writing)
