"""Housekeeping: applies that were begun and given up stop being a burden on everybody's writes."""

from __future__ import annotations

import logging

from engine.records.gate import Gate
from engine.schema.letting_go import let_go

log = logging.getLogger("formwright.apply")


def let_go_of_applies(gate: Gate) -> int:
    """Lets go of an apply that nobody has gone on with; how many those were (`jobs.minding`)."""
    if not let_go(gate.databases, gate.clock()):
        return 0
    log.warning("given up", extra={"what": "an apply that was begun and never ended is let go of"})
    return 1
