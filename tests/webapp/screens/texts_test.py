"""The texts of the screens: complete, in both languages, and all of them used."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from support.project import ROOT
from webapp.screens.rendering import TEMPLATES
from webapp.screens.texts import texts

SOURCES = [
    *TEMPLATES.glob("*.html"),
    *(ROOT / "platform/webapp/screens").glob("*.py"),
    *(ROOT / "platform/webapp/studio").glob("*.py"),
]
BUILT = re.compile(
    r"good_|act_|via_|key_|studio_kinds?_|audit_(?:done|seen)$"
    r"|why_(?:read|update|delete|restore|export|create|import)$"
)
"""Keys that are put together from parts."""


@pytest.mark.parametrize("key", texts())
def test_both_languages_say_the_same(key: str) -> None:
    """English without hanzi, the Chinese text with the same places to fill in."""
    by_locale = texts()[key]
    assert set(by_locale) == {"en", "zh"}
    assert not re.search("[\u4e00-\u9fff]", by_locale["en"])
    names = [{n for _, n, _, _ in Formatter().parse(text) if n} for text in by_locale.values()]
    if key not in (
        "day_of_this_year",
        "day_of_a_year",
        "month_of_year",
    ):  # months are named or numbered
        assert names[0] == names[1]


def test_all_are_used() -> None:
    """A text that no screen says is left over."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    used = set(re.findall(r"\bt\.(\w+)", source)) | set(re.findall(r'"(\w+)"', source))
    assert [key for key in texts() if key not in used and not BUILT.match(key)] == []


def test_all_exist() -> None:
    """Every text that a template asks for is there (StrictUndefined would tell only when drawn)."""
    asked = set()
    for path in TEMPLATES.glob("*.html"):
        asked |= set(re.findall(r"\bt\.(\w+)", path.read_text(encoding="utf-8")))
    assert asked - set(texts()) == set()
