"""What keeps a formula from being stored: something that moves without any record being changed."""

from __future__ import annotations

from collections.abc import Callable

from engine.definition.objects import Field
from engine.expressions import Expression
from engine.expressions.trees import uses_tree
from engine.problems import Text

Fields = Callable[[str, str], Field | None]
"""A field with its formula, by object and name."""

_WHAT: tuple[tuple[Callable[[Expression], bool], Text], ...] = (
    (lambda e: e.uses_clock, Text({"en": "the clock", "zh": "当前时间"})),
    (lambda e: e.uses_user, Text({"en": "the user", "zh": "当前用户"})),
    (lambda e: e.uses_settings, Text({"en": "settings", "zh": "系统设置"})),
    (
        lambda e: uses_tree(e.tree),
        Text(
            {"en": "the place in a tree, with all records above", "zh": "在树中的位置及其所有上级"}
        ),
    ),
)
_BY_WAY_OF = Text({"en": "{what} (by way of {field})", "zh": "{what}（经由 {field}）"})


def what_moves(expression: Expression, field: Fields) -> Text | None:
    """What the expression reads that moves by itself; None where its value can be stored.

    Where it comes in by a field that is computed when read, that field is named.
    """
    for reads, what in _WHAT:
        if not reads(expression):
            continue
        for object, name in sorted(expression.reads):
            found = field(object, name)
            if found is not None and found.virtual and found.formula and reads(found.formula):
                words = {"field": f"{object}.{name}"}
                return Text(
                    {
                        locale: _BY_WAY_OF.in_(locale).format(what=what.in_(locale), **words)
                        for locale in ("en", "zh")
                    }
                )
        return what
    return None
