"""What a plan does to the rows and fields that people have, in words and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError

from assembly.application import build_application
from assembly.publishing import Proposal
from engine.loading.packing import plain
from engine.loading.storing import restore
from engine.permissions.actors import Actor
from engine.permissions.roles import PLAIN_ACTIONS
from engine.problems import Text
from engine.records.gate import Gate
from engine.records.why.findings import Delta
from engine.records.why.role_changes import Effect, concerns_permissions, effects

WORDS = {
    "read": Text({"en": "readable", "zh": "可查看"}),
    "update": Text({"en": "changeable", "zh": "可修改"}),
    "delete": Text({"en": "deletable", "zh": "可删除"}),
    "restore": Text({"en": "restorable", "zh": "可恢复"}),
    "export": Text({"en": "exportable", "zh": "可导出"}),
    "create": Text({"en": "may be created", "zh": "可新建"}),
    "import": Text({"en": "may be imported", "zh": "可导入"}),
}
LEVELS = {
    "none": Text({"en": "hidden", "zh": "隐藏"}),
    "mask": Text({"en": "masked", "zh": "掩码"}),
    "read": Text({"en": "readable", "zh": "可查看"}),
    "write": Text({"en": "writable", "zh": "可修改"}),
}
FIELD = Text(
    {
        "en": "{object}: {field} becomes {after} for {people} (was {before})",
        "zh": "{object}：{field}对 {people}变为{after}（原为{before}）",
    }
)
LATER = Text(
    {
        "en": "what this does to the rows that people have can be counted once the platform's own "
        "tables are there",
        "zh": "平台自身的数据表建立后，才能统计对人员可见记录的影响",
    }
)
MOST_LINES = 60
"""So many lines are printed; programs are given all."""


def effects_of(
    proposed: Proposal, everybody: Callable[[Gate], Sequence[Actor]]
) -> list[Effect] | None:
    """What applying the plan changes for people; nothing where no rule about rows differs.

    `everybody` gives all who can sign in. None where the database is of an earlier version, which
    lacks what has to be asked.
    """
    made = proposed.plan
    if made.applied is None or made.problems or not made.definitions_differ:
        return []
    before = plain(restore(json.loads(made.applied.definitions)))
    if not concerns_permissions(before, made.target.definitions):
        return []
    gate = build_application(proposed.databases).gate
    try:
        people = everybody(gate)
    except DBAPIError:
        return None
    return effects(gate, made.target.tables, people)


def lines_of(found: list[Effect] | None, locale: str) -> Iterator[str]:
    """One line for each effect, `+` for what opens and `−` for what closes."""
    if found is None:
        yield LATER.in_(locale)
        return
    lines = [line for effect in found for line in _lines(effect, locale)]
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield f"… {len(lines) - MOST_LINES}"


def _lines(effect: Effect, locale: str) -> Iterator[str]:
    if effect.field is not None:
        yield FIELD.in_(locale).format(
            object=effect.object.label.in_(locale),
            field=effect.field.label.in_(locale),
            before=LEVELS[effect.before].in_(locale),
            after=LEVELS[effect.after].in_(locale),
            people=_people(effect.people, locale),
        )
        return
    parts = [
        _delta(sign, delta, effect, locale)
        for sign, delta in (("+", effect.gains), ("−", effect.loses))
        if delta
    ]
    yield ("，" if locale.startswith("zh") else ", ").join(parts)


def _delta(sign: str, delta: Delta, effect: Effect, locale: str) -> str:
    """`+1,204 opportunities readable for 6 people`."""
    word = WORDS[effect.action].in_(locale)
    people, chinese = _people(delta.people, locale), locale.startswith("zh")
    single = delta.rows is not None and delta.rows.exact and delta.rows.value == 1
    objects = (effect.object.label if single else effect.object.plural).in_(locale)
    if effect.action in PLAIN_ACTIONS:
        if sign != "+":
            word = f"不再{word}" if chinese else word.replace("may", "may no longer")
        return (
            f"{sign} {objects}：{people}{word}"
            if chinese
            else f"{sign} {objects} {word} by {people}"
        )
    count = _count(delta, chinese)
    if sign != "+":
        word = f"不再{word}" if chinese else f"no longer {word}"
    if chinese:
        return f"{sign}{count}{objects}对 {people}{word}"
    return f"{sign}{count} {objects} {word} for {people}"


def _count(delta: Delta, chinese: bool) -> str:
    if delta.rows is None:
        return "（未能统计）" if chinese else "? (not counted)"
    if delta.rows.exact:
        return f"{delta.rows.value:,} 条" if chinese else f"{delta.rows.value:,}"
    return f"约 {delta.rows.value:,} 条或更多" if chinese else f"about {delta.rows.value:,} or more"


def _people(people: tuple[Actor, ...], locale: str) -> str:
    count = len(people)
    if locale.startswith("zh"):
        return f"{count} 人"
    return "1 person" if count == 1 else f"{count} people"


def effects_json(found: list[Effect] | None, locale: str) -> list[dict[str, Any]] | None:
    """The effects for programs; `records` is null where they were not counted."""
    if found is None:
        return None
    return [_json(effect, locale) for effect in found]


def _json(effect: Effect, locale: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "object": effect.object.name,
        "text": "; ".join(_lines(effect, locale)),
    }
    if effect.field is not None:
        levels = {"before": effect.before, "after": effect.after}
        return told | {"field": effect.field.name, "people": len(effect.people)} | levels
    return told | {
        "action": effect.action,
        "gains": _delta_json(effect.gains),
        "loses": _delta_json(effect.loses),
    }


def _delta_json(delta: Delta) -> dict[str, Any]:
    return {
        "people": len(delta.people),
        "records": delta.rows.value if delta.rows else None,
        "exact": delta.rows.exact if delta.rows else False,
    }
