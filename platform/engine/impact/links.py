"""Links whose target must fulfil more than before: records that link to others.

They stay as they are; but the link cannot be set like that again.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.fieldtypes.link import Link
from engine.impact.ground import Ground, Pair, Selection
from engine.impact.wording import field_of
from engine.schema.findings import Finding, Severity
from engine.schema.tables import DELETED
from engine.schema.wording import both


def narrowed_links(ground: Ground) -> Iterator[Finding]:
    """One finding per link with a new or other condition that linked records do not fulfil."""
    for pair in ground.pairs:
        for former, field in pair.fields.values():
            if isinstance(field.type, Link) and _narrowed(former, field):
                if (found := _finding(ground, pair, former, field)) is not None:
                    yield found


def _narrowed(former: Field, field: Field) -> bool:
    if field.where is None or not field.stored or former.column != field.column:
        return False
    return former.where is None or former.where.source != field.where.source


def _finding(ground: Ground, pair: Pair, former: Field, field: Field) -> Finding | None:
    assert isinstance(field.type, Link) and field.where is not None
    if f"{field.object}." in field.where.source:  # it depends on the record that links
        return None
    target = ground.after.objects[field.type.to]
    unfit = ground.fulfilling(target, field.where, wanted=False)
    if unfit is None or not ground.has(pair.before, former.column):
        return None
    ids = sa.select(unfit.table.c.id).select_from(unfit.source)
    ids = ids.where(unfit.table.c[DELETED].is_(None), unfit.condition)
    table = ground.rows(pair.before, former)
    condition = table.c[former.column].in_(ids)
    some = Selection(pair.before, table, condition, parameters=unfit.parameters)
    count = ground.count(some)
    if not count.value:
        return None
    return Finding(
        family="link-narrowed",
        severity=Severity.TELLS,
        object=pair.after.name,
        field=field.name,
        count=count,
        examples=ground.examples(some),
        place=field.place("where"),
        text=both(
            "{field} of {object}: {count:# record links to one that does not fulfil the condition;"
            " it stays as it is|# records link to one that does not fulfil the condition; they stay"
            " as they are}, but cannot be linked like that again",
            "{object}的{field}：{count} 条记录所链接的对象不符合条件；现状不变，但不能再这样链接",
            **field_of(pair.after, field),
            count=count,
        ),
    )
