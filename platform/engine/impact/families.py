"""The families of findings, in the order in which a plan shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from engine.impact import (
    checks,
    links,
    narrowed,
    options,
    renames,
    required,
    types,
    unique,
)
from engine.impact.ground import Ground
from engine.schema.findings import Finding

Family = Callable[[Ground], Iterable[Finding]]

FAMILIES: Sequence[Family] = (
    required.newly_required,
    types.changed_types,
    options.gone_options,
    unique.newly_unique,
    checks.newly_checked,
    narrowed.narrowed_fields,
    links.narrowed_links,
    renames.probable_renames,
)
