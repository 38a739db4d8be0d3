"""The times of cron lines: each case a line, a zone, a span, and the times in UTC."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from jobs.cron import is_cron, latest_until, next_after, times_between
from support.patience import cpu_seconds

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def times(line: str, zone: ZoneInfo, first: str, last: str) -> str:
    found = times_between(line, zone, utc(first), utc(last))
    return " ".join(f"{at:%d %H:%M}," for at in found).rstrip(",")


@pytest.mark.parametrize(
    ("line", "first", "last", "expected"),
    [
        # 29 March 2026: 02:00 is followed by 03:00 (01:00 UTC)
        ("30 2 * * *", "2026-03-28", "2026-03-31", "28 01:30, 29 01:00, 30 00:30"),
        ("0,20,40 2 * * *", "2026-03-29", "2026-03-29T12:00", "29 01:00"),
        ("0 3 * * *", "2026-03-29", "2026-03-29T12:00", "29 01:00"),
        ("0 2,3 * * *", "2026-03-29", "2026-03-29T12:00", "29 01:00"),
        ("30 2 29 3 *", "2026-01-01", "2027-04-01", "29 01:00, 29 00:30"),
        ("30 * * * *", "2026-03-28T23:00", "2026-03-29T03:00", "28 23:30, 29 00:30, 29 01:30, "
         "29 02:30"),
        # 25 October 2026: 02:00 to 03:00 comes twice (00:00 and 01:00 UTC)
        ("30 2 * * *", "2026-10-24", "2026-10-27", "24 00:30, 25 00:30, 26 01:30"),
        ("0 2-3 * * *", "2026-10-25", "2026-10-25T12:00", "25 00:00, 25 02:00"),
        ("30 * * * *", "2026-10-24T23:00", "2026-10-25T03:00", "24 23:30, 25 00:30, 25 01:30, "
         "25 02:30"),
        ("0 */2 * * *", "2026-10-24T22:00", "2026-10-25T05:00", "24 22:00, 25 00:00, 25 01:00, "
         "25 03:00, 25 05:00"),
    ],
)  # fmt: skip
def test_when_the_clock_changes(line: str, first: str, last: str, expected: str) -> None:
    """Berlin: with a fixed hour once, whatever the clock does; every hour by real time."""
    assert times(line, BERLIN, first, last) == expected


@pytest.mark.parametrize(
    ("line", "first", "last", "expected"),
    [
        ("0 9 * * MON-FRI", "2026-03-13", "2026-03-17", "13 01:00, 16 01:00"),
        ("0 0 L * *", "2026-02-01", "2026-04-01", "27 16:00, 30 16:00"),
        ("0 0 29 2 *", "2026-01-01", "2029-01-01", "28 16:00"),
        ("0 9 1 * MON", "2026-06-01", "2026-06-10", "01 01:00, 08 01:00"),
    ],
)
def test_lines(line: str, first: str, last: str, expected: str) -> None:
    """Shanghai: days of the week, the month's last day, leap years, one day or the other."""
    assert times(line, SHANGHAI, first, last) == expected


def test_half_an_hour() -> None:
    """Lord Howe Island turns its clocks by 30 minutes: 02:00 is followed by 02:30 (15:30 UTC)."""
    found = times("20,35 2 * * *", LORD_HOWE, "2026-10-02T12:00", "2026-10-04T12:00")
    assert found == "02 15:50, 02 16:05, 03 15:30, 03 15:35"


@pytest.mark.parametrize("line", ["17 * * * *", "17 2 * * *", "*/10 1-3 * * *"])
def test_every_moment_has_one_next_time(line: str) -> None:
    """From whatever moment one asks, across both changes: the first of the times after it."""
    for day in ("2026-03-28T20:00", "2026-10-24T20:00"):
        known = list(times_between(line, BERLIN, utc(day), utc(day) + dt.timedelta(days=2)))
        assert known == sorted(set(known))
        for minutes in range(0, 24 * 60, 7):
            moment = utc(day) + dt.timedelta(minutes=minutes, microseconds=5)
            assert next_after(line, BERLIN, moment) == min(at for at in known if at > moment)


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("* * * * *", True), ("0 9 * * MON-FRI", True), ("0 9 * MAR THU", True),
        ("0 9 * * 1#2", True), ("*/15 8-18 1,15 * *", True),
        ("", False), ("daily", False), ("@daily", False), ("61 * * * *", False),
        ("* * * * * *", False), ("* * * *", False), ("R * * * *", False), ("H 3 * * *", False),
        ("0 0 30 2 *", False), ("0 9 * * XYZ", False),
    ],
)  # fmt: skip
def test_is_cron(line: str, right: bool) -> None:
    """Five fields, no chance in them, and a time that comes."""
    assert is_cron(line) is right


def test_latest() -> None:
    """The latest times of a span; a year of minutes takes no longer than some hours of them."""
    last = utc("2026-03-02T00:00")
    found: list[dt.datetime] = []

    def a_year() -> None:
        found.extend(latest_until("* * * * *", BERLIN, utc("2025-03-01"), last, 100))

    assert cpu_seconds(a_year) < 2
    assert (len(found), found[-1]) == (100, last)
    assert found[0] == last - dt.timedelta(minutes=99)
    yearly = latest_until("0 0 1 1 *", SHANGHAI, utc("2020-01-01"), last, 100)
    assert [at.year for at in yearly] == [2020, 2021, 2022, 2023, 2024, 2025]
