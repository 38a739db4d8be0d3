"""The look in numbers: what is read stands out from what it is written on."""

from __future__ import annotations

import re

import pytest

from webapp.screens.assets import FOLDER
from webapp.screens.values import COLOURS

TOKENS = (FOLDER / "css" / "10-tokens.css").read_text(encoding="utf-8")
BLOCKS = {
    "light": TOKENS[TOKENS.index(":root {") : TOKENS.index("@media")],
    "dark": TOKENS[TOKENS.index(':root[data-theme="dark"]') :],
}
CHIPS = sorted(COLOURS)
TEXTS = ("text", "text-2", "text-3")
PAIRS = [
    *((text, paper) for text in TEXTS for paper in ("paper", "side", "sunken")),
    *((f"c-{name}", f"c-{name}-soft") for name in CHIPS),
    ("on-accent", "accent"), ("accent", "paper"), ("accent-strong", "accent-soft"),
    ("danger", "danger-soft"), ("danger", "paper"), ("warning", "warning-soft"),
    ("good", "good-soft"),
    ("text-2", "danger-soft"), ("text-2", "warning-soft"), ("text", "accent-soft"),
    ("text-3", "raised"), ("text-3", "hover"),
]  # fmt: skip


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb` (WCAG 2.2)."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", BLOCKS)
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: " on ".join(pair))
def test_contrast(theme: str, pair: tuple[str, str]) -> None:
    """At least 4.5 to 1."""
    known = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", BLOCKS[theme]))
    light, dark = sorted((luminance(known[name]) for name in pair), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_dark_is_said_once_for_the_system_and_once_for_the_switch() -> None:
    """Both blocks of dark colours hold the same values."""
    system = TOKENS[TOKENS.index("@media") : TOKENS.index(':root[data-theme="dark"]')]
    blocks = (system, BLOCKS["dark"])
    found = [dict(re.findall(r"--([\w-]+):\s*([^;]+);", block)) for block in blocks]
    assert found[0] == found[1]
