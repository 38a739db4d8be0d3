"""Long texts: several lines, up to a limit."""

from __future__ import annotations

import pytest

from engine.fieldtypes.long_text import LONG_LIMIT, LongText
from engine.problems import Refusal


def test_lines_stay() -> None:
    """Line ends are kept, in one form; what surrounds the text is not."""
    assert LongText().read("  a\r\n\r\nb  c\n") == "a\n\nb  c"
    assert LongText().read(" \n ") is None


@pytest.mark.parametrize(
    ("type_", "limit"), [(LongText(), LONG_LIMIT), (LongText(max_length=9), 9)]
)
def test_limit(type_: LongText, limit: int) -> None:
    """20,000 characters, unless the field says otherwise."""
    assert type_.read("字" * limit) == "字" * limit
    with pytest.raises(Refusal) as caught:
        type_.read("字" * (limit + 1))
    assert caught.value.problems[0].code == "text-too-long"
