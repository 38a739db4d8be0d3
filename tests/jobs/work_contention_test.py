"""Several workers with leases that run out all the time: every row is written once, in order."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from jobs.work import Work
from support.long_work import COUNTING, counting, works
from support.small import KINDS_OF_DATABASE

COUNT = Work(kind="counting", title={"en": "Count", "zh": "计数"}, object="thing")


@pytest.mark.parametrize("kind", KINDS_OF_DATABASE)
def test_leases_that_run_out(kind: str, tmp_path: Path) -> None:
    """Three workers take the work from one another in the middle of it."""
    chance = random.Random(3)
    with works(kind, tmp_path, COUNTING) as it:
        slow = counting(120, 4, lambda done: time.sleep(chance.random() * 0.12))
        it.kinds = {"counting": slow}
        ids = [it.start(COUNT)]
        over = threading.Event()

        def work() -> None:
            carrier = it.carrier(lease=0.05)
            while not over.is_set():
                carrier.reap()
                carrier.carry()
                time.sleep(0.01)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 120
        while it.one(ids[0]).status != "done" and time.monotonic() < deadline:
            it.site.clock.turn(seconds=60)  # past any back-off
            time.sleep(0.02)
        over.set()
        for thread in threads:
            thread.join()
        row = it.one(ids[0])
        assert (row.status, row.progress.done, row.counts) == ("done", 120, {"created": 120})
        names = [r.values["name"] for r in it.site.page("thing", sort=("id",), limit=1000).items]
        assert names == [f"T{number}" for number in range(120)]
        assert it.ended == [(row.id, "done")]
        attempts = it.site.rows("fw_outbox")[0]["attempts"]
        assert attempts > 1, "otherwise nothing was tried here"
