"""The policy of an object about reading: what of it is noted (`audit:`)."""

from __future__ import annotations

from engine.definition.tree import Node

OPENED, LISTED, SEARCHED = "opened", "listed", "searched"
PRINTED, DOWNLOADED = "printed", "downloaded"
ACCESSES = (OPENED, LISTED, SEARCHED, PRINTED, DOWNLOADED)
ALWAYS = frozenset((PRINTED, DOWNLOADED))
"""What is noted unless the object says otherwise: what leaves the system."""


def build_audit(node: Node) -> frozenset[str]:
    """The accesses that are noted of an object."""
    said = node.plain("audit", {})
    return frozenset(one for one in ACCESSES if said.get(one, one in ALWAYS))
