"""Fields, or groups of fields, that become unique: values that occur more than once."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.impact.ground import Ground, Pair, decoded, shown
from engine.problems import Text
from engine.schema.findings import CAP, MOST_EXAMPLES, Count, Example, Finding, Severity
from engine.schema.tables import DELETED
from engine.schema.wording import both, joined, of_object


def newly_unique(ground: Ground) -> Iterator[Finding]:
    """One finding per new unique key with values that more than one live record has."""
    for pair in ground.pairs:
        for names in _new_keys(pair):
            if (found := _finding(ground, pair, names)) is not None:
                yield found


def _new_keys(pair: Pair) -> list[tuple[str, ...]]:
    single = [
        (name,)
        for name, (former, field) in pair.fields.items()
        if field.unique and field.stored and not former.unique
    ]
    before = {f.column: f for f in pair.before.fields.values()}
    known = {frozenset(pair.before.fields[n].column for n in key) for key in pair.before.unique}
    groups = [
        key
        for key in pair.after.unique
        if frozenset(pair.after.fields[n].column for n in key) not in known
        and all(pair.after.fields[n].column in before for n in key)
    ]
    return [*single, *groups]


def _finding(ground: Ground, pair: Pair, names: tuple[str, ...]) -> Finding | None:
    fields = [pair.after.fields[name] for name in names]
    columns = [_compared(ground, pair, field) for field in fields]
    if not ground.has(pair.before, *columns):
        return None
    table = sa.table(
        pair.before.table,
        sa.column("id"),
        sa.column(DELETED),
        *(sa.column(c, f.type.column_type()) for c, f in zip(columns, fields, strict=True)),
    )
    keys = [table.c[column] for column in columns]
    groups = (
        sa.select(*keys, sa.func.count().label("number"), sa.func.min(table.c.id).label("first"))
        .where(table.c[DELETED].is_(None), *(key.is_not(None) for key in keys))
        .group_by(*keys)
        .having(sa.func.count() > 1)
    )
    counted = sa.select(sa.func.count()).select_from(groups.limit(CAP + 1).subquery())
    number = ground.connection.scalar(counted) or 0
    if not number:
        return None
    count = Count(min(number, CAP), number <= CAP)
    rows = ground.connection.execute(groups.order_by(sa.desc("number")).limit(MOST_EXAMPLES))
    examples = tuple(
        Example(row[-1], f"× {row[-2]}", ", ".join(map(_text, fields, row))) for row in rows
    )
    return Finding(
        family="not-unique-yet",
        severity=Severity.STOPS,
        object=pair.after.name,
        field=names[0] if len(names) == 1 else "",
        count=count,
        examples=examples,
        place=fields[0].place("unique") if len(names) == 1 else pair.after.place("unique"),
        text=both(
            "{object} must be unique in {fields}, but {count:# value occurs|# values occur} more"
            " than once",
            "{object} 的 {fields} 必须唯一，但有 {count} 个值重复",
            object=of_object(pair.after),
            fields=joined(field.label for field in fields),
            count=count,
        ),
    )


def _compared(ground: Ground, pair: Pair, field: Field) -> str:
    """The column that tells values apart: the folded one where it stands already."""
    folded = field.folded
    return folded if folded and ground.has(pair.before, folded) else field.column


def _text(field: Field, value: object) -> str:
    return shown(decoded(field, value)) if not isinstance(value, Text) else str(value)
