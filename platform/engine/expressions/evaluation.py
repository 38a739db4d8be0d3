"""The Python reading: a typed tree becomes nested closures, once.

Every closure takes one list, the frame: `[context, the record, loop records …]`. Closures never
ask for types; all of that is settled while they are built.
"""

from __future__ import annotations

import datetime as dt
import functools
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from engine.expressions.aggregating import accumulate
from engine.expressions.decimals import rounder
from engine.expressions.nodes import (
    Aggregate,
    Call,
    Choose,
    Compare,
    Get,
    Given,
    Has,
    IsEmpty,
    Literal,
    Logic,
    Node,
    Not,
    OneOf,
    OptionAttribute,
    Rescale,
    Sealed,
    Setting,
    Several,
    User,
    Variable,
    is_strict,
)
from engine.expressions.types import Kind, Row
from engine.expressions.workdays import CompanyYear

Frame = list[Any]
Closure = Callable[[Frame], Any]
Program = Callable[["Context", Any], Any]


def _nothing_below(object: str, id: int) -> frozenset[int]:
    return frozenset()


def _no_settings(object: str) -> Row | None:
    return None


_USUAL = CompanyYear()


def _usual_year() -> CompanyYear:
    return _USUAL


@dataclass(frozen=True)
class Context:
    """What an evaluation takes from outside the record.

    `now` is an aware moment in UTC, `zone` the company's time zone, `user` the acting person,
    `below` gives the ids of all records below one in its hierarchy, `variables` the values
    of the variables that the expression was compiled with. `settings` gives the one record of
    a settings object, `company` the company's working and fiscal year.
    """

    now: dt.datetime
    zone: ZoneInfo
    user: Row | None = None
    below: Callable[[str, int], frozenset[int]] = _nothing_below
    variables: Mapping[str, Any] = field(default_factory=dict)
    settings: Callable[[str], Row | None] = _no_settings
    company: Callable[[], CompanyYear] = _usual_year

    @functools.cached_property
    def today(self) -> dt.date:
        """The date of `now` in the company's time zone."""
        return self.now.astimezone(self.zone).date()


def program(tree: Node, slots: int) -> Program:
    """A function of context and record that computes the tree; `slots` counts the records."""
    run, spare = closure(tree), [None] * (slots - 1)
    if not spare:
        return lambda context, row: run([context, row])
    return lambda context, row: run([context, row, *spare])


def closure(node: Node) -> Closure:
    """The Python meaning of `node`."""
    return _BUILDERS[type(node)](node)


def _literal(node: Literal) -> Closure:
    value = node.value
    return lambda frame: value


def _variable(node: Variable) -> Closure:
    return operator.itemgetter(node.slot)


def _user(node: User) -> Closure:
    return lambda frame: frame[0].user


def _given(node: Given) -> Closure:
    name = node.name
    return lambda frame: frame[0].variables[name]


def _setting(node: Setting) -> Closure:
    object = node.object
    return lambda frame: frame[0].settings(object)


def _get(node: Get) -> Closure:
    if node.member.formula is not None:
        return _formula(node)
    name = node.member.name
    if isinstance(node.base, Variable):
        slot = node.base.slot
        return lambda frame: frame[slot].value(name)
    base = closure(node.base)

    def get(frame: Frame) -> Any:
        record = base(frame)
        return None if record is None else record.value(name)

    return get


def _formula(node: Get) -> Closure:
    formula, base = node.member.formula, closure(node.base)
    assert formula is not None
    run = formula.program
    convert = None
    if node.type.kind is Kind.NUMBER and formula.type.scale != node.type.scale:
        convert = rounder(node.type.scale)

    def get(frame: Frame) -> Any:
        record = base(frame)
        value = None if record is None else run(frame[0], record)
        return value if value is None or convert is None else convert(value)

    return get


def _option_attribute(node: OptionAttribute) -> Closure:
    base, find = closure(node.base), node.values.get
    return lambda frame: find(base(frame))


def _call(node: Call) -> Closure:
    meaning, function = node.function.python(node), node.function
    args = [closure(arg) for arg in node.args]
    absent = False if node.type.kind is Kind.BOOLEAN else None
    if function.context:
        return _with_context(meaning, args, absent)
    if function.lazy:
        return lambda frame: meaning(arg(frame) for arg in args)
    if function.lenient:
        return lambda frame: meaning(*[arg(frame) for arg in args])
    if len(args) == 1:
        return _one(meaning, args[0], absent)
    return _two(meaning, args[0], args[1], absent)


