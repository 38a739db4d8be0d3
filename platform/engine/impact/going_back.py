"""What going back means for the records that exist: taken back, carried along, in conflict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.fieldtypes.choice import Choice, Choices, Stage
from engine.impact.ground import Ground, Pair, Selection
from engine.impact.options import carrying
from engine.impact.returning import CARRIED, CONFLICT, RESTORED, outcomes, returns
from engine.impact.wording import field_of
from engine.problems import Text
from engine.schema.findings import CAP, MOST_EXAMPLES, Count, Example, Finding, Severity
from engine.schema.targets import Fix
from engine.schema.wording import both, named

MOST_LEFT = 500
"""So many records that leave an option are told from those that keep it, for examples."""

WORDS = {
    RESTORED: (
        "{object}: {count:# record gets|# records get} back in {field} what {count:it|they} had"
        " before it was applied",
        "{object}：{count} 条记录的{field}将恢复为应用之前的值",
    ),
    CARRIED: (
        "{object}: {count:# record was|# records were} changed in {field} since; what"
        " {count:it holds|they hold} now is converted back",
        "{object}：{count} 条记录的{field}此后已更改，将把当前值转换回去",
    ),
    CONFLICT: (
        "{object}: {count:# record was|# records were} changed in {field} since;"
        " {count:it stays as it is|they stay as they are}",
        "{object}：{count} 条记录的{field}此后已更改，将保持不变",
    ),
}
LOST = (
    "{object}: {count:# record was changed in|# records were changed in} {field} since, and what"
    " {count:it holds|they hold} now cannot be converted back; {count:it|they} would have the value"
    " of before (the later one is parked)",
    "{object}：{count} 条记录的{field}此后已更改且无法转换回去，将恢复为此前的值"
    "（之后的值会停用保留）",
)


@dataclass
class _Tally:
    """What was found of one field, in live records."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[int]] = field(default_factory=dict)
    leaving: Counter[str] = field(default_factory=Counter)
    """The options that records leave by it, by name."""
    left: list[int] = field(default_factory=list)
    """The first of these records."""


def conflicts(ground: Ground) -> Iterator[Finding]:
    """What becomes of values that applying wrote, and of options that there were not then."""
    tallies = {(p.after.name, fix.field): _tally(ground, fix) for p, fix in returns(ground)}
    for pair in ground.pairs:
        for former, after in pair.fields.values():
            tally = tallies.get((pair.after.name, after.name), _Tally())
            for how in (RESTORED, CARRIED, CONFLICT):
                if tally.counts[how]:
                    yield _finding(ground, pair, former, after, how, tally)
            if former.stored and former.column == after.column:
                yield from _options(ground, pair, former, after, tally)


def _tally(ground: Ground, fix: Fix) -> _Tally:
    tally = _Tally()
    for some in outcomes(ground.connection, ground.tables, fix):
        for one in some:
            if not one.live or (one.present == one.value and one.how != CONFLICT):
                continue
            tally.counts[one.how] += 1
            shown = tally.examples.setdefault(one.how, [])
            if len(shown) < MOST_EXAMPLES:
                shown.append(one.id)
            if one.how == RESTORED:
                held = one.present if isinstance(one.present, tuple) else (one.present,)
                tally.leaving.update(str(name) for name in held)
                if len(tally.left) <= MOST_LEFT:
                    tally.left.append(one.id)
    return tally


def _finding(
    ground: Ground, pair: Pair, former: Field, after: Field, how: str, tally: _Tally
) -> Finding:
    lost = how == CONFLICT and former.column != after.column
    count = Count(min(tally.counts[how], CAP), tally.counts[how] <= CAP)
    en, zh = LOST if lost else WORDS[how]
    return Finding(
        family=f"back-{how}",
        severity=Severity.LOSES if lost else Severity.TELLS,
        object=pair.after.name,
        field=after.name,
        count=count,
        examples=_examples(ground, pair, former, tally.examples[how]),
        text=both(en, zh, count=count, **field_of(pair.after, after)),
    )


def _examples(ground: Ground, pair: Pair, former: Field, ids: list[int]) -> tuple[Example, ...]:
    table = ground.rows(pair.before, former)
    return ground.examples(Selection(pair.before, table, table.c.id.in_(ids)), former)


def _options(
    ground: Ground, pair: Pair, former: Field, after: Field, tally: _Tally
) -> Iterator[Finding]:
    """Options that came since, and that records carry which do not leave them again."""
    if not (isinstance(former.type, Choice) and isinstance(after.type, Choice)):
        return
    present = {option.stored for option in after.type.options}
    for option in former.type.options:
        if option.stored in present or not ground.has(pair.before, former.column):
            continue
        some = carrying(ground, pair, former, option.stored)
        found = ground.count(some)
        left = found.value - tally.leaving[option.name]
        if left <= 0:
            continue
        others = some.narrowed(sa.column("id").not_in(tally.left)) if tally.left else some
        stage = isinstance(after.type, Stage) and not isinstance(after.type, Choices)
        count = Count(left, found.exact)
        yield Finding(
            family="stage-since" if stage else "option-since",
            severity=Severity.STOPS if stage else Severity.LOSES,
            object=pair.after.name,
            field=after.name,
            count=count,
            examples=ground.examples(others) if len(tally.left) <= MOST_LEFT else (),
            text=_gone(pair, after, named(option.label, option.name), count),
        )


def _gone(pair: Pair, after: Field, option: Text, count: Count) -> Text:
    return both(
        "{option} was not in {field} of {object} then, but {count:# record carries|# records"
        " carry} it",
        "{object}的{field}当时没有{option}，但有 {count} 条记录使用",
        option=option,
        count=count,
        **field_of(pair.after, after),
    )
