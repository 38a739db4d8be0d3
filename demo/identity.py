"""Numbers and addresses that look right and belong to nobody.

Tax numbers carry valid check digits; web and mail addresses end in `.example`, which RFC 2606
reserves; telephone numbers lie in ranges that are not given out.
"""

from __future__ import annotations

import random

DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of a unified social credit code: no I, O, S, V, Z."""
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def credit_code(rng: random.Random, division: str) -> str:
    """A unified social credit code (GB 32100-2015) of an enterprise in a division (six digits).

    Character 1 is the registering authority (9: market regulation), 2 the kind (1: enterprise),
    3 to 8 the division, 9 to 17 the organisation code with its own check, 18 the check.
    """
    body = "MA" + "".join(rng.choice(DIGITS) for _ in range(6))
    code = "91" + division + body + organisation_check(body)
    return code + credit_check(code)


def organisation_check(body: str) -> str:
    """The check character of an eight-character organisation code (GB 11714-1997)."""
    total = sum(w * _LETTERS.index(c) for w, c in zip(_ORGANISATION_WEIGHTS, body, strict=True))
    rest = 11 - total % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def credit_check(code: str) -> str:
    """The check character of the first 17 characters of a credit code (GB 32100-2015)."""
    total = sum(DIGITS.index(c) * pow(3, i, 31) for i, c in enumerate(code))
    return DIGITS[-total % 31]


def mobile(rng: random.Random) -> str:
    """A mobile number in a range that is not given out."""
    return f"1990000{rng.randrange(10_000):04}"


def landline(rng: random.Random, area: str) -> str:
    """A telephone number in an area; eight digits in the large cities, else seven."""
    digits = 4 if len(area) == 4 and area not in ("0512", "0571", "0755", "0757", "0769") else 5
    return f"{area}-555{rng.randrange(10**digits):0{digits}}"
