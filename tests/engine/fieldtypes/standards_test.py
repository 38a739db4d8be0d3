"""Numbers with a check character: real ones are read however they are written, slips are found."""

from __future__ import annotations

import pytest

from engine.fieldtypes.standards import as_standard
from engine.fieldtypes.text import TextType
from engine.problems import Refusal

CODE, TAX, IBAN = "unified_social_credit_code", "china_tax_number", "iban"
EXAMPLE = "91350100M000100Y43"
"""The example of GB 32100-2015."""


def code(name: str, text: str) -> str:
    """The code of what the text is refused with, or an empty string."""
    try:
        as_standard(name, text)
    except Refusal as refusal:
        return refusal.problems[0].code
    return ""


@pytest.mark.parametrize(
    ("name", "given", "stored"),
    [
        (CODE, EXAMPLE, EXAMPLE),
        (CODE, "91350100 M000100Y43", EXAMPLE),
        (CODE, "９１３５０１００ｍ000100y4-3", EXAMPLE),
        (TAX, "91110000600037341L", "91110000600037341L"),
        (TAX, "11010519491231002x", "11010519491231002X"),
        (TAX, "110108123456789", "110108123456789"),
        (TAX, "11010819800101001X01", "11010819800101001X01"),
        (IBAN, "DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
    ],
)
def test_real_ones(name: str, given: str, stored: str) -> None:
    """They are stored in capitals, together, and read again as they are."""
    assert as_standard(name, given) == stored == as_standard(name, stored)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        (CODE, "9135010"), (CODE, "I1350100M000100Y43"), (CODE, "110108123456789"),
        (TAX, "1234"), (TAX, "ABCDEFGHJKLMNOP"), (TAX, "X" * 18), (IBAN, "89370400440532013000"),
    ],
)  # fmt: skip
def test_other_things(name: str, given: str) -> None:
    """What does not even have the form is called that."""
    assert code(name, given) == "not-such-a-number"


def test_every_slip_of_one_character_is_found() -> None:
    """Each digit of the example replaced by each other one, and all neighbours swapped."""
    for place, right in enumerate(EXAMPLE):
        for wrong in "0123456789":
            slipped = f"{EXAMPLE[:place]}{wrong}{EXAMPLE[place + 1 :]}"
            assert code(CODE, slipped) if wrong != right else not code(CODE, slipped), slipped
    for place in range(len(EXAMPLE) - 1):
        a, b = EXAMPLE[place], EXAMPLE[place + 1]
        swapped = f"{EXAMPLE[:place]}{b}{a}{EXAMPLE[place + 2 :]}"
        assert code(CODE, swapped) or swapped == EXAMPLE, swapped
    assert code(CODE, "91350100M000100Y44") == "wrong-check-character"
    assert code(IBAN, "DE89370400440532013001") == "wrong-check-character"


def test_a_text_field_names_one() -> None:
    """`format:` makes a text field read that kind of number; `format` of values stays."""
    type_ = TextType.from_settings({"format": CODE})
    assert type_.read("91350100 m000100y43") == EXAMPLE
    assert type_.format(EXAMPLE, "zh") == EXAMPLE
    with pytest.raises(Refusal):
        type_.read("91350100M000100Y44")
