"""The figure beside the bell, which every screen shows."""

from __future__ import annotations

from notices import bell
from webapp.screens.here import Here


def unread(at: Here) -> int:
    """How many notices are unread, at most one more than are counted."""
    return bell.unread(at.gate, at.actor.person) if at.actor.person is not None else 0


def counted(number: int) -> str:
    """The number as it is shown: nothing for none, 99+ for more than are counted."""
    if number > bell.MOST_UNREAD:
        return f"{bell.MOST_UNREAD}+"
    return str(number) if number else ""


def ringing(at: Here) -> str:
    """What stands beside the bell."""
    return counted(unread(at))
