"""All families of findings, and what publishing writes anew: the engine's and the other rooms'."""

from __future__ import annotations

from collections.abc import Sequence

from engine.impact.families import FAMILIES, Family
from engine.impact.fixing import fixes
from engine.impact.ground import Ground
from engine.schema.findings import Finding
from engine.schema.targets import Fix
from workflow.approvals.impact import gone_steps, step_fixes

EVERY: Sequence[Family] = (*FAMILIES, gone_steps)


def look(ground: Ground) -> tuple[Finding, ...]:
    """What a change does to the records that exist, family by family."""
    return tuple(finding for family in EVERY for finding in family(ground))


def every_fix(ground: Ground) -> tuple[Fix, ...]:
    """What publishing writes anew, in the order in which it must be."""
    return (*fixes(ground), *step_fixes(ground))
