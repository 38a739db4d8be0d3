"""What a part of a conversion takes over: the actor's input, and what is carried for the system.

What `set` reads, of the source and through it, must be readable by the actor, or its value would
show them what their roles hide. Such a field is refused by name, unless the definition carries it
`as_system` or the actor gives a value of their own. Conditions are the definition's own and read
as the system, as guards do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.definition.objects import Field, Object
from engine.definition.paths import paths
from engine.expressions import Context, Expression, evaluate
from engine.fieldtypes.link import Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import NumberType
from engine.problems import Problem, Refusal
from engine.records.reading import Record
from engine.records.rights import role_names
from engine.records.rows import RowView
from engine.records.transaction import Transaction
from engine.records.values import as_stored
from workflow.conversions import messages as say
from workflow.conversions.definitions import LineMap, Part
from workflow.conversions.names import MADE, MadeRow
from workflow.conversions.seeing import reads_unseen

Refuse = Callable[[Problem, str], None]
"""Takes a problem and the field that it is about."""


@dataclass
class Taken:
    """What one record takes over. `given` is input of the actor, `carried` passes as the system.

    Of each lines field `lines` holds the same for every line, with the line it comes from.
    """

    given: dict[str, Any] = field(default_factory=dict)
    carried: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, list[TakenLine]] = field(default_factory=dict)


@dataclass
class TakenLine(Taken):
    """What one line takes over, and the line of the source that it comes from."""

    origin: RowView | None = None
    quantity: Any = None


@dataclass(frozen=True)
class Source:
    """The record that is converted: as the system has it, and as the actor reads it."""

    tx: Transaction
    definition: Object
    view: RowView
    record: Record
    made: Mapping[str, RowView | None]

    @property
    def context(self) -> Context:
        """What expressions about it are evaluated in."""
        return replace(self.tx.context, variables={MADE: MadeRow(self.made)})

    def value(self, expression: Expression, view: RowView | None = None) -> Any:
        """The value of an expression about the source, or about one of its lines."""
        return evaluate(expression, view or self.view, self.context)


def taken(source: Source, part: Part, given: Mapping[str, Any], refuse: Refuse) -> Taken:
    """What a part takes over; what the actor has `given` stands before it."""
    target = source.tx.catalog.objects[part.object]
    result = Taken(given=dict(given))
    values = _set(source, part.sets, given, source.view, source.record, target, part, refuse)
    for name, value, by_system in values:
        (result.carried if by_system else result.given)[name] = value
    if part.back:
        result.given.pop(part.back, None)
        result.carried[part.back] = source.view.id
    for name, lines in part.lines.items():
        if name in given:
            label = target.fields[name].label
            refuse(say.LINES_COME_ALONG(field=label, source=source.definition.label), name)
            result.given.pop(name)
        child = source.tx.gate.line_object(target, name)
        found = list(_lines(source, lines, child, refuse))
        if found:
            result.lines[name] = found
    return result


def _lines(source: Source, lines: LineMap, child: Object, refuse: Refuse) -> Iterator[TakenLine]:
    """The lines of the source that come along."""
    shown = {line.id: line for line in source.record.values.get(lines.origin) or ()}
    place = 0
    for view in source.view.value(lines.origin):
        if lines.where is not None and not source.value(lines.where, view):
            continue
        path = f"{lines.field}[{place}]."

        def refuse_line(problem: Problem, name: str, path: str = path) -> None:
            refuse(problem, path + name)

        line = TakenLine(origin=view)
        record = shown.get(view.id)
        values = _set(source, lines.sets, {}, view, record, child, lines, refuse_line)
        for name, value, by_system in values:
            (line.carried if by_system else line.given)[name] = value
        if lines.back:
            line.carried[lines.back] = view.id
        if lines.quantity is not None:
            line.quantity = source.value(lines.quantity, view)
        place += 1
        yield line


def _set(
    source: Source,
    sets: Mapping[str, Expression],
    given: Mapping[str, Any],
    view: RowView,
    record: Record | None,
    target: Object,
    of: Part | LineMap,
    refuse: Refuse,
) -> Iterator[tuple[str, Any, bool]]:
    """Field, value, and whether it passes as the system: in input form where it does not."""
    lens = source.tx.lens(target.name)
    for name, expression in sets.items():
        if name in given:
            continue
        found = target.fields[name]
        by_system = name in of.as_system
        if not by_system and (
            _hidden(expression, view, record)
            or reads_unseen(source.tx, expression, view, source.made)
        ):
            roles = role_names(lens, source.tx.actor.roles)
            refuse(say.HIDDEN(field=found.label, roles=roles), name)
            continue
        try:
            value = source.value(expression, view)
            if by_system:
                yield name, value, True
            elif (stored := stored_value(found, value)) is not None:
                yield name, as_input(found, stored), False
        except Refusal as refusal:
            for problem in refusal.problems:
                refuse(problem, name)


def _hidden(expression: Expression, view: RowView, record: Record | None) -> bool:
    """Whether the expression reads something of the record that the actor does not see."""
    fields = view.definition.fields
    names = {path[0] for path in paths(expression.source)} & fields.keys() - {"id"}
    if record is None:
        return bool(names)
    for name in names:
        if name not in record.values and name != view.definition.parent:
            return True
        shown = record.values.get(name)
        if shown is None and fields[name].stored and (view.row or {}).get(name) is not None:
            return True
    return False


def stored_value(field: Field, value: Any) -> Any:
    """An expression's value as the field holds it, of many links their ids.

    Raises Refusal when a number has more digits than the field can hold.
    """
    if isinstance(field.type, Links):
        return tuple(one.id for one in value or ()) or None
    return as_stored(field, value)


def as_input(field: Field, value: Any) -> Any:
    """A stored value in the form that the gate reads."""
    if isinstance(field.type, Links):
        return list(value)
    return value if isinstance(field.type, Link | NumberType) else field.type.to_json(value)
