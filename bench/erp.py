"""What a definition may grow to: 500 objects, 250 fields, 2,000 lines, 200 people, deep trees."""

from __future__ import annotations

import gc
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from assembly.establishing import establish
from assembly.kinds import KINDS
from engine.loading.loading import load
from engine.permissions.actors import SYSTEM
from engine.records.query import Query
from engine.schema.engines import open_databases
from engine.vault import scratch_vault
from support.big_catalog import big_catalog
from support.sites import Clock
from support.small import PEOPLE, SmallSite, actor, write_files

SIZES = (50, 100, 250, 500)
LINES = 2_000
TEAM = 200
ROWS = 100_000
REGIONS = 1_000

COMPANY = (
    PEOPLE.replace(
        "  manager: {type: link, to: person, on_delete: clear}",
        "  manager: {type: link, to: person, on_delete: clear}\n  region: {type: link, to: region}",
    )
    + """
---
object: region
owned: false
fields:
  name: {type: text, required: true}
  above: {type: parent}
---
object: deal
fields:
  name: {type: text, required: true}
  region: {type: link, to: region}
  other: {type: link, to: region}
  amount: {type: money}
views:
  all: {label: All, sort: -amount, columns: [name, amount]}
---
object: paper
fields:
  name: {type: text, required: true}
  lines: {type: lines, of: paper_line}
  total: {type: money, rollup: sum(line.amount for line in lines)}
---
object: paper_line
fields:
  paper: {type: link, to: paper, required: true}
  name: {type: text, required: true}
  pieces: {type: number, scale: 2, default: 1}
  price: {type: money, default: 1}
  amount: {type: money, formula: "round(pieces * price, 2)"}
---
role: manager
grants:
  deal: {read: team, fields: {"*": read}}
---
role: everything
grants:
  deal: {read: all, fields: {"*": read}}
  region: {read: all, fields: {"*": read}}
---
role: regional
grants:
  deal: {read: "under(region, user.region)", fields: {"*": read}}
  region: {read: all, fields: {"*": read}}
  person: {read: all, fields: {"*": read}}
"""
)


def measure(postgresql: tuple[str, str]) -> dict[str, object]:
    """All of it, printed; on SQLite, and on the two empty databases of a PostgreSQL."""
    growth = measure_growth()
    print("load and check, CPU: " + ", ".join(f"{n} objects {s:.2f} s" for n, s in growth.items()))
    found: dict[str, object] = {"growth": growth}
    with tempfile.TemporaryDirectory() as folder:
        sqlite = (f"sqlite:///{folder}/wide.db", f"sqlite:///{folder}/company.db")
        for kind, (wide, company) in (("sqlite", sqlite), ("postgresql", postgresql)):
            print(f"{kind}, wall milliseconds:")
            figures = measure_erp(wide) | measure_company(company)
            for name, milliseconds in figures.items():
                print(f"{name:45} {milliseconds:10.2f}", flush=True)
            found[kind] = figures
    return found


def measure_growth() -> dict[str, float]:
    """CPU seconds to load and check catalogs of growing size; 18 fields an object."""
    load([Path(__file__).parents[1] / "config"], KINDS)  # what is loaded once per process
    figures = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            layer = big_catalog(size, 18 * size).write(Path(folder))
            gc.collect()
            start = time.process_time()
            found = load([layer], KINDS)
            figures[str(size)] = time.process_time() - start
            assert not found.problems, found.problems[0].line()
    return figures


def measure_erp(url: str) -> dict[str, float]:
    """Milliseconds of each piece of work on the empty database at `url`."""
    with tempfile.TemporaryDirectory() as folder:
        return _wide(url, Path(folder))


def measure_company(url: str) -> dict[str, float]:
    """Milliseconds of lines, scopes and trees on the empty database at `url`."""
    with tempfile.TemporaryDirectory() as folder:
        databases = open_databases(url, vault=scratch_vault())
        try:
            layer = write_files(Path(folder), COMPANY)
            site = SmallSite(establish(databases, [layer], clock=Clock()), databases, Clock())
            return _lines(site) | _scopes(site)
        finally:
            databases.dispose()


