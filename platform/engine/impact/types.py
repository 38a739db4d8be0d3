"""Changes of type: which values become one of the new type, and which cannot.

The old column is parked, so nothing is lost for good; what cannot be converted is empty then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as field_
from typing import Any

from engine.definition.objects import Field
from engine.expressions import Context
from engine.impact.conversions import CHUNK, Conversion
from engine.impact.fixing import moved
from engine.impact.ground import MOST_VALUES, Ground, Pair, Selection, shown
from engine.impact.remedies import of_field
from engine.impact.wording import field_of
from engine.problems import Refusal, Text
from engine.schema.converting import NotConvertible, carries
from engine.schema.findings import MOST_EXAMPLES, Count, Example, Finding, Severity
from engine.schema.wording import both


def changed_types(ground: Ground) -> Iterator[Finding]:
    """For each field of another type: what is converted, and what cannot be."""
    for pair in ground.pairs:
        for former, field in moved(pair):
            if carries(former, field) and ground.has(pair.before, former.column):
                yield from _found(ground, pair, former, field)


@dataclass
class _Tried:
    """What became of the values that were looked at."""

    good: int = 0
    bad: int = 0
    looked: int = 0
    examples: list[Example] = field_(default_factory=list)
    wrong: list[Any] = field_(default_factory=list)


def _found(ground: Ground, pair: Pair, former: Field, field: Field) -> Iterator[Finding]:
    try:
        conversion = Conversion(ground.tables, former, field)
    except Refusal as refusal:
        first = refusal.problems[0]
        text = Text({"en": first.sentence("en"), "zh": first.sentence("zh")})
        yield Finding(
            family="conversion-wrong",
            severity=Severity.STOPS,
            object=pair.after.name,
            field=field.name,
            text=text,
            place=first.place or field.place("convert"),
        )
        return
    if conversion.of_record:
        yield _computed(ground, pair, former, field)
        return
    tried = _try_all(ground, pair, former, conversion)
    exact = tried.looked <= MOST_VALUES
    words = field_of(pair.after, field) | {"before": former.type.name, "after": field.type.name}
    if tried.good:
        count = Count(tried.good, exact)
        yield Finding(
            family="converted",
            severity=Severity.TELLS,
            object=pair.after.name,
            field=field.name,
            count=count,
            examples=tuple(tried.examples),
            place=field.place("type"),
            text=both(
                "{field} of {object} changes from {before} to {after}: {count:# record keeps"
                " its|# records keep their} value, converted",
                "{object}的{field}由 {before} 改为 {after}：{count} 条记录的值将被转换",
                **words,
                count=count,
            ),
        )
    if tried.bad:
        yield _failing(ground, pair, former, field, tried, Count(tried.bad, exact))


def _try_all(ground: Ground, pair: Pair, former: Field, conversion: Conversion) -> _Tried:
    tried = _Tried()
    context = Context(now=dt.datetime.now(dt.UTC), zone=ground.after.site.zone)
    waiting: list[tuple[Any, int]] = []

    def work() -> None:
        conversion.learn(ground.connection, [value for value, _ in waiting])
        for value, number in waiting:
            try:
                became = conversion.value(value, None, context)
            except NotConvertible:
                tried.bad += number
                if len(tried.wrong) < MOST_EXAMPLES:
                    tried.wrong.append(value)
                continue
            tried.good += number
            if len(tried.examples) < MOST_EXAMPLES:
                said = f"{shown(former.type.to_text(value))} → {_text(conversion, became)}"
                tried.examples.append(Example(0, "", said))
        waiting.clear()

    for value, number in ground.values(pair.before, former):
        tried.looked += 1
        waiting.append((value, number))
        if len(waiting) == CHUNK:
            work()
    work()
    return tried


def _text(conversion: Conversion, value: Any) -> str:
    if conversion.by:
        return f"#{value}"
    return shown(conversion.field.type.to_text(value)) or "–"


def _computed(ground: Ground, pair: Pair, former: Field, field: Field) -> Finding:
    """An expression over the record is told of; publishing refuses what it cannot compute."""
    table = ground.rows(pair.before, former)
    some = Selection(pair.before, table, table.c[former.column].is_not(None))
    count = ground.count(some)
    return Finding(
        family="converted",
        severity=Severity.TELLS,
        object=pair.after.name,
        field=field.name,
        count=count,
        place=field.place("convert"),
        text=both(
            "{field} of {object}: {count:# value is computed anew from its record|# values"
            " are computed anew from their records}",
            "{object}的{field}：{count} 个值将按记录重新计算",
            **field_of(pair.after, field),
            count=count,
        ),
    )


def _failing(
    ground: Ground, pair: Pair, former: Field, field: Field, tried: _Tried, count: Count
) -> Finding:
    words = field_of(pair.after, field) | {"after": field.type.name}
    wrong = {former.type.to_text(value): None for value in tried.wrong}
    return Finding(
        family="not-convertible",
        severity=Severity.LOSES,
        object=pair.after.name,
        field=field.name,
        count=count,
        examples=tuple(e for v in tried.wrong for e in ground.holding(pair.before, former, v)),
        remedy=of_field(field.name, {"convert": {"replace": wrong, "otherwise": None}}),
        place=field.place("type"),
        text=both(
            "{field} of {object}: {count:# record holds|# records hold} a value that cannot become"
            " {after}; {count:it would be empty (the old value is|they would be empty (the old"
            " values are} parked)",
            "{object}的{field}：{count} 条记录的值无法转换为 {after}，将变为空（原值保留）",
            **words,
            count=count,
        ),
    )
