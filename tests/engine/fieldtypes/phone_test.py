"""Telephone numbers: one stored form, written for those at home and abroad."""

from __future__ import annotations

from typing import Any

import pytest

from engine.fieldtypes.phone import Phone, typed_digits
from engine.problems import Refusal

READ = [
    ("138 0013 8000", "+8613800138000", "138 0013 8000"),
    (13800138000, "+8613800138000", "138 0013 8000"),
    ("0755-8888 6666", "+8675588886666", "0755 8888 6666"),
    ("(0755) 88886666 转 12", "+8675588886666;ext=12", "0755 8888 6666 转 12"),
    ("+86 755 8888 6666 ext. 8", "+8675588886666;ext=8", "0755 8888 6666 转 8"),
    ("０７５５－８８８８６６６６", "+8675588886666", "0755 8888 6666"),
    ("400-820-8820", "+864008208820", "400 820 8820"),
    ("95588", "+8695588", "95588"),
    ("+49 30 123456", "+4930123456", "+49 30 123456"),
    ("00491701234567", "+491701234567", "+49 170 1234567"),
]


@pytest.mark.parametrize(("raw", "kept", "shown"), READ)
def test_read(raw: Any, kept: str, shown: str) -> None:
    """However it is written it is kept in one form, which is read again as it is."""
    type_ = Phone(country="CN")
    assert type_.read(raw) == kept
    assert type_.read(kept) == kept
    assert type_.format(kept, "zh") == shown
    assert type_.read(shown) == kept
    assert type_.to_json(kept) == type_.to_text(kept) == kept


@pytest.mark.parametrize("raw", ["010 1", "110", "abc", "13800138000/13900139000", "+1", "+86"])
def test_refused(raw: str) -> None:
    """The refusal says how to write it."""
    with pytest.raises(Refusal) as caught:
        Phone(country="CN").read(raw)
    (problem,) = caught.value.problems
    assert problem.code == "phone-not-readable"
    assert "+49" in problem.hint("en") and "分机" in problem.hint("zh")


def test_country() -> None:
    """The field's country decides what a number without a country code is."""
    german = Phone(country="DE")
    assert german.read("030 123456") == "+4930123456"
    assert german.format("+4930123456", "en") == "030 123456"
    assert german.format("+8675588886666;ext=1", "en") == "+86 755 8888 6666 ext. 1"


def test_kept_from_before() -> None:
    """What was kept as it was typed, before numbers had one form, is shown as it is."""
    assert Phone().format("138 0013 8000 (Li)", "en") == "138 0013 8000 (Li)"


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("0755-8888 6666", "75588886666"), ("+86 (755) 8888", "867558888"), 
        ("8888 6666", "88886666"),
        ("0086755", "86755"), ("1234", ""), ("room 12345", ""), ("", ""),
    ],
)  # fmt: skip
def test_typed_digits(typed: str, digits: str) -> None:
    """What of a search can stand in a stored number."""
    assert typed_digits(typed) == digits
