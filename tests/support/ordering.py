"""The order in which the tests are shared out among processes: what takes long comes first.

pytest-xdist (`--dist worksteal`) gives each process an equal share of the list, a piece of it, and
whoever has nothing left to do takes from the end of what another one has. So the long ones stand
at the beginning of the pieces, each piece with about as much of them; what is left for the end is
short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

LONG: Mapping[str, int] = {
    "tests/acceptance/": 250,
    "tests/jobs/schedulers_test.py": 120,
    "tests/chaos/": 110,
    "tests/cli/worker_test.py": 90,
    "tests/leaks/": 75,
    "tests/catalog500/": 70,
    "tests/cli/walked_guide_test.py": 60,
    "tests/webapp/studio/": 50,
    "tests/webapp/screens/every_screen_test.py": 50,
    "tests/cli/sites_command_test.py": 45,
    "tests/scenarios/": 45,
    "tests/engine/permissions/leaks_test.py": 40,
    "tests/engine/records/why/": 40,
    "tests/engine/expressions/law_test.py": 35,
    "tests/cli/serving_test.py": 35,
    "tests/exchange/crm_sales_test.py": 35,
    "tests/cli/rehearsing_test.py": 30,
    "tests/jobs/work_crash_test.py": 30,
    "tests/demo/": 30,
    "tests/cli/demo_test.py": 25,
    "tests/engine/records/random_catalogs_test.py": 25,
    "tests/engine/records/concurrent_formulas_test.py": 25,
    "tests/fuzz/": 25,
    "tests/cli/demo_redis_test.py": 15,
}
"""About how many seconds the tests take whose names begin like this, the longest first."""

Test = TypeVar("Test")


def shared_out(tests: Sequence[tuple[str, Test]], processes: int) -> list[Test]:
    """The tests, each with its name, in the order for so many processes."""
    long: dict[str, list[Test]] = {begin: [] for begin in LONG}
    short: list[Test] = []
    for name, test in tests:
        begin = next((begin for begin in LONG if name.startswith(begin)), "")
        (long[begin] if begin else short).append(test)
    fronts: list[list[Test]] = [[] for _ in range(processes)]
    seconds = [0] * processes
    for begin, group in long.items():
        if group:
            number = seconds.index(min(seconds))
            fronts[number] += group
            seconds[number] += LONG[begin]
    ordered: list[Test] = []
    left = len(tests)
    for number, front in enumerate(fronts):
        piece = left // (processes - number)
        room = max(0, piece - len(front))
        ordered += [*front, *short[:room]]
        short = short[room:]
        left -= piece
    return [*ordered, *short]
