"""All families of findings, and what publishing writes anew: the engine's and the other rooms'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.impact import checks, links, narrowed, required, unique
from engine.impact.families import FAMILIES, Family
from engine.impact.fixing import fixes
from engine.impact.going_back import conflicts
from engine.impact.ground import Ground
from engine.impact.returning import returns
from engine.schema.findings import Finding
from engine.schema.targets import Fix
from workflow.approvals.impact import gone_steps, returned_steps, returning_steps, step_fixes

EVERY: Sequence[Family] = (*FAMILIES, gone_steps)
BACK: Sequence[Family] = (
    required.newly_required,
    conflicts,
    unique.newly_unique,
    checks.newly_checked,
    narrowed.narrowed_fields,
    links.narrowed_links,
    gone_steps,
    returned_steps,
)
"""The families that speak of a way back."""


def look(ground: Ground) -> tuple[Finding, ...]:
    """What a change does to the records that exist, family by family.

    On a way back nothing can be remedied in files: what stands in the way is up to the records.
    """
    if ground.back:
        found = (finding for family in BACK for finding in family(ground))
        return tuple(replace(one, remedy="", place=None) for one in found)
    return tuple(finding for family in EVERY for finding in family(ground))


def every_fix(ground: Ground) -> tuple[Fix, ...]:
    """What publishing writes anew, in the order in which it must be."""
    if ground.back:
        values = (fix for _, fix in returns(ground))
        return (*fixes(ground), *values, *returning_steps(ground))
    return (*fixes(ground), *step_fixes(ground))
