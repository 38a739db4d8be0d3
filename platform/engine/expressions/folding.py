"""Folding: the form of a text in which case, width and compatibility variants no longer differ."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """`text` folded for case-blind comparison and search (rule 21): NFKC, casefold, NFKC.

    The second normalisation makes folding twice the same as folding once; it is Unicode's
    compatibility caseless matching (The Unicode Standard, section 3.13, D146).
    """
    if text.isascii():  # where nothing is to be normalised, and folding is writing small
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
