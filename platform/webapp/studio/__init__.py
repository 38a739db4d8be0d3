"""The studio: definitions looked at, changed and published in the browser, by administrators.

May import everything that webapp may; drafts, plans and publishing are `assembly`'s.
Start at `registering.py`, then `overview.py`, with the templates `templates/screens/studio_*.html`.
"""

from webapp.studio.registering import register

__all__ = ["register"]
