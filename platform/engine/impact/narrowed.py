"""Fields that take less than before: shorter texts, smaller ranges, a pattern, another form.

Values stay as they are; but whoever changes the field of such a record next is refused.

What a field refuses is what its type cannot read, so the values are read, one of each. Where only
a length or a range is new, the database picks those that lie beyond it, and no others are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.expressions.sqltypes import quantized
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.file import File
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.number import NumberType
from engine.fieldtypes.secret import Secret
from engine.fieldtypes.series import Series
from engine.fieldtypes.text import TextType
from engine.impact.ground import MOST_VALUES, Condition, Ground, Pair
from engine.impact.remedies import of_field
from engine.impact.wording import field_of
from engine.problems import Refusal
from engine.schema.findings import MOST_EXAMPLES, Count, Example, Finding, Severity
from engine.schema.wording import both

_LIMITS = ("max_length", "pattern", "min", "max")
_OTHER = (Choice, Link, Collection, File, Secret, Series)
"""Types whose values other families look at, or whose values say nothing by themselves."""


def narrowed_fields(ground: Ground) -> Iterator[Finding]:
    """One finding per field whose type reads less than before, with values that it refuses."""
    for pair in ground.pairs:
        for former, field in pair.fields.values():
            if _may_refuse(former, field) and ground.has(pair.before, former.column):
                if (found := _finding(ground, pair, former, field)) is not None:
                    yield found


def _may_refuse(former: Field, field: Field) -> bool:
    stored = former.stored and field.stored and former.column == field.column
    if not stored or field.derived or field.system or isinstance(field.type, _OTHER):
        return False
    return bool(former.type != field.type)


def _finding(ground: Ground, pair: Pair, former: Field, field: Field) -> Finding | None:
    bad, looked, wrong = 0, 0, list[Any]()
    for value, number in ground.values(pair.before, former, _beyond(former, field)):
        looked += 1
        if not _reads(field, former.type.to_text(value)):
            bad += number
            if len(wrong) < MOST_EXAMPLES:
                wrong.append(value)
    if not bad:
        return None
    count = Count(bad, looked <= MOST_VALUES)
    examples: list[Example] = []
    for value in wrong:
        examples += ground.holding(pair.before, former, value)
    before = {key: _plain(former, key) for key in _LIMITS if _plain(former, key) is not None}
    keys = {key: value for key, value in before.items() if _plain(field, key) is not None}
    key = next((key for key in _LIMITS if _plain(field, key) is not None), "type")
    return Finding(
        family="narrowed",
        severity=Severity.TELLS,
        object=pair.after.name,
        field=field.name,
        count=count,
        examples=tuple(examples),
        remedy=of_field(field.name, keys) if keys else "",
        place=field.place(key),
        text=both(
            "{field} of {object}: {count:# record holds|# records hold} a value that it no longer"
            " takes; {count:it stays as it is|they stay as they are}, but cannot be entered again",
            "{object}的{field}：{count} 条记录的值不再符合要求；现状不变，但不能再次录入",
            **field_of(pair.after, field),
            count=count,
        ),
    )


def _beyond(former: Field, field: Field) -> Condition | None:
    """What a value has to fulfil to be refused, where nothing but a limit is another one."""
    was, now = former.type, field.type
    if isinstance(was, TextType) and isinstance(now, TextType):
        if replace(now, max_length=was.max_length) == was:
            return lambda column: sa.func.length(column) > now.limit
    if isinstance(was, NumberType) and isinstance(now, NumberType):
        if replace(now, min=was.min, max=was.max) == was and _are_values(now, now.min, now.max):
            return lambda column: sa.or_(
                sa.false(),
                *((column < now.min,) if now.min is not None else ()),
                *((column > now.max,) if now.max is not None else ()),
            )
    return None


def _are_values(type: NumberType, *bounds: Decimal | None) -> bool:
    """Whether limits are numbers that the column could hold, so that it compares with them."""
    try:
        return all(bound is None or quantized(bound, type.scale) == bound for bound in bounds)
    except (OverflowError, InvalidOperation):
        return False


def _plain(field: Field, key: str) -> Any:
    return field.source.plain(key) if field.source else None


def _reads(field: Field, text: str) -> bool:
    try:
        field.type.read(text)
    except Refusal:
        return False
    return True
