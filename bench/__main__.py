"""`python -m bench`: prints each piece of work with its ratio to the hand-written route, how fast
effects are carried out, and what timers cost.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from bench import duplicates, effects, formulas
from bench.data import FULL, SMALL
from bench.measuring import Figure, meter_of
from bench.subjects import make_bench, scratch
from bench.timers import measure_timers

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bench import erp, online, plans, swap
from support import postgres

PARTS = ("work", "effects", "timers", "formulas", "erp", "duplicates", "swap", "online", "plan")
HEAD = f"{'work':28} {'CPU ours':>16} {'by hand':>16} {'ratio':>7} {'aim':>5} {'wall ours':>10}"


def main() -> int:
    """Measures, prints a table, and writes it as JSON where `--json FILE` asks for it."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a twentieth of the data")
    parser.add_argument("--only", choices=PARTS, help="one part of it")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    chosen = parser.parse_args()
    binaries = postgres.find_binaries()
    if binaries is None:
        print(postgres.NOT_FOUND, file=sys.stderr)
        return 1
    share = 20 if chosen.small else 1
    server = postgres.start(binaries)
    try:
        figures: dict[str, object] = {}
        if chosen.only in (None, "work"):
            figures |= _run(postgres.create_database(server.url, "bench"), chosen.small)
        if chosen.only in (None, "effects"):
            figures |= _effects(server.url)
        if chosen.only in (None, "formulas"):
            found = formulas.measure_formulas(postgres.create_database(server.url, "formulas"))
            formulas.show(found)
            figures["formulas"] = found
        if chosen.only in (None, "erp"):
            wide, company = (postgres.create_database(server.url, n) for n in ("wide", "company"))
            figures["erp"] = erp.measure((wide, company))
        if chosen.only in (None, "duplicates"):
            url = postgres.create_database(server.url, "duplicates")
            figures["duplicates"] = _duplicates(url, chosen.small)
        if chosen.only in (None, "swap"):
            figures["swap"] = swap.measure_swaps()
        if chosen.only in (None, "online"):
            url = postgres.create_database(server.url, "online")
            figures["online"] = online.measure_online(
                url, online.ROWS // (20 if chosen.small else 1)
            )
        if chosen.only in (None, "plan"):
            url = postgres.create_database(server.url, "plans")
            figures["plan"] = plans.measure_plans(url, online.ROWS // share)
        if chosen.only in (None, "timers"):
            url = postgres.create_database(server.url, "timers")
            figures["timers"] = _timers(url, chosen.small)
    finally:
        server.stop()
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2))
    return 0


def _run(url: str, small: bool) -> dict[str, object]:
    size = SMALL if small else FULL
    start = time.perf_counter()
    bench = make_bench(url, size)
    print(
        f"{size.opportunities:,} opportunities, {size.customers:,} customers,"
        f" made in {time.perf_counter() - start:.0f} s; CPU in ms (Python + PostgreSQL)\n{HEAD}"
    )
    figures: dict[str, object] = {}
    with bench.world.site.databases.reading() as connection:
        meter = meter_of(connection)
    for subject in bench.subjects():
        by_hand = meter.measure(subject.by_hand, times=subject.times)
        ours = meter.measure(subject.product, times=subject.times)
        ratio = ours.cpu / by_hand.cpu
        figures[subject.name] = {"ours": ours.cpu, "by hand": by_hand.cpu, "ratio": ratio}
        print(
            f"{subject.name:28} {_cpu(ours):>16} {_cpu(by_hand):>16}"
            f" {ratio:>6.2f}× {subject.aim:>4.1f}× {ours.wall:>7.2f} ms",
            flush=True,
        )
    with scratch() as folder:
        rows, bare = bench.import_customers(Path(folder))
    figures["import"] = {"rows/s": rows, "bare COPY rows/s": bare}
    print(f"import of 50,000 customers: {rows:,.0f} rows/s with all rules; bare COPY {bare:,.0f}")
    return figures


def _duplicates(url: str, small: bool) -> dict[str, object]:
    """What match rules cost: on an SQLite file, and on the empty PostgreSQL at `url`."""
    found: dict[str, object] = {}
    with scratch() as name:
        sqlite = f"sqlite:///{Path(name) / 'duplicates.db'}"
        for kind, one in (("sqlite", sqlite), ("postgresql", url)):
            figures = duplicates.measure_duplicates(one, 0.05 if small else 1.0)
            duplicates.show(kind, figures)
            found[kind] = figures
    return found


def _timers(url: str, small: bool) -> dict[str, object]:
    """The timers of both databases: an SQLite file, and the empty PostgreSQL at `url`."""
    with scratch() as name:
        folder, part = Path(name), 0.05 if small else 1.0
        return {
            "sqlite": measure_timers(f"sqlite:///{folder / 'timers.db'}", folder, part),
            "postgresql": measure_timers(url, folder, part),
        }


def _effects(server_url: str) -> dict[str, object]:
    os.environ["FORMWRIGHT_TEST_POSTGRES_URL"] = server_url
    figures: dict[str, object] = {}
    for kind in ("sqlite", "postgresql"):
        figures[f"effects on {kind}"] = found = effects.measure(kind)
        effects.show(kind, found)
    return figures


def _cpu(figure: Figure) -> str:
    return f"{figure.cpu:.2f} ({figure.python:.1f}+{figure.database:.1f})"


if __name__ == "__main__":
    raise SystemExit(main())
