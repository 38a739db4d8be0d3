"""How many background jobs have failed: the figure beside them in the side bar."""

from __future__ import annotations

import time

from engine.problems import Refusal
from jobs.states import Jobs
from webapp.screens.here import Here
from webapp.shell import shell

LOOK_AGAIN_AFTER = 5.0
"""Seconds for which a process keeps the figure."""
_KEY = ("failed jobs",)


def administers(at: Here) -> bool:
    """Whether the actor has the right to administer."""
    try:
        at.gate.require_right(at.actor, "administer")
    except Refusal:
        return False
    return True


def failed_jobs(at: Here) -> str | None:
    """The figure as text, empty for none; None for those who do not administer."""
    if not administers(at):
        return None
    cache, now = shell().cache, time.monotonic()
    looked, text = cache.get(_KEY, (float("-inf"), ""))
    if now - looked > LOOK_AGAIN_AFTER:
        count = Jobs(at.gate).failed()
        text = f"{count.value:,}{'' if count.exact else '+'}" if count.value else ""
        cache[_KEY] = (now, text)
    return str(text)


def look_again() -> None:
    """Forgets the figure: somebody has just acted on what failed."""
    shell().cache.pop(_KEY, None)
