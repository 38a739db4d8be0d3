"""What tests of forms and dialogs share that were opened before a revision was published."""

from __future__ import annotations

import re
from html import unescape

from support.small import PEOPLE

SELLER = (
    PEOPLE
    + """
---
role: seller
administer: true
grants:
  deal: {create: true, read: all, update: all, delete: all, fields: {"*": write}}
  item: {fields: {"*": write}}
  person: {read: all, fields: {"*": read}}
---
"""
)
"""Somebody who may do everything with deals and their lines."""
LINES = """
object: item
fields:
  deal: {type: link, to: deal, required: true}
  what: {type: text}
---
"""
"""What a deal has lines of."""

_HIDDEN = re.compile(r'name="(_made_for|csrf_token|version)" value="([^"]*)"')


def carried(html: str, *names: str) -> dict[str, str]:
    """What a form carries unseen: for which definitions it was made, the token, and `names`."""
    wanted = {"_made_for", "csrf_token", *names}
    return {name: unescape(value) for name, value in _HIDDEN.findall(html) if name in wanted}
