"""All families of findings: the engine's, and those of the rooms above."""

from __future__ import annotations

from collections.abc import Sequence

from engine.impact.families import FAMILIES, Family
from engine.impact.ground import Ground
from engine.schema.findings import Finding

EVERY: Sequence[Family] = (*FAMILIES,)


def look(ground: Ground) -> tuple[Finding, ...]:
    """What a change does to the records that exist, family by family."""
    return tuple(finding for family in EVERY for finding in family(ground))
