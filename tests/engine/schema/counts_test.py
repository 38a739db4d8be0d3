"""Counts in sentences: the words fit the number."""

from __future__ import annotations

import pytest

from engine.schema.findings import Count
from engine.schema.wording import both


@pytest.mark.parametrize(
    ("count", "en", "zh"),
    [
        (Count(0), "0 records fail; they stay", "0 条"),
        (Count(1), "1 record fails; it stays", "1 条"),
        (Count(1_204), "1,204 records fail; they stay", "1,204 条"),
        (Count(1, exact=False), "more than 1 records fail; they stay", "超过 1 条"),
        (
            Count(100_000, exact=False),
            "more than 100,000 records fail; they stay",
            "超过 100,000 条",
        ),
    ],
)
def test_words_fit(count: Count, en: str, zh: str) -> None:
    """`#` is the number; words without it only fit it; Chinese has but one form."""
    sentence = "{n:# record fails|# records fail}; {n:it stays|they stay}"
    said = both(sentence, "{n} 条", n=count)
    assert (said.in_("en"), said.in_("zh")) == (en, zh)
