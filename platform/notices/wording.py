"""Templates become texts: evaluated for one reader, formatted in the reader's language."""

from __future__ import annotations

import re

from engine.expressions import evaluate
from engine.problems import Refusal
from engine.texts.formatting import Formats
from engine.texts.phrases import Phrase
from notices.sights import Eye, Seen
from notices.templates import BY

HIDDEN = "—"
"""Shown for what is empty, and for what may not be read: the two look alike."""
LONGEST_TITLE, LONGEST_TEXT = 200, 4_000

_BLANKS = re.compile(r"[\s\x00-\x1f\x7f\u2028\u2029]+")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")


def said(phrase: Phrase, seen: Seen | None, eye: Eye, by: int | None, formats: Formats) -> str:
    """The text with its values, as one person may read them."""
    context = eye.context(by, BY)
    parts = []
    for piece in phrase.in_(formats.locale):
        if isinstance(piece, str):
            parts.append(piece)
            continue
        eye.hidden = False
        try:
            value = evaluate(piece.expression, seen, context)  # type: ignore[arg-type]
        except Refusal:  # a number that outgrows its digits is no reason to tell nothing
            value = None
        shown = str(value.title() or "") if isinstance(value, Seen) else formats.piece(piece, value)
        parts.append(HIDDEN if eye.hidden or not shown else shown)
    return "".join(parts)


def as_title(text: str) -> str:
    """The text on one line, without what could break out of a header, and not too long."""
    return _cut(_BLANKS.sub(" ", text).strip(), LONGEST_TITLE) or HIDDEN


def as_text(text: str) -> str:
    """The text with its lines, and not too long."""
    return _cut(_UNPRINTABLE.sub("", text).strip(), LONGEST_TEXT)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
