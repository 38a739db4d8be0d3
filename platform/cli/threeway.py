"""How the three-way picture of the layers is printed: what changed below, and what lies over it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from engine.loading.threeway import Picture, Standing, Touch
from engine.loading.threeway_wording import change_text, touch_text
from engine.problems import Place

HEADINGS = {
    Standing.CONFLICT: {"en": "changed below and above:", "zh": "上下层均有更改："},
    Standing.GONE: {"en": "gone below, changed above:", "zh": "下层已移除，上层仍修改："},
    Standing.RENAMED: {"en": "renamed below:", "zh": "下层已改名："},
    Standing.SAME: {"en": "the same above and below:", "zh": "上下层相同："},
    Standing.CHANGES: {"en": "changed above:", "zh": "上层更改："},
    Standing.ADDS: {"en": "added above:", "zh": "上层新增："},
}
CHANGED = {"en": "{layer} since the revision in force:", "zh": "{layer} 自当前版本以来："}
OVER = {"en": "{layer} over the layers below it:", "zh": "{layer} 与其下各层："}
ONE_LAYER = {"en": "there is only one layer", "zh": "只有一层"}


def picture_lines(picture: Picture, locale: str) -> Iterator[str]:
    """The whole picture for people: layer by layer what changed, then what each says of others."""
    if not picture.changes and not picture.touches:
        yield ONE_LAYER[locale]
    for layer, changes in groupby(picture.changes, lambda change: change.layer):
        yield CHANGED[locale].format(layer=layer)
        for change in changes:
            at = f" ({change.place.file}:{change.place.line})" if change.place else ""
            yield f"  {change_text(change).in_(locale)}{at}"
    for layer, touches in groupby(picture.touches, lambda touch: touch.layer):
        yield OVER[locale].format(layer=layer)
        found = list(touches)
        for standing, heading in HEADINGS.items():
            these = [touch for touch in found if touch.standing is standing]
            if these:
                yield f"  {heading[locale]}"
            yield from (f"    {touch_text(touch).in_(locale)}" for touch in these)


def picture_json(picture: Picture, locale: str) -> dict[str, Any]:
    """The picture for programs."""
    return {
        "changes": [
            {
                "layer": change.layer,
                "change": change.change,
                "kind": change.kind,
                "name": change.name,
                "path": list(change.path),
                "was": change.was,
                "now": change.now,
                **_place(change.place),
                "text": change_text(change).in_(locale),
            }
            for change in picture.changes
        ],
        "overlays": [_touch(touch, locale) for touch in picture.touches],
    }


def _touch(touch: Touch, locale: str) -> dict[str, Any]:
    return {
        "layer": touch.layer,
        "standing": touch.standing.value,
        "new": touch.news,
        "kind": touch.kind,
        "name": touch.name,
        "path": list(touch.path),
        "value": touch.value,
        "was": touch.was,
        "now": touch.now,
        **_place(touch.place),
        "text": touch_text(touch).in_(locale),
    }


def _place(place: Place | None) -> dict[str, Any]:
    return {"file": place.file if place else None, "line": place.line if place else None}
