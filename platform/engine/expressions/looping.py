"""Typing of the forms that go through records: `sum(line.amount for line in lines)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from engine.expressions import messages, trees
from engine.expressions.describing import describe
from engine.expressions.functions.arithmetic import QUOTIENT_SCALE
from engine.expressions.functions.forms import Form
from engine.expressions.functions.spans import in_seconds
from engine.expressions.functions.table import text
from engine.expressions.nodes import BOOLEAN, Aggregate, Get, Logic, Node, Not, Variable
from engine.expressions.types import Kind, Member, Type
from engine.expressions.typing_rules import number
from engine.problems import Text

if TYPE_CHECKING:
    from engine.expressions.checking import Checker


def aggregate(checker: Checker, tree: ast.Call, form: Form) -> Node:
    """The node of a form over records. Raises Failed once its problems are noted."""
    generator = tree.args[0] if len(tree.args) == 1 else None
    if not isinstance(generator, ast.GeneratorExp) or len(generator.generators) != 1:
        raise checker.fail(tree, messages.NEEDS_GENERATOR, name=form.name, form=form.form)
    loop = generator.generators[0]
    if loop.is_async or not isinstance(loop.target, ast.Name):
        raise checker.fail(tree, messages.NEEDS_GENERATOR, name=form.name, form=form.form)
    records, via = _records(checker, loop.iter)
    variable = _variable(checker, loop.target, records)
    checker.loops[loop.target.id] = variable
    try:
        condition = _condition(checker, loop.ifs)
        element = checker.node(generator.elt)
    finally:
        del checker.loops[loop.target.id]
    _check_element(checker, generator.elt, form, element, variable)
    if form.name == "sum":
        element = in_seconds(element)
    return Aggregate(
        type=_result(form.name, element),
        name=form.name,
        records=records,
        via=via,
        slot=variable.slot,
        element=None if element.type.kind is Kind.RECORD else element,
        condition=condition,
    )


def _records(checker: Checker, tree: ast.expr) -> tuple[Get, Member]:
    return _related(checker, tree, checker.node(tree))


def _related(checker: Checker, tree: ast.expr, records: Node) -> tuple[Get, Member]:
    if not isinstance(records, Get) or records.type.kind is not Kind.RECORDS:
        raise checker.fail(tree, messages.NOT_RECORDS, found=describe(records.type))
    if records.member.join:
        return records, records.member
    if branch := trees.back(records):
        return records, branch
    object, via = records.type.object, records.member.via
    back = checker.names.member(object, via)
    if back is None:
        raise checker.fail(tree, messages.UNKNOWN_NAME, object=object, name=via, best="")
    checker.reads.add((object, via))
    return records, back


def emptiness(checker: Checker, tree: ast.expr, records: Node) -> Node:
    """`lines is empty`: there is none."""
    found, via = _related(checker, tree, records)
    checker.slots += 1
    exists = Aggregate(
        type=BOOLEAN,
        name="exists",
        records=found,
        via=via,
        slot=checker.slots,
        element=None,
        condition=None,
    )
    return Not(type=BOOLEAN, part=exists)


def _variable(checker: Checker, target: ast.Name, records: Get) -> Variable:
    from engine.expressions.checking import RESERVED

    if target.id in RESERVED or target.id in checker.loops or target.id in checker.variables:
        raise checker.fail(target, messages.NAME_TAKEN, name=target.id)
    checker.slots += 1
    return Variable(type=Type(Kind.RECORD, object=records.type.object), slot=checker.slots)


def _condition(checker: Checker, trees: list[ast.expr]) -> Node | None:
    conditions = tuple(checker.condition(tree) for tree in trees)
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return Logic(type=BOOLEAN, operator="and", conditions=conditions)


def _check_element(
    checker: Checker, tree: ast.expr, form: Form, element: Node, variable: Variable
) -> None:
    kind = element.type.kind
    instead: Text | str = ""
    if form.name == "count" and kind is Kind.BOOLEAN:
        instead = text("put the condition after `if`", "请将条件写在 `if` 之后")
    elif kind is Kind.RECORD and element is not variable and form.name in ("count", "exists"):
        instead = text("write the loop's own name first", "请先写循环变量自身的名称")
    elif form.takes and kind not in form.takes:
        instead = text(f"write {form.name}({form.form})", f"请写成 {form.name}({form.form})")
    elif form.name == "sum" and element.type.unit == "months":
        instead = text("add up days or hours", "请对天或小时求和")
    elif not form.takes and kind in (Kind.RECORDS, Kind.LIST, Kind.EMPTY):
        instead = text("count records or values", "请统计记录或值")
    else:
        return
    raise checker.fail(
        tree, messages.AGGREGATE_TYPE, name=form.name, found=describe(element.type), instead=instead
    )


def _result(name: str, element: Node) -> Type:
    if name in ("any", "all", "exists"):
        return BOOLEAN
    if name == "count":
        return number()
    if name == "avg":
        return number(max(QUOTIENT_SCALE, element.type.scale), element.type.unit)
    return element.type
