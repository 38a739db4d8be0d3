"""What a plan of ten changes costs over 1,000,000 rows, on PostgreSQL."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.online import OnlineSite
from engine.schema.engines import open_databases
from engine.vault import scratch_vault

AIM = 10.0
"""Seconds that the plan may take."""
CHANGES = (
    ("deal", "weight: {type: text}", "weight: {type: number, scale: 1}"),
    ("deal", "  code: {type: text}", "  code: {type: text, required: true, max_length: 20}"),
    ("deal", ", f: F}}", "}, replace: {f: e}}"),
    ("deal", "amount: {type: number, scale: 2}", "amount: {type: number, scale: 2, max: 900000}"),
    ("deal", "  kind:", "  score: {type: number, formula: amount * 2, stored: true}\n  kind:"),
    ("deal", "views:", "unique: [[code]]\nviews:"),
    ("deal", "views:", "checks:\n  - {that: amount > 10, say: Too little}\nviews:"),
    ("deal", "  kind:", "  region: {type: text, required: true, default_for_existing: x}\n  kind:"),
    ("deal", "customer: {type: link, to: customer}",
     "customer: {type: link, to: customer, required: true}"),
    ("customer", "  rating: {type: integer}", "  rating: {type: integer, required: true, min: 2}"),
)  # fmt: skip


def measure_plans(url: str, rows: int) -> dict[str, float]:
    """Seconds of a plan with all the changes, with findings, on the empty PostgreSQL at `url`."""
    with tempfile.TemporaryDirectory(prefix="formwright-bench-") as name:
        databases = open_databases(url, vault=scratch_vault())
        try:
            site = OnlineSite(databases, Path(name))
            site.begin(rows)
            for object, before, after in CHANGES:
                site.change(object, before, after)
            site.replan()  # what is loaded once per process
            begin = time.perf_counter()
            plan = site.plan()
            seconds = time.perf_counter() - begin
        finally:
            databases.dispose()
    print(
        f"plan of {len(CHANGES)} changes over {rows:,} rows: {seconds:.1f} s, aim {AIM:.0f} s;"
        f" {len(plan.steps)} steps, {len(plan.findings)} findings",
        flush=True,
    )
    return {"seconds": seconds, "aim": AIM}
