"""Text that programs take for a formula, made harmless and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.neutral import DANGEROUS, neutralised, restored


@given(st.text(alphabet="'=+-@\t\r ab1中", max_size=8))
def test_every_text_comes_back(text: str) -> None:
    """Whatever the text, also one with apostrophes of its own."""
    assert restored(neutralised(text)) == text


@given(st.text(max_size=8))
def test_nothing_dangerous_is_left(text: str) -> None:
    """No neutralised text begins a formula."""
    assert neutralised(text)[:1] not in list(DANGEROUS)


@pytest.mark.parametrize("text", ["", "'", "'tis", "a=b", "中文", "''"])
def test_harmless_text_stays(text: str) -> None:
    """Only what would be evaluated is touched."""
    assert neutralised(text) == text == restored(text)


def test_the_usual_attack() -> None:
    """=cmd|' /C calc'!A0 becomes text."""
    assert neutralised("=cmd|' /C calc'!A0") == "'=cmd|' /C calc'!A0"
