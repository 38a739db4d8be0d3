"""Checks that are new or say something else: records that would fail them.

They stay as they are; but they have to be mended before anybody can change them again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from engine.definition.objects import Check
from engine.impact.ground import Ground, Pair
from engine.impact.remedies import flow
from engine.problems import Text
from engine.schema.findings import Finding, Severity
from engine.schema.wording import both, of_object


def newly_checked(ground: Ground) -> Iterator[Finding]:
    """One finding per new or changed check that live records fail, or that cannot be told."""
    for pair in ground.pairs:
        known = {check.that.source for check in pair.before.checks if check.that is not None}
        for check in pair.after.checks:
            if check.that is not None and check.that.source not in known:
                yield from _findings(ground, pair, check)


def _remedy(ground: Ground, pair: Pair, that: str) -> str:
    """The check for records only that are created from today on."""
    if "created_on" not in pair.after.fields:
        return ""
    today = dt.datetime.now(ground.after.site.zone).date().isoformat()
    spared = f'date_of(created_on) < date("{today}") or ({that})'
    return "checks:\n  - that: " + flow(spared)


def _findings(ground: Ground, pair: Pair, check: Check) -> Iterator[Finding]:
    assert check.that is not None
    place = check.source.at("that") if check.source else None
    words: dict[str, Text] = {"object": of_object(pair.after), "say": check.say}
    some = ground.fulfilling(pair.after, check.that, wanted=False)
    if some is None:
        yield Finding(
            family="check-unknown",
            severity=Severity.TELLS,
            object=pair.after.name,
            place=place,
            text=both(
                "{object}: how many records fail the check “{say}” cannot be told before it is"
                " applied: it reads what is not there yet",
                "{object}：校验“{say}”读取了尚不存在的内容，应用前无法统计不符合的记录",
                **words,
            ),
        )
        return
    count = ground.count(some)
    if not count.value:
        return
    yield Finding(
        family="check-fails",
        severity=Severity.TELLS,
        object=pair.after.name,
        field=check.about,
        count=count,
        examples=ground.examples(some),
        place=place,
        remedy=_remedy(ground, pair, check.that.source),
        text=both(
            "{object}: {count:# record fails|# records fail} the check “{say}”; {count:it stays as"
            " it is, but must be mended at its|they stay as they are, but must be mended at their}"
            " next change",
            "{object}：{count} 条记录不符合校验“{say}”；现状不变，但下次修改时必须改正",
            **words,
            count=count,
        ),
    )
