"""What the screens say themselves, in each language: `texts.yaml` (definitions bring their own)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import yaml

FILE = Path(__file__).with_name("texts.yaml")
FALLBACK = "en"


@lru_cache(maxsize=1)
def texts() -> Mapping[str, Mapping[str, str]]:
    """All texts: key to locale to text."""
    found: dict[str, dict[str, str]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=16)
def texts_in(locale: str) -> Mapping[str, str]:
    """All texts in a locale, or in its language, or in English."""
    language = locale.split("_")[0].split("-")[0].lower()
    return {
        key: by_locale.get(locale) or by_locale.get(language) or by_locale[FALLBACK]
        for key, by_locale in texts().items()
    }


@lru_cache(maxsize=16)
def attributes_in(locale: str) -> SimpleNamespace:
    """The texts for templates, as attributes: a dict would answer `t.clear` with its method."""
    return SimpleNamespace(**texts_in(locale))


def say(locale: str, key: str, **args: object) -> str:
    """One text. Raises KeyError for a key that does not exist."""
    text = texts_in(locale)[key]
    return text.format(**args) if args else text
