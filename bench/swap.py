"""What taking a new revision costs a process: CPU of the swap, with 50 and with 200 objects."""

from __future__ import annotations

import gc
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from assembly.establishing import establish
from assembly.revisions import Site
from engine.loading.storing import dump, restore
from engine.schema.engines import open_databases
from engine.schema.state import current, read_keys, write_revision
from engine.vault import scratch_vault
from support.big_catalog import big_catalog

SIZES = {50: 0.3, 200: 1.0}
"""Numbers of objects (18 fields each), and the seconds of CPU that a swap may take."""
CHANGED = "thing_010"
"""The object that each of the published revisions changes."""
TIMES = 7
MANY = {50: 50, 200: 5}
"""Swaps between which memory is compared."""


def measure_swaps() -> dict[str, object]:
    """CPU seconds of swaps in a process that has done some before: the median and the worst.

    Building the application, clearing what knew the old one, and collecting it.
    """
    found: dict[str, object] = {}
    for size, aim in SIZES.items():
        with tempfile.TemporaryDirectory() as name:
            seconds, memory, grown = _swaps(size, Path(name))
        median, worst = seconds[len(seconds) // 2], seconds[-1]
        found[str(size)] = {
            "median": median,
            "worst": worst,
            "aim": aim,
            "objects kept": memory,
            "MB kept": grown,
        }
        print(
            f"swap with {size} objects: {median:.2f} s CPU, worst {worst:.2f} s, aim {aim} s;"
            f" {memory:+,} objects and {grown:+.1f} MB in memory after {MANY[size]} more",
            flush=True,
        )
    return found


def _swaps(size: int, folder: Path) -> tuple[list[float], int, float]:
    """The seconds of each swap, the least first; by how many objects and MB memory has grown."""
    databases = open_databases(f"sqlite:///{folder}/swap.db", vault=scratch_vault())
    try:
        establish(databases, [big_catalog(size, 18 * size).write(folder)])
        site = Site(databases)
        gc.collect()
        gc.freeze()  # as `serve` does
        seconds = sorted(_publish(site, number) for number in range(TIMES))
        gc.collect()
        before, megabytes = len(gc.get_objects()), _resident()
        for number in range(MANY[size]):
            _publish(site, TIMES + number)
        gc.collect()
        return seconds, len(gc.get_objects()) - before, _resident() - megabytes
    finally:
        gc.unfreeze()
        databases.dispose()


def _resident() -> float:
    """Megabytes of this process's memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _publish(site: Site, number: int) -> float:
    """Publishes an object with one field instead of another; the CPU seconds until it is served."""
    with site.databases.writing() as connection:
        applied = current(connection)
        assert applied is not None
        trees = restore(json.loads(applied.definitions))
        name = CHANGED
        tree = trees["object"][name]
        fields, label = tree.get("fields"), tree.get("label")
        assert fields and label and isinstance(fields.value, dict)
        added = replace(fields, value={"type": replace(label, value="text")})
        kept = {key: value for key, value in fields.value.items() if not key.startswith("more_")}
        fields = replace(fields, value={**kept, f"more_{number}": added})
        trees["object"][name] = replace(tree, value={**dict(tree.items()), "fields": fields})
        write_revision(
            connection, definitions=json.dumps(dump(trees), ensure_ascii=False),
            digest=f"{number}", by="bench", now=applied.at, keys=read_keys(connection),
        )  # fmt: skip
    start = time.process_time()
    assert site.refresh(wait=True)
    return time.process_time() - start
