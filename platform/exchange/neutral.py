"""Text that a spreadsheet program would take for a formula (rule 35).

In CSV such a text gets an apostrophe in front, which the import takes away again. A text that
already begins with apostrophes before such a character gets one more, so that every text comes
back as it was. In a workbook it is written as a string, which no program evaluates.
"""

from __future__ import annotations

import re

DANGEROUS = "=+-@\t\r"
_NEUTRALISED = re.compile("'+[=+\\-@\t\r]")


def neutralised(text: str) -> str:
    """`text` such that a spreadsheet program does not evaluate it."""
    if text[:1] in ("", *DANGEROUS) or _NEUTRALISED.match(text):
        return f"'{text}" if text else text
    return text


def restored(text: str) -> str:
    """What was neutralised, as it was; any other text unchanged."""
    return text[1:] if _NEUTRALISED.match(text) else text
