"""The order in which stored formulas and suggestions are computed: what is read comes first."""

from __future__ import annotations

from engine.definition import messages as say
from engine.definition.kinds import Problems
from engine.definition.objects import Field, Object
from engine.definition.paths import paths
from engine.problems import Place


def computing_order(definition: Object, problems: Problems) -> tuple[str, ...]:
    """Names of the fields with a stored formula or a suggestion, dependencies first.

    Depth-first topological sort; a cycle is a problem and is cut where it closes.
    """
    order: list[str] = []
    done: set[str] = set()

    def visit(field: Field, trail: tuple[str, ...]) -> None:
        if field.name in done:
            return
        if field.name in trail:
            circle = " → ".join((*trail[trail.index(field.name) :], field.name))
            problems.append(say.FORMULA_CYCLE(_place(field), circle=circle))
            return
        for needed in sorted(_needs(field)):
            other = definition.fields.get(needed)
            if other is not None and _computed(other) and other.name != field.name:
                visit(other, (*trail, field.name))
        done.add(field.name)
        order.append(field.name)

    for field in definition.fields.values():
        if _computed(field):
            visit(field, ())
    return tuple(order)


def _computed(field: Field) -> bool:
    return (field.formula is not None and not field.virtual) or field.suggest is not None


def _needs(field: Field) -> set[str]:
    expression = field.formula or field.suggest
    return {path[0] for path in paths(expression.source)} if expression else set()


def _place(field: Field) -> Place:
    return field.place("formula" if field.formula else "suggest")
