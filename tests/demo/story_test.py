"""The story of the demonstration company, before it is played."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cli.demo_history import Ref, Story, program
from support.project import ROOT

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = dt.datetime(2026, 3, 16, 10, 0, tzinfo=dt.UTC)


def told(seed: int = 7, end: dt.datetime = MONDAY) -> Story:
    return program(ROOT / "demo")(seed, end, ZONE)


@pytest.fixture(scope="module")
def story() -> Story:
    return told()


def refs(value: Any) -> Iterator[str]:
    """The keys of all records that a deed's values name."""
    if isinstance(value, Ref):
        yield value.key
    elif isinstance(value, dict):
        for part in value.values():
            yield from refs(part)
    elif isinstance(value, list):
        for part in value:
            yield from refs(part)


def test_one_seed_one_story(story: Story) -> None:
    """The same seed tells the same deeds, another seed others."""
    assert story.deeds == told().deeds
    assert story.deeds != told(seed=8).deeds


def test_size(story: Story) -> None:
    """Forty people, some three hundred customers, 1,500 opportunities in a year."""
    made = Counter(deed.object for deed in story.deeds if deed.new)
    assert (made["person"], made["product"], made["department"]) == (40, 40, 10)
    assert 260 <= made["customer"] <= 310
    assert 1_450 <= made["opportunity"] <= 1_500
    assert made["quotation"] > 600
    assert made["order"] > 300
    assert made["follow_up"] > 5_000


@pytest.mark.parametrize("end", [
    MONDAY,
    dt.datetime(2026, 3, 15, 16, 30, tzinfo=dt.UTC),  # half past midnight of a Monday
    dt.datetime(2026, 3, 14, 4, 0, tzinfo=dt.UTC),  # a Saturday
    dt.datetime(2028, 2, 29, 9, 0, tzinfo=dt.UTC),
], ids=str)  # fmt: skip
def test_time(end: dt.datetime) -> None:
    """Nothing happens after the end, and nothing before what it builds on."""
    story = told(end=end)
    made = {deed.key: deed.at for deed in story.deeds if deed.new}
    for deed in story.deeds:
        assert deed.at <= end
        assert made[deed.key] <= deed.at
        assert not deed.by or made[deed.by] < deed.at
        for key in refs(dict(deed.values)):
            assert made[key] <= deed.at, (key, deed)
    assert (end.astimezone(ZONE).date() - story.live_from.astimezone(ZONE).date()).days == 7
