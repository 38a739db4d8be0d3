"""Filters on lists of linked records: whether a list names one of some records, or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.expressions.among import among_ids
from engine.expressions.joined_sql import FROM, TO
from engine.fieldtypes.links import Links
from engine.problems import Refusal, Text
from engine.records import messages as say

if TYPE_CHECKING:
    from engine.records.listing import Builder


def filter_list(builder: Builder, field: Field, shape: str) -> Callable[[Any], dict[str, Any]]:
    """A filter on a list of links: it names one of these records, or (shape "empty") none.

    What these roles may not see is not among what it names (rule 31).
    """
    assert isinstance(field.type, Links)
    join = builder.gate.tables.join(field).alias()
    target = builder.view.source(field.type.to)
    visible = builder.view.visible(field.type.to, target)
    owner = builder.view.masked(
        builder.definition.name, field.name, builder.source.c.id, builder.source
    )
    named = (
        sa.select(sa.literal(1))
        .select_from(join.join(target, target.c.id == join.c[TO]))
        .where(join.c[FROM] == owner)
    )
    if visible is not None:
        named = named.where(visible)
    if shape == "empty":
        builder.conditions.append(sa.not_(sa.exists(named.correlate_except(join, target))))
        return lambda raw: {}
    parameter = f"f_{field.name}"
    named = named.where(among_ids(join.c[TO], parameter, builder.gate.dialect))
    builder.conditions.append(sa.exists(named.correlate_except(join, target)))
    return lambda raw: {parameter: _ids(field, raw)}


def _ids(field: Field, raw: Any) -> list[int]:
    ids = field.type.read(raw) or ()
    if not all(isinstance(id, int) for id in ids):
        expected = Text({"en": "ids", "zh": "ID"})
        raise Refusal(say.BAD_QUERY(key=field.name, found=raw, expected=expected))
    return list(ids)
