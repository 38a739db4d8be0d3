"""The leak test finds what is broken on purpose, and says on which path."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from leaks.faults import FAULTS, Fault, broken
from leaks.runs import Run
from leaks.topics import PATHS
from leaks.trying import Pair, Share, compared, paired
from leaks.twins import World

SEEDS = (11, 12)
PEOPLE = 6
LOOKED_AT = Share(topics=12, answers=12, leaks=1)


@pytest.fixture(scope="module")
def pairs(made_up: Run) -> Iterator[list[tuple[int, int]]]:
    """Examples in the order in which they are tried."""
    yield [(seed, person) for seed in SEEDS for person in range(PEOPLE)]


_made: dict[tuple[int, int], Pair | None] = {}
_worlds: dict[int, World] = {}


@pytest.fixture(scope="module", autouse=True)
def forgotten() -> Iterator[None]:
    """What was made for this module is of no use to another."""
    yield
    _made.clear()
    _worlds.clear()


def pair_of(run: Run, seed: int, person: int) -> Pair | None:
    """The pair, made once; its copies become "world" and "twin"."""
    stage, name = run.stage, f"{seed}_{person}"
    if (seed, person) not in _made:
        if seed not in _worlds:
            _worlds[seed] = run.world(seed)
            stage.save(f"world_{seed}")
        found = paired(stage, _worlds[seed], stage.whos[person], seed)
        if found is not None:
            stage.restore("twin")
            stage.save(f"twin_{name}")
        _made[seed, person] = found
    if _made[seed, person] is not None:
        for kept, copy in ((f"world_{seed}", "world"), (f"twin_{name}", "twin")):
            stage.restore(kept)
            stage.save(copy)
    return _made[seed, person]


SOAK = "FORMWRIGHT_SOAK" in os.environ
TRIED = FAULTS if SOAK else FAULTS[:7]
"""The long form tries all of them."""


@pytest.mark.parametrize("fault", TRIED, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_fault_is_found(
    made_up: Run, pairs: list[tuple[int, int]], fault: Fault, capsys: pytest.CaptureFixture[str]
) -> None:
    """Within twelve examples, on one of the paths that it breaks."""
    ways = [PATHS[name] for name in fault.paths]
    for number, (seed, person) in enumerate(pairs, 1):
        pair = pair_of(made_up, seed, person)
        if pair is None:
            continue
        with broken(fault, made_up.stage):
            leaks = compared(pair, ways, LOOKED_AT).leaks
        if leaks:
            assert not leaks[0].how.startswith("it failed"), leaks[0].how
            with capsys.disabled():
                print(f"\n  {fault.name}: {leaks[0].path}, example {number}: {leaks[0].request}")
            return
    pytest.fail(f"{fault.name} was not found in {len(pairs)} examples")
