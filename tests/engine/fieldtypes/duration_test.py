"""Durations: what is read as one, what is refused, how they are written."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from engine.fieldtypes.duration import Duration
from engine.problems import Refusal

HALF_PAST = dt.timedelta(hours=1, minutes=30)
READ = [
    *(
        (text, HALF_PAST)
        for text in (
            "1:30", "1h30m", "1 h 30 min", "90 min", "1.5 h", "1小时30分", "1小时30分钟", "PT1H30M",
            "pt90m", "１：３０", "1 hour and 30 minutes", "1:30:00", dt.time(1, 30), HALF_PAST,
        )
    ),
    ("2天3小时", dt.timedelta(days=2, hours=3)),
    ("P1DT2H", dt.timedelta(hours=26)),
    ("1 week", dt.timedelta(days=7)),
    ("30秒", dt.timedelta(seconds=30)),
    ("-PT1H", dt.timedelta(hours=-1)),
    ("0.5 s", dt.timedelta(seconds=1)),
    ("0 min", dt.timedelta()),
    (" ", None),
    (None, None),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "value"), READ)
def test_read(raw: Any, value: dt.timedelta | None) -> None:
    """People's ways of writing and ISO 8601 give exact seconds; what is written is read again."""
    type_ = Duration()
    assert type_.read(raw) == value
    for written in (type_.to_json(value), type_.to_text(value), type_.format(value, "en"),
                    type_.format(value, "zh")):  # fmt: skip
        assert type_.read(written) == value


@pytest.mark.parametrize("raw", ["90", 90, "1:70", "abc", "P1M", "PT", "1h 5", "1m2x", True, [1]])
def test_refused(raw: Any) -> None:
    """A number without a unit could be anything; months have no exact length."""
    with pytest.raises(Refusal) as caught:
        Duration().read(raw)
    assert caught.value.problems[0].code == "value-not-readable"


def test_too_long() -> None:
    """Beyond what the calendar's arithmetic holds."""
    with pytest.raises(Refusal) as caught:
        Duration().read("9999999999 days")
    assert caught.value.problems[0].code == "duration-too-long"


def test_written() -> None:
    """Hours, however many: 26 hours of work are no day and two hours."""
    type_, value = Duration(), dt.timedelta(days=1, hours=2, minutes=5)
    assert type_.format(value, "en") == "26 h 5 min"
    assert type_.format(value, "zh") == "26小时5分"
    assert type_.to_json(value) == "PT26H5M"
    assert (type_.format(dt.timedelta(), "en"), type_.to_json(dt.timedelta())) == ("0 min", "PT0S")
