"""Seeded chance: the same seed draws the same company."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class Chance(random.Random):
    """A source of draws."""

    def happens(self, share: float) -> bool:
        """True in that share of all calls."""
        return self.random() < share

    def one(self, weights: Mapping[T, float]) -> T:
        """A key, drawn by its weight."""
        return self.choices(list(weights), list(weights.values()))[0]

    def row(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """A row, drawn by its column `weight`."""
        return self.choices(rows, [float(row["weight"]) for row in rows])[0]

    def spread(self, median: float, sigma: float) -> float:
        """A log-normal draw: half of them lie below the median."""
        return median * math.exp(self.gauss(0, sigma))

    def days(self, low: int, high: int) -> dt.timedelta:
        """Some days, both ends included."""
        return dt.timedelta(days=self.randint(low, high))
