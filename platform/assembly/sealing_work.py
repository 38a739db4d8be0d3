"""Looking after the audit, about once a second, by the process that leads: seals and alarms."""

from __future__ import annotations

import time
from collections.abc import Callable

from assembly.revisions import Site
from engine.records.chaining import seal_rows
from notices.alarms import raise_alarms

LONGEST = 0.5
"""Seconds that one round of sealing takes; the next tick goes on."""
ALARMS_EVERY = 30.0
"""Seconds between two looks at who has read how much."""


def sealing(site: Site) -> Callable[[], None]:
    """What seals the rows that came since the last tick."""

    def seal() -> None:
        end = time.monotonic() + LONGEST
        while seal_rows(site.gate()) and time.monotonic() < end:
            pass

    return seal


def watching(site: Site) -> Callable[[], None]:
    """What looks for unusual reading, where the site asks for it."""
    looked = float("-inf")

    def watch() -> None:
        nonlocal looked
        now = time.monotonic()
        if now - looked >= ALARMS_EVERY and site.gate().catalog.site.alarms:
            looked = now
            raise_alarms(site.gate())

    return watch
