"""What stored values cost that follow other records: one more child, a target's dependents.

1. A rollup over `MANY` children and one over ten: the time of adding one more child to each.
2. A field that `DEPENDENTS` records read through their link: the time of changing it.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from assembly.application import Application
from assembly.establishing import establish
from engine.permissions.actors import SYSTEM
from engine.records.verifying import verify
from engine.schema.engines import open_databases

MANY, FEW, DEPENDENTS = 100_000, 10, 10_000
_OBJECTS = {
    "parent": """
object: parent
owned: false
fields:
  name: {type: text}
  rate: {type: number, default: 1}
  children: {type: related, of: child}
  total: {type: money, rollup: sum(c.amount for c in children if c.amount > 0)}
  number_of: {type: integer, rollup: count(c for c in children)}
  largest: {type: money, rollup: max(c.amount for c in children)}
""",
    "child": """
object: child
owned: false
fields:
  name: {type: text}
  parent: {type: link, to: parent}
  amount: {type: money, default: 1}
  rated: {type: money, stored: true, formula: amount * parent.rate}
""",
}


def measure_formulas(url: str) -> dict[str, float]:
    """The figures, in milliseconds, on the empty database at `url`."""
    with TemporaryDirectory() as folder:
        layer = Path(folder)
        (layer / "objects").mkdir()
        (layer / "site.yaml").write_text("site: Bench\n")
        for name, text in _OBJECTS.items():
            (layer / "objects" / f"{name}.yaml").write_text(text.lstrip())
        databases = open_databases(url)
        try:
            application = establish(databases, [layer])
            _fill(application)
            return _figures(application)
        finally:
            databases.dispose()


def _fill(application: Application) -> None:
    """Writes the records past the gate, but right."""
    tables = application.tables
    with application.databases.writing() as connection:
        for parent, number in enumerate((MANY, FEW, DEPENDENTS), start=1):
            kept = {"total": number, "number_of": number, "largest": 1}
            row = {"id": parent, "version": 1, "rate": 1, **kept}
            connection.execute(sa.insert(tables.table("parent")), row)
            child = {"parent": parent, "amount": 1, "rated": 1, "version": 1}
            connection.execute(sa.insert(tables.table("child")), [child] * number)
    with application.databases.writing() as connection:
        connection.exec_driver_sql("ANALYZE")


def _figures(application: Application) -> dict[str, float]:
    gate = application.gate

    def added(parent: int) -> float:
        times = []
        for _ in range(50):
            start = time.perf_counter()
            gate.create(SYSTEM, "child", [{"parent": parent}])
            times.append(time.perf_counter() - start)
        return statistics.median(times) * 1_000

    few, many = added(2), added(1)
    start = time.perf_counter()
    gate.update(SYSTEM, "parent", 3, {"rate": 2})
    moved = (time.perf_counter() - start) * 1_000
    start = time.perf_counter()
    drifts = sum(1 for _ in verify(gate))
    verified = (time.perf_counter() - start) * 1_000
    assert drifts == 0
    return {
        f"one more child of {FEW:,}": few,
        f"one more child of {MANY:,}": many,
        f"a target with {DEPENDENTS:,} dependents": moved,
        f"verify {MANY + DEPENDENTS:,} records": verified,
    }


def show(figures: dict[str, float]) -> None:
    """Prints the figures."""
    for name, milliseconds in figures.items():
        print(f"{name:40} {milliseconds:10,.1f} ms")
