"""Connecting the triggers of automations: fields, transitions and stages that exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from automation import connecting_messages as say
from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.messages import UNKNOWN_FIELD
from engine.definition.objects import Field, Object
from engine.definition.tree import Node
from engine.expressions.typing_rules import unknown_option
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.choice import Choice, Choices, Stage
from engine.fieldtypes.link import Collection, Lines
from engine.fieldtypes.links import Links
from engine.problems import did_you_mean
from workflow.approvals.connecting_messages import UNKNOWN_TRANSITION
from workflow.connecting import UNKNOWN_STAGE
from workflow.definitions import Workflow

if TYPE_CHECKING:
    from automation.definitions import Trigger

WORDS = ("created", "updated", "deleted", "restored")
"""Triggers that are one word."""
NAMED = ("changed", "transition", "stage")
"""Triggers that name something of the record, as maps."""
BELONGS = {"from": "changed", "to": "changed", "time": "at", "late": "at", "missed": "every"}
"""Keys that say more about another one."""


def check_trigger_keys(on: Node, problems: Problems) -> None:
    """Each map has exactly one key that says when, and others only where they belong."""
    for node in (on, *on.elements()):
        if not isinstance(node.value, Mapping):
            continue
        given = [key for key, child in node.items() if child.value is not None]
        kinds = [key for key in given if key not in BELONGS]
        if len(kinds) != 1:
            problems.append(say.TRIGGER_SHAPE(node.place, found=", ".join(kinds)))
            continue
        for key in given:
            if key in BELONGS and BELONGS[key] != kinds[0]:
                place = node.at(key)
                problems.append(say.KEY_OF(place, key=key, belongs=BELONGS[key]))


def check_trigger(
    trigger: Trigger, definition: Object, catalog: Catalog, problems: Problems
) -> None:
    """The trigger names what its object has."""
    if trigger.source is not None and isinstance(trigger.source.value, str):
        _word(trigger, problems)
        return
    match trigger.kind:
        case "changed":
            fields = [_field(trigger, n, definition, problems) for n in range(len(trigger.names))]
            _values(trigger, fields, problems)
        case "transition" | "stage":
            _of_workflows(trigger, definition, catalog, problems)


def _word(trigger: Trigger, problems: Problems) -> None:
    """A trigger that is one word, and one of those that there are."""
    word = trigger.kind
    if word not in WORDS:
        best = f"{{{word}: …}}" if word in NAMED else did_you_mean(word, WORDS)
        problems.append(say.UNKNOWN_TRIGGER(trigger.place(), name=word, best=best))


def _field(trigger: Trigger, index: int, definition: Object, problems: Problems) -> Field | None:
    name, place = trigger.names[index], trigger.place("changed", index)
    field = definition.fields.get(name)
    if field is None:
        best = did_you_mean(name, definition.fields)
        problems.append(UNKNOWN_FIELD(place, object=definition.name, name=name, best=best))
    elif not is_noticed(field, definition):
        problems.append(say.NOT_NOTICED(place, field=name))
    return field


def is_noticed(field: Field, definition: Object) -> bool:
    """Whether the gate sees the field change with its record.

    Rollups over other records than the record's own lines move when those are written.
    """
    if isinstance(field.type, Collection):
        return isinstance(field.type, Lines | Links)
    if field.rollup is not None:
        return isinstance(definition.fields[field.rollup.collection].type, Lines)
    if field.virtual:
        return False
    reads = field.formula.reads if field.formula is not None else ()
    return all(
        is_noticed(other, definition)
        for object, name in reads
        if object == definition.name and (other := definition.fields[name]) is not field
    )


def _values(trigger: Trigger, fields: list[Field | None], problems: Problems) -> None:
    for key, values in (("from", trigger.was), ("to", trigger.becomes)):
        if not values:
            continue
        field = fields[0] if len(fields) == 1 else None
        if field is None or not _has_options(field):
            if None not in fields:
                problems.append(say.NO_OPTIONS(trigger.place(key), key=key))
            continue
        options: tuple[Any, ...] = (True, False)
        if isinstance(field.type, Choice):
            options = tuple(option.name for option in field.type.options)
        for index, value in enumerate(values):
            if value not in options:
                shown = str(value).lower() if isinstance(value, bool) else str(value)
                problem = unknown_option(shown, [str(option).lower() for option in options])
                problems.append(problem.at(trigger.place(key, index)))


def _has_options(field: Field) -> bool:
    type_ = field.type
    return isinstance(type_, Boolean) or (
        isinstance(type_, Choice) and not isinstance(type_, Choices)
    )


def _of_workflows(
    trigger: Trigger, definition: Object, catalog: Catalog, problems: Problems
) -> None:
    flows = workflows_of(definition, catalog)
    if not flows:
        problems.append(say.NO_STAGES(trigger.place(trigger.kind), object=definition.name))
        return
    message = UNKNOWN_STAGE if trigger.kind == "stage" else UNKNOWN_TRANSITION
    known = [
        name
        for flow in flows
        for name in (
            (option.name for option in flow.options)
            if trigger.kind == "stage"
            else flow.transitions
        )
    ]
    for index, name in enumerate(trigger.names):
        if name not in known:
            place = trigger.place(trigger.kind, index)
            best = did_you_mean(name, known)
            problems.append(message(place, workflow=flows[0].name, name=name, best=best))


def workflows_of(definition: Object, catalog: Catalog) -> list[Workflow]:
    """The workflows of the object's stage fields."""
    known: Mapping[str, Workflow] = catalog.of("workflow")
    return [
        known[field.type.workflow]
        for field in definition.fields.values()
        if isinstance(field.type, Stage) and field.type.workflow in known
    ]
