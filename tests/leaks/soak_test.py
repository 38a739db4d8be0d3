"""The long form of the leak test: FORMWRIGHT_SOAK=1 (`make soak`), 50,000 triples and more.

Sites in turn, shipped and random ones, until there are enough; FORMWRIGHT_LEAK_TRIPLES asks for
more of them, FORMWRIGHT_LEAK_SEED for other sites. The figures stand in docs/security-proof.md.
"""

from __future__ import annotations

import os
import time
from itertools import count
from pathlib import Path

import pytest

from leaks.runs import running
from leaks.trying import Outcome, Share

WANTED = int(os.environ.get("FORMWRIGHT_LEAK_TRIPLES", "50000"))
FIRST = int(os.environ.get("FORMWRIGHT_LEAK_SEED", "100"))
PEOPLE = 4
MIXED = Share(topics=6, answers=4)


@pytest.mark.skipif("FORMWRIGHT_SOAK" not in os.environ, reason="takes many minutes (make soak)")
def test_many_triples_tell_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not one answer differs, for anybody, on any path."""
    total, began = Outcome(), time.process_time()
    kinds: dict[str, Outcome] = {"random": Outcome(), "shipped": Outcome()}
    for seed in count(FIRST):
        kind = "shipped" if seed % 3 == 2 else "random"
        folder = tmp_path / str(seed)
        folder.mkdir()
        with running(folder, kind, seed, PEOPLE) as run:
            for outcome in run.try_all(seed, MIXED):
                kinds[kind].add(outcome)
                total.add(outcome)
                with capsys.disabled():
                    print(f"{kind} {seed}: {total.told()}", flush=True)
                    for leak in outcome.leaks[:5]:
                        print(f"  {leak}", flush=True)
        if total.total >= WANTED and all(found.total for found in kinds.values()):
            break
    with capsys.disabled():
        for name, found in kinds.items():
            print(f"{name}: {found.told()}")
        print(f"{time.process_time() - began:,.0f} s of CPU; {sorted(total.triples.items())}")
    assert not total.leaks, "\n".join(map(str, total.leaks[:20]))
