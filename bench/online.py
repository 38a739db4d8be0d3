"""Changes of a table of 1,000,000 rows on PostgreSQL: who waits, and for how long."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from assembly.application import utc_now
from assembly.establishing import establish
from assembly.filling import filler
from assembly.kinds import KINDS
from assembly.proposing import planner
from bench.probing import Waits, probing
from engine.loading.loading import load
from engine.schema.applying import apply_plan
from engine.schema.engines import Databases, open_databases
from engine.schema.fence import FENCE
from engine.schema.planning import Plan
from engine.schema.publishing import Publishing, Replan
from engine.vault import scratch_vault

CUSTOMERS = 10_000
ROWS = 1_000_000
KINDS_OF = "abcdef"
CUSTOMER = """
object: customer
title: name
owned: false
fields:
  name: {type: text, required: true}
  deals: {type: related, of: deal, by: customer}
  rating: {type: integer}
"""
DEAL = """
object: deal
title: name
owned: false
fields:
  name: {type: text, required: true}
  code: {type: text}
  customer: {type: link, to: customer}
  amount: {type: number, scale: 2}
  weight: {type: text}
  place: {type: text}
  kind: {type: choice, options: {a: A, b: B, c: C, d: D, e: E, f: F}}
views:
  all: {label: All, sort: -amount, columns: [name, amount]}
  kinds: {label: Kinds, where: kind == "a", sort: name, columns: [name]}
"""
CHANGES: tuple[tuple[str, str, str, str], ...] = (
    ("add a field", "deal", "  kind:", "  note: {type: text}\n  kind:"),
    (
        "a required field with default_for_existing", "deal", "  kind:",
        "  region: {type: choice, options: {n: N, s: S}, required: true,"
        " default_for_existing: s}\n  kind:",
    ),
    ("text becomes a number (convert)", "deal", "weight: {type: text}",
     "weight: {type: number, scale: 1}"),
    ("a new stored formula", "deal", "  kind:",
     "  score: {type: number, scale: 2, formula: amount * customer.rating, stored: true}\n  kind:"),
    (
        "a new rollup (10,000 over all rows)", "customer", "  rating: {type: integer}",
        "  rating: {type: integer}\n  total: {type: number, scale: 2, rollup:"
        " sum(one.amount for one in deals)}",
    ),
    ("a new unique key", "deal", "views:", "unique: [[code]]\nviews:"),
    ("a changed stored formula", "deal",
     "formula: amount * customer.rating, stored", "formula: amount * customer.rating + 1, stored"),
    ("a default for a field that is empty", "deal", "place: {type: text}",
     "place: {type: text, default_for_existing: here}"),
    ("a removed option with replace (a sixth)", "deal",
     "options: {a: A, b: B, c: C, d: D, e: E, f: F}}",
     "options: {a: A, b: B, c: C, d: D, e: E}, replace: {f: e}}"),
)  # fmt: skip
FILL = """
INSERT INTO deal (name, name__f, name__s, code, customer, amount, weight, kind,
                  created_on, changed_on, version)
SELECT 'Deal ' || i, 'deal ' || i, 'deal ' || i, 'C' || i, 1 + (i * 7919::bigint) % :customers,
       ((i * 104729::bigint) % 100000000) / 100.0, (i % 1000) || '.5',
       (ARRAY['a', 'b', 'c', 'd', 'e', 'f'])[1 + i % 6], now(), now(), 1
