"""What match rules cost: an import with and without them, a look-up while typing, a scan.

The rules are those of a customer: the same name, a similar one, the same telephone, the same tax
number. Every twentieth name is one from before, written differently.
"""

from __future__ import annotations

import csv
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from assembly.application import Application
from assembly.establishing import establish
from engine.files import Files
from engine.matching.searching import search_duplicates
from engine.permissions.actors import SYSTEM
from engine.schema.engines import open_databases
from exchange.importing import Order, run_import
from exchange.scan_work import ScanRequest, scan_here

IMPORTED, SCANNED, LOOKED = 50_000, 100_000, 200
_FIELDS = """
owned: false
title: name
fields:
  name: {type: text, required: true}
  phone: {type: phone}
  tax: {type: text}
"""
_RULES = """
duplicates:
  - {name: same_name, match: {name: company}}
  - {name: similar_name, match: {name: company}, fuzzy: {name: 88}}
  - {name: same_tax, match: {tax: code}}
  - {name: same_phone, match: {phone: phone}}
"""
_BRAND = (
    "华强润泽恒信永安远航明达金海宏图瑞丰中科天宇东方新光鼎盛嘉禾博雅长青卓越汇通星河同德正阳兆丰"
)
_PLACES = ("上海", "深圳市", "杭州", "苏州", "北京", "广州市", "成都", "武汉", "南京", "宁波")
_TRADES = ("电子科技", "流体控制技术", "机械设备", "新材料", "食品", "化工", "生物制药", "环保工程")


def measure_duplicates(url: str, share: float = 1.0) -> dict[str, float]:
    """The figures on the empty database at `url`, with that share of the rows."""
    with TemporaryDirectory(prefix="formwright-bench-") as name:
        folder = Path(name)
        layer = folder / "layer"
        (layer / "objects").mkdir(parents=True)
        (layer / "site.yaml").write_text("site: Bench\n")
        for object, rules in (("bare", ""), ("ruled", _RULES)):
            text = f"object: {object}{_FIELDS}{rules.lstrip()}"
            (layer / "objects" / f"{object}.yaml").write_text(text)
        databases = open_databases(url)
        try:
            return _figures(establish(databases, [layer]), folder, share)
        finally:
            databases.dispose()


def show(kind: str, figures: dict[str, float]) -> None:
    """Prints the figures of one kind of database."""
    print(
        f"duplicates on {kind}: " + ", ".join(f"{k} {v:,.2f}" for k, v in figures.items()),
        flush=True,
    )


def _figures(application: Application, folder: Path, share: float) -> dict[str, float]:
    imported, scanned = int(IMPORTED * share), int(SCANNED * share)
    first, second = folder / "first.csv", folder / "second.csv"
    rows = list(_rows(scanned))
    _write(first, rows[:imported])
    _write(second, rows[imported:])
    bare = _timed(lambda: _import(application, "bare", first))
    ruled = _timed(lambda: _import(application, "ruled", first))
    _import(application, "ruled", second)
    with application.databases.writing() as connection:
        connection.exec_driver_sql("ANALYZE")
    definition = application.catalog.objects["ruled"]
    times = []
    for name, phone, _ in rows[:: max(1, len(rows) // LOOKED)]:
        typed = {"name": f"{name}司", "phone": phone}
        found = lambda t=typed: search_duplicates(application.gate, SYSTEM, definition, t)  # noqa: E731
        times.append(_timed(found)[0] * 1_000)
    before = _memory()
    files = Files("files", folder, "work")
    groups = 0

    def scan() -> None:
        nonlocal groups
        request = ScanRequest(object="ruled")
        ended = scan_here(application.gate, SYSTEM, files, request, lambda done, total: None)
        groups = ended.counts.get("groups", 0)

    scanning = _timed(scan)
    return {
        "rows imported": imported,
        "import without rules, CPU s": bare[0],
        "import with rules, CPU s": ruled[0],
        "ratio": ruled[0] / bare[0],
        "import without rules, s": bare[1],
        "import with rules, s": ruled[1],
        "look-up, CPU ms": statistics.median(times),
        "records scanned": scanned,
        "scan, CPU s": scanning[0],
        "scan, s": scanning[1],
        "groups": groups,
        "scan's memory, MB": _memory() - before,
    }


def _rows(count: int) -> Iterator[tuple[str, str, str]]:
    """Names, telephones and tax numbers; every twentieth name is another spelling of one before."""
    names: list[str] = []
    for number in range(count):
        if number % 20 == 19:
            name = names[number * 7 % len(names)].replace("有限公司", " 股份有限公司")
        else:
            mixed = number * 2_654_435_761
            brand = "".join(_BRAND[(mixed >> shift) % len(_BRAND)] for shift in (3, 11, 19))
            place, trade = _PLACES[mixed % 10], _TRADES[(mixed >> 7) % len(_TRADES)]
            name = f"{place}{brand}{trade}有限公司"
        names.append(name)
        yield name, f"021-{20_000_000 + number:08}", f"9131{number:014}"


def _write(path: Path, rows: list[tuple[str, str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("name", "phone", "tax"))
        writer.writerows(rows)


def _import(application: Application, object: str, path: Path) -> None:
    order = Order(object=object, path=path, confirm_duplicates=True)
    report = run_import(application.gate, SYSTEM, order)
    if report.rejected:
        raise RuntimeError(f"{report.rejected} rows were rejected")


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """CPU of this process, and wall time, in seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def _memory() -> float:
    """The most memory that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
