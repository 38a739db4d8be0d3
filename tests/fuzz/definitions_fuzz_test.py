"""Mutated definition files give problems or load: never a traceback, never more than a second.

`make fuzz` tries 100,000 (`FORMWRIGHT_FUZZ` says how many) and tells how far it is.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from assembly.kinds import KINDS, TABLES
from engine.loading.loading import load
from engine.schema.tables import build_tables
from support.big_catalog import big_catalog
from support.mutating import mutant, names_in
from support.patience import cpu_seconds

CONFIG = Path(__file__).parents[2] / "config"
MANY = int(os.environ.get("FORMWRIGHT_FUZZ", "0"))
SAMPLE = {"generated": 110, "shipped": 10}
"""How many `make test` tries of each: of the shipped system few, since it is large."""
TOGETHER = 8
"""Where there is time, every other turn changes so many files at once."""
LIMIT = 1.0
"""Seconds of CPU that one may take."""
PART = {"generated": 0.95, "shipped": 0.05}


@pytest.fixture(params=list(SAMPLE))
def layer(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "layer"
    if request.param == "shipped":
        return Path(shutil.copytree(CONFIG, folder))
    return big_catalog(24, 240, wide=45).write(folder)


def test_mutations(layer: Path, request: pytest.FixtureRequest) -> None:
    """Any number of mutations, in one file or in several at a time."""
    which = request.node.callspec.params["layer"]
    number = int(MANY * PART[which]) or SAMPLE[which]
    seed = int(os.environ.get("FORMWRIGHT_FUZZ_SEED", "1"))
    chance = random.Random(f"{which} {seed}")
    files = sorted(path for path in layer.rglob("*.yaml") if "scenarios" not in path.parts)
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    words = names_in(iter(texts.values()))
    failed: list[str] = []
    loaded, done, turn = 0, 0, 0
    while done < number:
        chosen = chance.sample(files, TOGETHER if MANY and turn % 2 else 1)
        changed = {path: mutant(texts[path], chance, words) for path in chosen}
        with ExitStack() as stack:
            for path, text in changed.items():
                stack.enter_context(_instead(path, text, texts[path]))
            wrong, sound = _tried(layer)
        loaded += sound
        done, turn = done + len(changed), turn + 1
        if wrong:
            failed.append(f"{', '.join(path.name for path in changed)}: {wrong}")
            for path, text in changed.items():
                _keep(path, text, len(failed))
            if MANY:
                print(failed[-1], flush=True)
        if MANY and turn % 50 == 0:
            print(
                f"{which}: {done:,} of {number:,}, {loaded:,} loaded, {len(failed)} failed",
                flush=True,
            )
    assert failed == []
    assert loaded > 0


def _tried(layer: Path) -> tuple[str, bool]:
    """What went wrong, and whether the definitions could be used."""
    start = time.process_time()
    try:
        found = load([layer], KINDS)
        for problem in found.problems:
            assert problem.line("en") and problem.line("zh")
        if found.catalog is not None:
            build_tables(found.catalog, TABLES)
    except Exception as error:  # whatever it is, it is what is looked for
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        code = trace.tb_frame.f_code if trace else None
        where = f"{Path(code.co_filename).name}:{trace.tb_lineno}" if code and trace else ""
        return f"{type(error).__name__} in {where}: {error}"[:300], False
    took = time.process_time() - start
    if took > LIMIT + _usual(layer):  # the machine may be busy
        took = cpu_seconds(lambda: load([layer], KINDS))
    return (f"{took:.1f} s" if took > LIMIT + _usual(layer) else ""), found.catalog is not None


_USUAL: dict[Path, float] = {}


def _usual(layer: Path) -> float:
    """What the definitions take as they are: a machine may be slow."""
    if layer not in _USUAL:
        start = time.process_time()
        load([layer], KINDS)
        _USUAL[layer] = time.process_time() - start
    return _USUAL[layer]


@contextmanager
def _instead(path: Path, text: str, before: str) -> Iterator[None]:
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


def _keep(path: Path, text: str, number: int) -> None:
    """Keeps what failed where `FORMWRIGHT_FUZZ_KEEP` says."""
    if folder := os.environ.get("FORMWRIGHT_FUZZ_KEEP"):
        target = Path(folder) / f"{number:03}_{path.name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8", "surrogatepass"))