FROM generate_series(1, :rows) AS i
"""
FILL_CUSTOMERS = """
INSERT INTO customer (name, name__f, name__s, rating, created_on, changed_on, version)
SELECT 'Company ' || i, 'company ' || i, 'company ' || i, 1 + i % 5, now(), now(), 1
FROM generate_series(1, :rows) AS i
"""


def measure_online(url: str, rows: int = ROWS) -> dict[str, Any]:
    """The figures of every change on the empty PostgreSQL at `url`, printed as they come."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="formwright-bench-") as name:
        databases = open_databases(url, vault=scratch_vault())
        try:
            site = OnlineSite(databases, Path(name))
            site.begin(rows)
            with probing(url, "deal", "amount", rows) as waits:
                time.sleep(10)
            print(f"{rows:,} rows; nothing is applied for 10 s: {waits.said()}", flush=True)
            found["at rest"] = _figures(waits)
            for text, object, before, after in CHANGES:
                site.change(object, before, after)
                with probing(url, "deal", "amount", rows) as waits:
                    seconds, held = site.apply()
                print(
                    f"{text:45} {seconds:7.1f} s, fence held {held * 1000:,.0f} ms; {waits.said()}",
                    flush=True,
                )
                found[text] = {"seconds": seconds, "fence held, ms": held * 1000} | _figures(waits)
        finally:
            databases.dispose()
    return found


def _figures(waits: Waits) -> dict[str, float]:
    return {
        "writers, longest, ms": Waits.worst(waits.writing),
        "readers, longest, ms": Waits.worst(waits.reading),
    }


class OnlineSite:
    """Definitions that change, and the database that they are applied to."""

    def __init__(self, databases: Databases, folder: Path) -> None:
        self.databases, self.folder = databases, folder
        (folder / "objects").mkdir()
        (folder / "site.yaml").write_text("site: Bench\n")
        self.held = 0.0

    def begin(self, rows: int) -> None:
        """The tables with their rows."""
        for object, text in (("customer", CUSTOMER), ("deal", DEAL)):
            (self.folder / "objects" / f"{object}.yaml").write_text(text.lstrip())
        establish(self.databases, [self.folder])
        customers = min(CUSTOMERS, rows // 10)
        with self.databases.writing() as connection:
            connection.execute(sa.text(FILL_CUSTOMERS), {"rows": customers})
            connection.execute(sa.text(FILL), {"rows": rows, "customers": customers})
        with self.databases.writes.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(sa.text("VACUUM ANALYZE"))

    def change(self, object: str, before: str, after: str) -> None:
        """Changes a file."""
        file = self.folder / "objects" / f"{object}.yaml"
        text = file.read_text()
        assert before in text, before
        file.write_text(text.replace(before, after, 1))

    def replan(self) -> Replan:
        """What makes the plan."""
        loaded = load([self.folder], KINDS)
        assert not loaded.problems, "\n".join(problem.line() for problem in loaded.problems)
        return planner(loaded)

    def plan(self) -> Plan:
        """The plan."""
        with self.databases.reading() as connection:
            return self.replan()(connection)

    def apply(self) -> tuple[float, float]:
        """Applies the files; seconds that it took, and that the fence was held."""
        replan = self.replan()
        with self.databases.reading() as connection:
            plan = replan(connection)
        publishing = Publishing(by="bench", now=utc_now(), fill=filler(self.databases, utc_now))
        begin = time.perf_counter()
        with _timing_fence(self.databases.writes) as held:
            apply_plan(self.databases, plan, replan, publishing, allow_loss=True)
        return time.perf_counter() - begin, held()


class _timing_fence:
    """How long the exclusive fence was held, from when it was had to the commit."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine, self.since, self.seconds = engine, 0.0, 0.0

    def __enter__(self) -> Callable[[], float]:
        sa.event.listen(self.engine, "after_cursor_execute", self._after)
        sa.event.listen(self.engine, "commit", self._commit)
        return lambda: self.seconds

    def __exit__(self, *_: object) -> None:
        sa.event.remove(self.engine, "after_cursor_execute", self._after)
        sa.event.remove(self.engine, "commit", self._commit)

    def _after(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement == f"SELECT pg_advisory_xact_lock({FENCE})":
            self.since = time.perf_counter()

    def _commit(self, connection: Any) -> None:
        if self.since:
            self.seconds = time.perf_counter() - self.since
            self.since = 0.0
