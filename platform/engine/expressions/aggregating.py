"""What the forms over records make of their values, in Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from engine.expressions.decimals import EXACT, rounder
from engine.expressions.nodes import Aggregate
from engine.expressions.types import Kind

Finish = Callable[[Iterable[Any]], Any]


def accumulate(node: Aggregate) -> Finish:
    """The function that turns the values of a form into its result."""
    if node.name == "sum":
        return _total if node.type.kind is Kind.DURATION else _sum(node)
    if node.name == "avg":
        return _avg(node)
    return _PLAIN[node.name]


def _total(values: Iterable[Any]) -> dt.timedelta:
    return sum((value for value in values if value is not None), dt.timedelta())


def _sum(node: Aggregate) -> Finish:
    to_scale, add = rounder(node.type.scale), EXACT.add

    def total(values: Iterable[Any]) -> Decimal:
        result = Decimal(0)
        for value in values:
            if value is not None:
                result = add(result, value)
        return to_scale(result)

    return total


def _avg(node: Aggregate) -> Finish:
    assert node.element is not None
    to_scale, checked = rounder(node.type.scale), rounder(node.element.type.scale)

    def average(values: Iterable[Any]) -> Decimal | None:
        present = [value for value in values if value is not None]
        if not present:
            return None
        total = Decimal(0)
        for value in present:
            total = EXACT.add(total, value)
        return to_scale(EXACT.divide(checked(total), Decimal(len(present))))

    return average


def _count(values: Iterable[Any]) -> Decimal:
    return Decimal(sum(1 for value in values if value is not None))


def _least(values: Iterable[Any]) -> Any:
    return min((value for value in values if value is not None), default=None)


def _greatest(values: Iterable[Any]) -> Any:
    return max((value for value in values if value is not None), default=None)


def _exists(values: Iterable[Any]) -> bool:
    return any(True for _ in values)


_PLAIN: dict[str, Finish] = {
    "count": _count,
    "min": _least,
    "max": _greatest,
    "any": any,
    "all": all,
    "exists": _exists,
}
