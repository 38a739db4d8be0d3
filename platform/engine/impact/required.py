"""Fields that become required, or are new and required: records in which they are empty.

Records stay as they are; but whoever changes one next has to fill the field, unless
`default_for_existing` fills it while the revision is published.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.number import NumberType
from engine.impact.fixing import is_filled
from engine.impact.ground import Ground, Pair, Selection
from engine.impact.remedies import of_field
from engine.impact.wording import field_of
from engine.schema.findings import Finding, Severity
from engine.schema.wording import both


def newly_required(ground: Ground) -> Iterator[Finding]:
    """One finding per field that must be filled from now on, or is filled now, and is empty."""
    for pair in ground.pairs:
        for field in pair.after.fields.values():
            former = pair.fields[field.name][0] if field.name in pair.fields else None
            filled = is_filled(ground, pair, field)
            if filled or wanting(pair, field, former):
                found = _finding(ground, pair, field, former, filled)
                if found is not None:
                    yield found


def wanting(pair: Pair, field: Field, former: Field | None) -> bool:
    """Whether people must fill the field from now on who did not have to before."""
    if not field.stored or field.derived or field.system or isinstance(field.type, Collection):
        return False
    if field.name == pair.after.parent:
        return False
    if field.required:
        return former is None or not former.required
    if field.required_when is None or (former is not None and former.required):
        return False
    old = former.required_when if former is not None else None
    return old is None or old.source != field.required_when.source


def _finding(
    ground: Ground, pair: Pair, field: Field, former: Field | None, filled: bool
) -> Finding | None:
    some = _empty(ground, pair, field, former, filled)
    count = ground.count(some) if some is not None else None
    if some is None or count is None or not count.value:
        return None
    words = field_of(pair.after, field) | {"count": count}
    if filled:
        text = both(
            "{field} of {object}: {count:# record that has none is|# records that have none"
            " are} filled",
            "{object}的{field}：{count} 条为空的记录将被填充",
            **words,
        )
        key, remedy = "default_for_existing", ""
    else:
        text = both(
            "{field} of {object} becomes required: {count:# record has none; it stays as it is, but"
            " must be filled at its|# records have none; they stay as they are, but must be filled"
            " at their} next change",
            "{object}的{field}变为必填：{count} 条记录为空；现状不变，但下次修改时必须填写",
            **words,
        )
        key = "required" if field.required else "required_when"
        remedy = of_field(field.name, {"default_for_existing": suggestion(field)})
    return Finding(
        family="filled" if filled else "required",
        severity=Severity.TELLS,
        object=pair.after.name,
        field=field.name,
        text=text,
        count=count,
        examples=ground.examples(some),
        remedy=remedy,
        place=field.place(key),
    )


def _empty(
    ground: Ground, pair: Pair, field: Field, former: Field | None, filled: bool
) -> Selection | None:
    """The records in which the field is empty and, but for filling, must not be."""
    if field.required_when is not None and not field.required and not filled:
        some = ground.fulfilling(pair.after, field.required_when)
        if some is None:
            return None
        if not ground.has(pair.after, field.column):
            return some
        return some.narrowed(some.table.c[field.column].is_(None))
    if former is None or not former.stored or not ground.has(pair.before, former.column):
        return Selection(pair.before, ground.rows(pair.before), sa.true())
    table = ground.rows(pair.before, former)
    return Selection(pair.before, table, table.c[former.column].is_(None))


def suggestion(field: Field) -> Any:
    """Something that the field takes, for people to change."""
    type_ = field.type
    if isinstance(type_, Choice) and type_.options:
        return type_.options[0].name
    if isinstance(type_, NumberType):
        return 0 if type_.min is None or type_.min <= 0 else type_.min
    if type_.name == "boolean":
        return False
    if type_.name in ("date", "moment"):
        return {"from": "created_on" if type_.name == "moment" else "date_of(created_on)"}
    if isinstance(type_, Link):
        return {"from": "owner" if type_.name == "person" else "…"}
    return "…"
