"""The generated reference page."""

from __future__ import annotations

from pathlib import Path

from engine.loading.reference import page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "definition-keys.md"


def test_current() -> None:
    """Made anew with: PYTHONPATH=platform python -m engine.loading.reference > (the page)."""
    assert PAGE.read_text(encoding="utf-8") == page()
