"""Copying a record: the input that makes another one like it.

Left out is what belongs to the one record only: its number, its stage, unique values, what
is derived or set by the system, secrets and files, and fields with `copied: false`. What the
actor may not read or write is left out too: it is theirs to say what the copy holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.definition.objects import Field, Object
from engine.fieldtypes.choice import Stage
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.file import File
from engine.fieldtypes.link import Collection, Lines, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.secret import Secret
from engine.permissions.actors import Actor
from engine.permissions.lens import Lens
from engine.records.gate import Gate
from engine.records.reading import Record
from engine.records.states import states_of

_OF_ITS_OWN = (Stage, Secret, File, Composite)
"""What cannot be copied; the parts of a composite are copied one by one."""


def copied_fields(definition: Object, lens: Lens) -> Iterator[Field]:
    """The fields that a copy takes over."""
    for field in definition.fields.values():
        if not (field.copied and field.writable) or field.unique:
            continue
        if isinstance(field.type, _OF_ITS_OWN) or field.name == definition.parent:
            continue
        if isinstance(field.type, Collection) and not isinstance(field.type, Lines | Links):
            continue
        if lens.may_read(field.name) and lens.may_write(field.name):
            yield field


def copy_of(gate: Gate, actor: Actor, definition: Object, record: Record) -> dict[str, Any]:
    """The input for a new record like `record`, which the actor has read, with its lines."""
    hidden = states_of(gate, actor, definition.name, record.id).hidden
    found = _values(gate, actor, definition, record)
    return {name: value for name, value in found.items() if name not in hidden}


def _values(gate: Gate, actor: Actor, definition: Object, record: Record) -> dict[str, Any]:
    lens = gate.lenses.lens(definition.name, None if actor.is_system else actor.roles)
    found: dict[str, Any] = {}
    for field in copied_fields(definition, lens):
        value = record.values.get(field.name)
        if value is None:
            continue
        if isinstance(field.type, Lines):
            child = gate.line_object(definition, field.name)
            found[field.name] = [_values(gate, actor, child, line) for line in value]
        elif isinstance(field.type, Links):
            found[field.name] = [one.id for one in value if not one.restricted]
        elif not isinstance(field.type, Link):
            found[field.name] = field.type.to_json(value)
        elif not value.restricted:
            found[field.name] = value.id
    return found
