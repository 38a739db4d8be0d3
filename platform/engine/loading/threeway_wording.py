"""What layers below an overlay have changed, and what that means for it: in words, as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.loading.threeway import Change, Path, Picture, Standing, Touch
from engine.problems import Message, Place, Problem, Text
from engine.schema.findings import Count, Finding, Severity
from engine.schema.wording import KINDS, both, shown

CHANGED = "layer-changed"
"""The family of findings that say what a layer below others has changed."""

_THINGS = {
    "fields": ("field", "字段"),
    "options": ("option", "选项"),
    "stages": ("stage", "阶段"),
    "transitions": ("transition", "流转"),
    "steps": ("step", "步骤"),
    "grants": ("grant on", "权限"),
    "views": ("list", "列表"),
    "columns": ("column", "列"),
    "settings": ("setting", "设置"),
    "checks": ("check", "校验"),
    "groups": ("group", "分组"),
    "attributes": ("attribute", "属性"),
}
"""Maps of named things, by the key that holds them."""

_SAID = {
    Standing.CONFLICT: (
        "{below} has changed {what} from {was} to {now}; {place} keeps {value}: "
        "look whether it still fits",
        "{below} 已将 {what} 从 {was} 改为 {now}；{place} 仍为 {value}：请确认是否仍合适",
    ),
    Standing.GONE: (
        "the layer below no longer has {what}; {place} still changes it",
        "下层已没有 {what}；{place} 仍在修改它",
    ),
    Standing.RENAMED: (
        "{below} has renamed {what} to {now}; {place} still says {was}, which is understood",
        "{below} 已将 {what} 改名为 {now}；{place} 仍写 {was}，仍可识别",
    ),
    Standing.SAME: (
        "{below} says {now} for {what} itself; {place} can go",
        "{below} 中 {what} 已为 {now}；{place} 可以删去",
    ),
    Standing.CHANGES: (
        "{place} changes {what} from {now} to {value}",
        "{place} 将 {what} 从 {now} 改为 {value}",
    ),
    Standing.ADDS: ("{place} adds {what}", "{place} 新增 {what}"),
}
_REMOVED = (
    "{below} has changed {what}; {place} removes it: look whether that still fits",
    "{below} 已更改 {what}；{place} 将其移除：请确认是否仍合适",
)
_REMOVES = ("{place} removes {what}", "{place} 移除 {what}")
_ADDED = (
    "{below} now has {what} of its own: {now}; {place} keeps {value}: look whether it still fits",
    "{below} 现已自有 {what}：{now}；{place} 仍为 {value}：请确认是否仍合适",
)
_BELOW = Text({"en": "the layer below", "zh": "下层"})
_CHANGES = {
    "new": ("new: {what}", "新增：{what}"),
    "gone": ("no longer there: {what}", "已移除：{what}"),
    "renamed": ("renamed: {what}, was {was}", "改名：{what}，原为 {was}"),
    "changed": ("changed: {what}: {was} → {now}", "变更：{what}：{was} → {now}"),
}
_SEVERITY = {
    Standing.CONFLICT: Severity.WARNS,
    Standing.GONE: Severity.WARNS,
    Standing.RENAMED: Severity.TELLS,
    Standing.SAME: Severity.TELLS,
}
GONE_BELOW = Message(
    "layer-gone",
    en="the layer below no longer has {what}",
    zh="下层已没有 {what}",
    hint_en="take it out here as well, or write it out whole",
    hint_zh="请在此一并删去，或完整写出",
)


def touch_text(touch: Touch) -> Text:
    """What is to be said of an overlay's entry."""
    removes = isinstance(touch.value, Mapping) and touch.value.get("remove") is True
    en, zh = _SAID[touch.standing]
    if removes and touch.standing is Standing.CONFLICT:
        en, zh = _REMOVED
    elif removes and touch.standing is Standing.CHANGES:
        en, zh = _REMOVES
    elif touch.standing is Standing.CONFLICT and touch.was is None:
        en, zh = _ADDED
    return both(
        en,
        zh,
        what=what(touch.kind, touch.name, touch.path),
        place=_line(touch.place),
        below=_line(touch.below) if touch.below else _BELOW,
        value=_value(touch.value),
        was=_value(touch.was),
        now=_value(touch.now),
    )


def change_text(change: Change) -> Text:
    """What a layer says otherwise than before."""
    en, zh = _CHANGES[change.change]
    return both(
        en,
        zh,
        what=what(change.kind, change.name, change.path),
        was=_value(change.was),
        now=_value(change.now),
    )


def layer_findings(picture: Picture, revision: int) -> Iterator[Finding]:
    """What whoever updates a lower layer should know, as findings of the plan."""
    by_layer: dict[str, int] = {}
    for change in picture.changes:
        by_layer[change.layer] = by_layer.get(change.layer, 0) + 1
    for standing, severity in _SEVERITY.items():
        for touch in picture.of(standing):
            field = touch.path[1] if touch.path[:1] == ("fields",) and touch.path[1:] else ""
            yield Finding(
                family=f"layer-{standing}",
                severity=severity,
                text=touch_text(touch),
                object=touch.name if touch.kind == "object" else "",
                field=field if touch.kind == "object" else "",
                place=touch.place,
            )
    for layer, number in by_layer.items():
        text = both(
            "{layer} has changed in {n:# place|# places} since revision {revision} "
            "(`formwright plan --layers`)",
            "自版本 {revision} 以来，{layer} 有 {n} 处变更（`formwright plan --layers`）",
            layer=layer, n=Count(number), revision=revision,
        )  # fmt: skip
        yield Finding(family=CHANGED, severity=Severity.TELLS, text=text, count=Count(number))


def gone_problems(touches: Iterable[Touch]) -> Iterator[Problem]:
    """Beside the problems of definitions that do not load: what an overlay changes and is gone."""
    for touch in touches:
        yield GONE_BELOW(touch.place, what=what(touch.kind, touch.name, touch.path))


def what(kind: str, name: str, path: Path) -> Text:
    """A part of a definition: `label.en of field amount of opportunity`."""
    word = KINDS.get(kind, Text.of(kind))
    if kind == "object" and path:
        word, called = Text.of(name), ""
    else:
        called = "" if kind == name else f" {name}"  # there is only one site
    en, zh = [word.in_("en") + called], [word.in_("zh") + called]
    rest: list[str] = []
    steps = list(path)
    while steps:
        step = steps.pop(0)
        if step in _THINGS and steps and not rest:
            thing, inner = _THINGS[step], steps.pop(0)
            en.append(f"{thing[0]} {inner}")
            zh.append(f"{thing[1]} {inner}")
        else:
            rest.append(step or "*")
    if rest:
        en.append(f"`{'.'.join(rest)}`")
        zh.append(f" `{'.'.join(rest)}`")
    return Text({"en": " of ".join(reversed(en)), "zh": " 的".join(zh)})


def _line(place: Place) -> str:
    return f"{place.file}:{place.line}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{…}"
    if isinstance(value, list):
        return shown("[" + ", ".join(map(str, value)) + "]")
    return shown(value)
