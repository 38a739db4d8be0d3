"""Composite fields on their way through the gate and back: spread over parts, gathered again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.definition.objects import Field, Object
from engine.expressions import evaluate
from engine.fieldtypes.composite import Composite
from engine.problems import Message, Refusal
from engine.records import messages as say
from engine.records.changes import CREATE, Batch, Change
from engine.records.rows import RowView
from engine.records.shapes import Row

WHOLE_AND_PART = Message(
    "whole-and-part",
    en="{whole} and {part} were both given, which is part of it",
    zh="同时给出了“{whole}”及其组成部分“{part}”",
    hint_en="give the whole or its parts, not both",
    hint_zh="请只给出整体或只给出各部分",
)
NOT_TOGETHER = Message(
    "parts-not-together",
    en="{field} cannot hold this together with the rest of it",
    zh="“{field}”中的这些内容不能同时填写",
    hint_en="leave it as it was",
    hint_zh="请保持原值",
)


def spread_wholes(batch: Batch) -> None:
    """Replaces input of composites by input of their parts, where the actor may write them.

    What the actor may not write stays, and is refused by name like any other field.
    """
    definition = batch.definition
    for name, parts in definition.wholes.items():
        whole = definition.fields[name]
        if not (whole.writable and batch.lens.may_write(name)):
            continue
        for change in batch.changes:
            if name in change.given:
                _spread(batch, change, whole, parts)


def _spread(batch: Batch, change: Change, whole: Field, parts: Mapping[str, str]) -> None:
    assert isinstance(whole.type, Composite)
    given = {name: raw for name, raw in change.given.items() if name != whole.name}
    both = [part for part in parts.values() if part in given]
    raw = change.given[whole.name]
    change.given = given
    if both:
        label = batch.definition.fields[both[0]].label
        change.refuse(WHOLE_AND_PART(whole=whole.label, part=label), whole.name)
        return
    try:
        found = dict.fromkeys(parts) if raw is None else whole.type.spread(raw)
    except Refusal as refusal:
        change.refuse_all(refusal, whole.name)
        return
    creating = change.action == CREATE
    for suffix, value in found.items():
        if value is None and (creating or not batch.lens.may_write(parts[suffix])):
            continue  # a new record has it empty already; nobody asked for what is closed to them
        given[parts[suffix]] = value


def gathered(definition: Object, values: Row, names: Iterable[str]) -> Row:
    """The fields `names` of a record as it was read; composites gathered from their parts."""
    result: Row = {}
    for name in names:
        type_ = definition.fields[name].type
        if isinstance(type_, Composite):
            parts = definition.wholes[name]
            result[name] = type_.gather({s: values[p] for s, p in parts.items() if p in values})
        else:
            result[name] = values[name]
    return result


def holds(definition: Object, row: Row, name: str) -> bool:
    """Whether the field, or one of the parts of a composite, has a value in the row."""
    parts = definition.wholes.get(name)
    if parts is None:
        return row.get(name) is not None
    return any(row.get(part) is not None for part in parts.values())


def check_wholes(batch: Batch, change: Change, view: RowView, wrong: set[str]) -> None:
    """Refuses composites that are required and empty, and parts that do not go together.

    `wrong` are the fields about which something has been said already, or that have no place.
    """
    definition = batch.definition
    for name, parts in definition.wholes.items():
        if wrong & {name, *parts.values()}:
            continue
        whole = definition.fields[name]
        assert isinstance(whole.type, Composite)
        values = {suffix: change.row.get(part) for suffix, part in parts.items()}
        if all(value is None for value in values.values()):
            if not whole.type.needed and not batch.tx.historical and _wanted(batch, whole, view):
                change.refuse(say.REQUIRED(field=whole.label), name)
            continue
        try:
            whole.type.check(values)
        except Refusal as refusal:
            filled = [parts[suffix] for suffix, value in values.items() if value is not None]
            if all(map(batch.lens.may_read, filled)):
                change.refuse_all(refusal, name)
            else:  # what the actor may not read is not named
                change.refuse(NOT_TOGETHER(field=whole.label), name)


def _wanted(batch: Batch, whole: Field, view: RowView) -> bool:
    when = whole.required_when
    return whole.required or (when is not None and bool(evaluate(when, view, batch.tx.context)))
