"""Composite fields on forms: their parts in one group, under the label of the whole."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from engine.definition.objects import Field, Object
from engine.fieldtypes.address import Address
from engine.fieldtypes.link_any import LinkAny
from webapp.screens.controls import Control, control
from webapp.screens.here import Here


@dataclass(frozen=True)
class Parts:
    """The controls of a composite field's parts."""

    name: str
    label: str
    help: str
    required: bool
    parts: list[Control]
    problems: list[str]
    only_one: bool = False


def parts_group(
    at: Here,
    definition: Object,
    whole: Field,
    entered: Container[str],
    values: Mapping[str, Any],
    typed: MultiDict[str, str],
    problems: Mapping[str, list[str]],
    *,
    filled: bool,
    brought: Container[str] = (),
) -> Parts:
    """The group of a composite: those of its parts that can be entered."""
    controls = [
        part_control(
            at, definition, whole, suffix, values, typed, problems,
            filled=filled and name not in brought,
        )
        for suffix, name in definition.wholes[whole.name].items()
        if name in entered
    ]  # fmt: skip
    return Parts(
        name=whole.name,
        label=at.say(whole.label),
        help=at.say(whole.help),
        required=whole.required,
        parts=controls,
        problems=list(problems.get(whole.name, ())),
        only_one=isinstance(whole.type, LinkAny),
    )


def part_control(
    at: Here,
    definition: Object,
    whole: Field,
    suffix: str,
    values: Mapping[str, Any],
    typed: MultiDict[str, str] | None = None,
    problems: Mapping[str, list[str]] | None = None,
    *,
    filled: bool = False,
) -> Control:
    """The control of one part, with its short label and what is offered for it."""
    name = definition.wholes[whole.name][suffix]
    field = definition.fields[name]
    made = control(
        at, field, values.get(name), typed=typed,
        problems=(problems or {}).get(name, ()), filled=filled,
    )  # fmt: skip
    type_ = whole.type
    offers = type_.suggestions(suffix) if isinstance(type_, Address) else ()
    return replace(made, label=at.say(field.short or field.label), offers=offers)


def with_parts(definition: Object, names: Iterable[str]) -> tuple[str, ...]:
    """The names, composites replaced by their parts."""
    return tuple(
        part
        for name in names
        for part in (definition.wholes[name].values() if name in definition.wholes else (name,))
    )
