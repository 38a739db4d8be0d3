"""Values on their way from expressions into fields."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.definition.objects import Field
from engine.expressions.sqltypes import quantized
from engine.fieldtypes.duration import Duration, rounded
from engine.fieldtypes.link import Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import Identifier, NumberType
from engine.problems import Refusal
from engine.records import messages as say


def as_stored(field: Field, value: Any) -> Any:
    """An expression's value as the field holds it: rounded to its scale, links as ids.

    Raises Refusal when a number has more digits than the field can hold.
    """
    if value is None:
        return None
    if isinstance(field.type, NumberType):
        if isinstance(field.type, Identifier):
            return int(value)
        try:
            return quantized(Decimal(value), field.type.scale)
        except OverflowError:
            raise Refusal(say.TOO_MANY_DIGITS(field=field.label).on(field.name)) from None
    if isinstance(field.type, Duration):
        return rounded(value)
    if isinstance(field.type, Link) and not isinstance(value, int):
        return value.id
    if isinstance(field.type, Links):
        return tuple(record.id for record in value) or None
    return value or None if isinstance(value, str | tuple) else value