def _one(meaning: Callable[[Any], Any], arg: Closure, absent: Any) -> Closure:
    def call(frame: Frame) -> Any:
        value = arg(frame)
        return absent if value is None else meaning(value)

    return call


def _two(meaning: Callable[[Any, Any], Any], left: Closure, right: Closure, absent: Any) -> Closure:
    def call(frame: Frame) -> Any:
        a = left(frame)
        if a is None:
            return absent
        b = right(frame)
        return absent if b is None else meaning(a, b)

    return call


def _with_context(meaning: Callable[..., Any], args: list[Closure], absent: Any) -> Closure:
    def call(frame: Frame) -> Any:
        values = [arg(frame) for arg in args]
        missing = any(value is None for value in values)
        return absent if missing else meaning(frame[0], *values)

    return call


def _rescale(node: Rescale) -> Closure:
    return _one(rounder(node.type.scale), closure(node.part), None)


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def same_record(a: Any, b: Any) -> bool:
    """Whether two rows are the same record; one not yet written is only itself."""
    return a is b or (a.id is not None and a.id == b.id)


def _comparing(kind: Kind, symbol: str) -> Callable[[Any, Any], Any]:
    return same_record if kind is Kind.RECORD else _OPERATORS[symbol]


def _compare(node: Compare) -> Closure:
    compare = _comparing(node.left.type.kind, node.operator)
    left = closure(node.left)
    if isinstance(node.right, Literal):
        constant = node.right.value

        def against(frame: Frame) -> bool:
            value = left(frame)
            return value is not None and compare(value, constant)

        return against
    return _two(compare, left, closure(node.right), False)


def _one_of(node: OneOf) -> Closure:
    item, kind = closure(node.item), node.item.type.kind
    if all(isinstance(other, Literal) for other in node.items):
        values = frozenset(other.value for other in node.items if isinstance(other, Literal))
        return lambda frame: item(frame) in values
    same, others = _comparing(kind, "=="), [closure(other) for other in node.items]

    def one_of(frame: Frame) -> bool:
        value = item(frame)
        if value is None:
            return False
        found = (other(frame) for other in others)
        return any(other is not None and same(value, other) for other in found)

    return one_of


def _has(node: Has) -> Closure:
    item, choices = closure(node.item), closure(node.choices)
    return lambda frame: item(frame) in (choices(frame) or ())


def _sealed(node: Sealed) -> Closure:
    item, sought = closure(node.item), node.item.member.sought
    assert sought is not None
    return lambda frame: not set(node.digests).isdisjoint(sought.digests(item(frame)))


def _is_empty(node: IsEmpty) -> Closure:
    if is_strict(node.part):
        return lambda frame: False
    part = closure(node.part)
    if node.part.type.kind in (Kind.RECORDS, Kind.CHOICES, Kind.LIST):
        return lambda frame: not part(frame)
    return lambda frame: part(frame) is None


def _logic(node: Logic) -> Closure:
    conditions = [closure(condition) for condition in node.conditions]
    every = node.operator == "and"

    def logic(frame: Frame) -> bool:
        for condition in conditions:
            if bool(condition(frame)) is not every:
                return not every
        return every

    return logic


def _not(node: Not) -> Closure:
    part = closure(node.part)
    return lambda frame: not part(frame)


def _choose(node: Choose) -> Closure:
    condition, yes, no = closure(node.condition), closure(node.yes), closure(node.no)
    return lambda frame: yes(frame) if condition(frame) else no(frame)


def _several(node: Several) -> Closure:
    items = [closure(item) for item in node.items]
    return lambda frame: tuple(item(frame) for item in items)


def _aggregate(node: Aggregate) -> Closure:
    records, slot = closure(node.records), node.slot
    element = closure(node.element) if node.element is not None else operator.itemgetter(slot)
    condition = closure(node.condition) if node.condition is not None else None
    finish = accumulate(node)

    def values(frame: Frame) -> Iterable[Any]:
        for record in records(frame) or ():
            frame[slot] = record
            if condition is None or condition(frame):
                yield element(frame)

    return lambda frame: finish(values(frame))


_BUILDERS: Mapping[type[Node], Callable[[Any], Closure]] = {
    Literal: _literal,
    Variable: _variable,
    User: _user,
    Given: _given,
    Setting: _setting,
    Get: _get,
    OptionAttribute: _option_attribute,
    Call: _call,
    Rescale: _rescale,
    Compare: _compare,
    OneOf: _one_of,
    Has: _has,
    Sealed: _sealed,
    IsEmpty: _is_empty,
    Logic: _logic,
    Not: _not,
    Choose: _choose,
    Several: _several,
    Aggregate: _aggregate,
}
