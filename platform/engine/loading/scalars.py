"""What a plain YAML scalar means: the YAML 1.2 core schema, without its traps.

`null`, `~` and nothing are empty; `true` and `false` are booleans; whole numbers are `int`, other
decimal numbers `Decimal`. Everything else is text: `yes`, `no`, `on`, `off`, dates and times, but
also hexadecimal, octal and exponent notation (`12e4` is more often a code than a number) and
numbers with leading zeros (telephone prefixes). There is never a float.

Source: YAML 1.2.2, §10.3.2 (https://yaml.org/spec/1.2.2/), restricted as said.
"""

from __future__ import annotations

import re
from decimal import Decimal

from engine.definition.tree import Scalar

LONGEST_NUMBER = 40
"""Characters of the longest number; a column holds 18 digits, and `int()` of a million is slow."""

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER = re.compile(r"[-+]?(?:(?P<whole>0|[1-9][0-9]*)|(?:0|[1-9][0-9]*)?\.[0-9]+)\Z", re.ASCII)
_FIRST = frozenset("-+.0123456789~nNtTfF")


def resolve(text: str) -> Scalar:
    """The value of an unquoted scalar.

    Raises OverflowError for a number longer than `LONGEST_NUMBER`.
    """
    if text and text[0] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.match(text)
    if number is None:
        return text
    if len(text) > LONGEST_NUMBER:
        raise OverflowError(f"a number of {len(text)} characters")
    return int(text) if number["whole"] else Decimal(text)
