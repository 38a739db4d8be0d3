"""Plans that somebody was shown: what they said and what seals them, to be carried out later.

When such a plan is carried out it is made anew; if it is another one, nothing is done, and what
differs between the two is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.problems import Message, Problem, Refusal, Text
from engine.schema.planning import Plan

FORMAT = 1

OTHER = Message(
    "plan-is-another",
    en="the plan in the file is no longer what would be done",
    zh="文件中的计划与当前将要执行的不再一致",
    hint_en="look at what differs, and keep the plan anew with --out",
    hint_zh="请查看差异，并用 --out 重新保存计划",
)
SINCE = Message(
    "plan-since",
    en="the database is at revision {now}, the plan was made at {then}",
    zh="数据库当前为版本 {now}，而计划基于版本 {then}",
)
MORE = Message("plan-also", en="not in the file: {what}", zh="文件中没有：{what}")
LESS = Message("plan-no-longer", en="only in the file: {what}", zh="仅在文件中：{what}")
SAME = Message(
    "plan-definitions-differ",
    en="the same steps, but the definitions or the tables have changed",
    zh="步骤相同，但定义或数据表已改变",
)


@dataclass(frozen=True, kw_only=True)
class KeptPlan:
    """A plan that was shown: what it said (each text in both languages), and what seals it.

    `back_to` is the revision that it goes back to.
    """

    digest: str
    revision: int | None
    said: tuple[tuple[str, str], ...]
    back_to: int | None = None


def kept(made: Plan, back_to: int | None = None) -> dict[str, Any]:
    """The plan as data that `kept_plan` reads."""
    return {
        "format": FORMAT,
        "digest": made.digest,
        "revision": made.applied.id if made.applied else None,
        "back_to": back_to,
        "said": _said(made),
    }


def kept_plan(data: Any) -> KeptPlan:
    """The plan from its data. Raises KeyError, TypeError or ValueError when it is none."""
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']!r}")
    return KeptPlan(
        digest=str(data["digest"]),
        revision=None if data["revision"] is None else int(data["revision"]),
        said=tuple((str(en), str(zh)) for en, zh in data["said"]),
        back_to=None if data["back_to"] is None else int(data["back_to"]),
    )


def refuse_drift(kept: KeptPlan, made: Plan) -> None:
    """Raises Refusal with what differs, unless the plan is the one that was kept."""
    if made.digest != kept.digest:
        raise Refusal(OTHER(), *differences(kept, made))


def differences(kept: KeptPlan, made: Plan) -> Iterator[Problem]:
    """What the plan says otherwise than the one that was kept."""
    now = made.applied.id if made.applied else None
    if now != kept.revision:
        yield SINCE(now=now or "–", then=kept.revision or "–")
    present = [(en, zh) for en, zh in _said(made)]
    more = [said for said in present if said not in kept.said]
    less = [said for said in kept.said if said not in present]
    for en, zh in more:
        yield MORE(what=Text({"en": en, "zh": zh}))
    for en, zh in less:
        yield LESS(what=Text({"en": en, "zh": zh}))
    if not more and not less and now == kept.revision:
        yield SAME()


def _said(made: Plan) -> list[tuple[str, str]]:
    """Steps and findings in both languages."""
    texts = [step.text for step in made.steps] + [found.text for found in made.findings]
    return [(text.in_("en"), text.in_("zh")) for text in texts]
