"""How long to wait before the next attempt.

Exponential with "full jitter" over the upper half (M. Brooker, "Exponential Backoff And Jitter",
AWS Architecture Blog, 2015), so that what failed together does not come back together.
"""

from __future__ import annotations

import random

FIRST = 2.0
GROWTH = 4.0
LONGEST = 6 * 3600.0


def backoff(attempt: int) -> float:
    """Seconds until the next attempt, after `attempt` of them (1, 2, …) have failed.

    About 2 s, 8 s, 32 s, 2 min, 9 min, 34 min, 2.3 h, then 6 h.
    """
    full = min(FIRST * GROWTH ** (attempt - 1), LONGEST)
    return random.uniform(full / 2, full)
