"""The order in which stored formulas and suggestions are computed: what is read comes first."""

from __future__ import annotations

from engine.definition import messages as say
from engine.definition.kinds import Problems
from engine.definition.objects import Field, Object
from engine.definition.paths import paths
from engine.expressions import Expression
from engine.fieldtypes.number import Money
from engine.problems import Place


def computing_order(definition: Object, problems: Problems) -> tuple[str, ...]:
    """Names of the fields with a stored formula, a suggestion or a copy, dependencies first.

    Depth-first topological sort; a cycle is a problem and is cut where it closes.
    """
    order: list[str] = []
    done: set[str] = set()

    def visit(field: Field, trail: tuple[str, ...]) -> None:
        if field.name in done:
            return
        if field.name in trail:
            circle = (*trail[trail.index(field.name) :], field.name)
            # a circle of formulas alone was found when they were compiled
            if any(definition.fields[name].formula is None for name in circle):
                problems.append(say.FORMULA_CYCLE(_place(field), circle=" → ".join(circle)))
            return
        for needed in sorted(
            _needs(definition, field.formula or field.suggest or field.copy) | _currency(field)
        ):
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
    stored = field.formula is not None and not field.virtual
    return stored or field.suggest is not None or field.copy is not None


def _needs(definition: Object, expression: Expression | None) -> set[str]:
    """The own fields that an expression reads, also through formulas computed when read."""
    found: set[str] = set()
    for path in paths(expression.source) if expression else ():
        own = definition.fields.get(path[0])
        if own is not None and own.virtual:
            found |= _needs(definition, own.formula)
        else:
            found.add(path[0])
    return found


def _currency(field: Field) -> set[str]:
    """The field that says how many decimals a computed amount has."""
    path = field.type.currency_path if isinstance(field.type, Money) else ""
    return {path} if path and "." not in path else set()


def _place(field: Field) -> Place:
    return field.place("formula" if field.formula else "suggest" if field.suggest else "copy")
