"""The link to the record above: it makes the object a tree.

Beside the link's column stands the record's path: the ids from the top of the tree down to the
record itself, each twelve digits wide. What stands below a record has its path in front, so
that whole branches are found by one range of an index (a materialised path).
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.fieldtypes.link import Link


@dataclass(frozen=True, kw_only=True)
class Parent(Link):
    """A link to a record of the same object, of which none may stand below itself."""

    name = "parent"
