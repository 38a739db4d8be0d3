"""Exact decimal arithmetic in Python: 18 digits, rounded half away from zero (rule 18).

Two contexts do it. `EXACT` holds every intermediate result (a product of two numbers has at most
36 digits; a quotient with 60 digits cannot be rounded across a tie, because a quotient of two
18-digit numbers that is no tie differs from every tie by more than 1 in 10**37). `STORING` and
`ADDING` have 18 digits and trap the loss of any: a result that does not fit raises
decimal.InvalidOperation or decimal.Rounded, both ArithmeticError.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from decimal import Decimal

from engine.expressions.sqltypes import DIGITS

EXACT = decimal.Context(
    prec=60,
    rounding=decimal.ROUND_HALF_UP,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
STORING = decimal.Context(
    prec=DIGITS, rounding=decimal.ROUND_HALF_UP, traps=[decimal.InvalidOperation]
)
ADDING = decimal.Context(
    prec=DIGITS,
    rounding=decimal.ROUND_HALF_UP,
    traps=[decimal.InvalidOperation, decimal.Rounded],
)

Rounder = Callable[[Decimal], Decimal]


def rounder(scale: int) -> Rounder:
    """A function that brings numbers to `scale` decimals; it raises beyond 18 digits."""
    unit, zero, quantize = Decimal(1).scaleb(-scale), Decimal(0).scaleb(-scale), STORING.quantize

    def to_scale(value: Decimal) -> Decimal:
        return quantize(value, unit) or zero  # never a negative zero

    return to_scale
