"""QR codes: drawn from a text, sharp at any size, readable for those who cannot scan."""

from __future__ import annotations

from engine.fieldtypes.qr import MOST_CHARACTERS, svg


def test_svg() -> None:
    """One element without a size of its own, with the text as its title, escaped."""
    drawn = svg("SO-2026-00012", label="<SO>")
    assert drawn.startswith("<svg ") and drawn.endswith("</svg>")
    assert "viewBox=" in drawn and "width=" not in drawn
    assert "<title>&lt;SO&gt;</title>" in drawn
    assert svg("SO-2026-00012") != svg("SO-2026-00013")
    assert svg("产品 1")


def test_nothing_to_draw() -> None:
    """No text, or more than a telephone reads from paper."""
    assert svg("") == "" == svg("x" * (MOST_CHARACTERS + 1))
