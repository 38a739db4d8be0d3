"""The generated screens: list, board, record, form, home, search, all driven by the catalog.

May import everything that webapp may; it writes no SQL of its own, only Reader and Gate.
Start at `registering.py`, then any one screen, say `lists.py`, with its template of that name.
"""

from webapp.screens.registering import register

__all__ = ["register"]