def _wide(url: str, folder: Path) -> dict[str, float]:
    catalog = big_catalog(12, 12 * 18 + 250)
    databases = open_databases(url, vault=scratch_vault())
    try:
        application = establish(databases, [catalog.write(folder)], clock=Clock())
        gate, reader = application.gate, application.reader
        given = catalog.values_of("thing_000")
        made = gate.create(SYSTEM, "thing_000", [given | {"name": f"N{i}"} for i in range(50)])
        id = made[0].id
        assert id is not None
        count = iter(range(10_000))
        return {
            "250 fields, list of 25": _ms(lambda: reader.page(SYSTEM, "thing_000", Query())),
            "250 fields, list of 25, 8 columns": _ms(
                lambda: reader.page(
                    SYSTEM, "thing_000",
                    Query(fields=tuple(catalog.definition("thing_000")["fields"])[:8]),
                )
            ),
            "250 fields, create": _ms(lambda: gate.create(SYSTEM, "thing_000", [given])),
            "250 fields, change one": _ms(
                lambda: gate.update(SYSTEM, "thing_000", id, {"name": f"M{next(count)}"})
            ),
        }  # fmt: skip
    finally:
        databases.dispose()


def _lines(site: SmallSite) -> dict[str, float]:
    lines = [{"name": f"line {i}", "pieces": "2.5", "price": "9.90"} for i in range(LINES)]
    start = time.perf_counter()
    paper = site.create("paper", name="long", lines=lines)
    created = (time.perf_counter() - start) * 1000
    record = site.read("paper", paper)
    ids = [line.id for line in record.values["lines"]]
    count = iter(range(10_000))

    def one_line() -> None:
        changed = [{"id": ids[7], "pieces": str(next(count))}, *({"id": i} for i in ids[8:])]
        site.update("paper", paper, lines=[*({"id": i} for i in ids[:7]), *changed])

    return {
        "2,000 lines, create": created,
        "2,000 lines, change one line, all sent": _ms(one_line, times=5),
        "2,000 lines, change the head": _ms(
            lambda: site.update("paper", paper, name=f"n{next(count)}"), times=9
        ),
        "2,000 lines, read": _ms(lambda: site.read("paper", paper), times=5),
    }


def _scopes(site: SmallSite) -> dict[str, float]:
    chance = random.Random(3)
    regions: list[int] = []
    for number in range(REGIONS):
        above = regions[chance.randrange(len(regions))] if number >= 10 else None
        regions.append(site.create("region", name=f"r{number}", above=above))
    boss = site.create("person", name="boss", region=regions[0])
    team = [boss]
    for number in range(TEAM - 1):
        team.append(site.create("person", name=f"p{number}", manager=boss))
    _deals(site, team, regions, chance)
    manager = actor(boss, "manager", team=tuple(team))
    everything, regional = actor(boss, "everything"), actor(boss, "regional")
    listed = Query(sort=("-amount",))
    page = site.reader.page
    plain = _ms(lambda: page(everything, "deal", listed))
    managed = _ms(lambda: page(manager, "deal", listed))
    row = Query(sort=("-amount",), where="under(region, other)")
    leaf, top = regions[-1], regions[0]
    count = iter(range(100_000))

    def move() -> None:
        site.update("region", top, above=leaf if next(count) % 2 else None)

    leaf = next(r for r in reversed(regions) if r not in _below(site, top))
    return {
        "list of 25, everything": plain,
        "list of 25, manager of 200": managed,
        "manager / everything": managed / plain,
        "list of 25, under(region, user.region)": _ms(lambda: page(regional, "deal", listed)),
        "list of 25, under(region, other)": _ms(lambda: page(everything, "deal", row)),
        "move of a branch": _ms(move),
        "regions in that branch": float(len(_below(site, top))),
    }


def _below(site: SmallSite, id: int) -> frozenset[int]:
    with site.databases.reading() as connection:
        return site.gate.hierarchy.below(connection, "region", id)


def _deals(site: SmallSite, team: list[int], regions: list[int], chance: random.Random) -> None:
    for start in range(0, ROWS, 10_000):
        rows = [
            {
                "name": f"deal {start + i}",
                "amount": str(chance.randrange(1, 1_000_000)),
                "region": chance.choice(regions),
                "other": chance.choice(regions),
                "owner": chance.choice(team),
            }
            for i in range(10_000)
        ]
        site.gate.create(SYSTEM, "deal", rows)
    with site.databases.writing() as connection:
        connection.execute(sa.text("ANALYZE"))


def _ms(work: Callable[[], object], *, times: int = 25) -> float:
    """The median of several runs, in milliseconds, after two that do not count."""
    work()
    work()
    walls = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        walls.append((time.perf_counter() - start) * 1000)
    return statistics.median(walls)
