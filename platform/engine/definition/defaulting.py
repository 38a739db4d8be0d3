"""The order in which defaults are worked out: those that others read come first.

Defaults see what was given and each other. What is computed from the record afterwards (stored
formulas, rollups, suggestions, copies) is still empty then, so a default that reads it would
always be wrong: it is a problem of the definition.
"""

from __future__ import annotations

from engine.definition.kinds import Problems
from engine.definition.objects import Field, Object
from engine.definition.paths import paths
from engine.expressions import Expression
from engine.problems import Message

DEFAULT_CYCLE = Message(
    "default-cycle",
    en="the default depends on itself: {circle}",
    zh="默认值循环依赖自身：{circle}",
    hint_en="take one of the fields out of the circle",
    hint_zh="请从循环中移除其中一个字段",
)
DEFAULT_READS = Message(
    "default-reads-later",
    en="the default of {field} reads {found}, which is computed only afterwards",
    zh="{field} 的默认值读取了 {found}，而后者在其之后才计算",
    hint_en="use `suggest` instead of `default_from`",
    hint_zh="请用 `suggest` 代替 `default_from`",
)


def default_order(definition: Object, problems: Problems) -> tuple[str, ...]:
    """Names of the fields with `default_from`, dependencies first.

    Depth-first topological sort; a cycle is a problem and is cut where it closes.
    """
    order: list[str] = []

    def visit(field: Field, trail: tuple[str, ...]) -> None:
        if field.name in trail:
            circle = " → ".join((*trail[trail.index(field.name) :], field.name))
            problems.append(DEFAULT_CYCLE(field.place("default_from"), circle=circle))
            return
        if field.name in order:
            return
        for name in sorted(_reads(definition, field.default_from)):
            other = definition.fields[name]
            if other.default_from is not None:
                visit(other, (*trail, field.name))
            elif _computed_later(other):
                place = field.place("default_from")
                problems.append(DEFAULT_READS(place, field=field.name, found=name))
        if field.name not in order:
            order.append(field.name)

    for field in definition.fields.values():
        if field.default_from is not None:
            visit(field, ())
    return tuple(order)


def _computed_later(field: Field) -> bool:
    if field.virtual:
        return False
    return any(
        part is not None for part in (field.formula, field.rollup, field.suggest, field.copy)
    )


def _reads(definition: Object, expression: Expression | None) -> set[str]:
    """The own fields that an expression reads, also through formulas computed when read."""
    found: set[str] = set()
    for path in paths(expression.source) if expression else ():
        own = definition.fields.get(path[0])
        if own is not None and own.virtual:
            found |= _reads(definition, own.formula)
        elif own is not None:
            found.add(own.name)
    return found
