"""What decides whether and when a timer is armed, in one short text.

Two automations with the same digest arm the same timers. What they do then is not part of it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from automation.definitions import Automation
from engine.definition.catalog import Catalog
from engine.expressions import Expression


def digest_of(automation: Automation, catalog: Catalog) -> str:
    """The digest of an automation with a timer; of any other an empty string."""
    timer = automation.timer
    if timer is None or timer.at is None:
        return ""
    parts = [
        automation.object,
        timer.time.isoformat(),
        timer.late.total_seconds(),
        catalog.site.zone.key,
        _meaning(timer.at, catalog),
        _meaning(automation.condition, catalog),
    ]
    text = json.dumps(parts, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _meaning(expression: Expression | None, catalog: Catalog) -> list[Any]:
    """The text of an expression with what it takes from other definitions.

    These are formulas and rollups, those that they read in turn, and what options carry.
    """
    if expression is None:
        return []
    found: dict[tuple[str, str], Any] = {}
    waiting = sorted(expression.reads)
    while waiting:
        object, name = waiting.pop()
        field = catalog.objects[object].fields[name]
        formula = field.rollup.expression if field.rollup else field.formula
        attributes = catalog.member(object, name).attributes  # type: ignore[union-attr]
        carried = {key: dict(sorted(a.values.items())) for key, a in sorted(attributes.items())}
        found[object, name] = [formula.source if formula else "", carried]
        waiting += [read for read in sorted(formula.reads if formula else ()) if read not in found]
    return [expression.source, *(value for _, value in sorted(found.items()) if any(value))]
