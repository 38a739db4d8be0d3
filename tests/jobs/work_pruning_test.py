"""What long work left behind goes after 30 days; what somebody still needs stays."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.permissions.actors import SYSTEM
from jobs import work
from jobs.carrying import Carrier
from jobs.work import Work
from jobs.work_ongoing import Ongoing
from jobs.work_pruning import EFFECT, ask_to_prune, prune_work, pruning_handler
from jobs.work_running import WorkKind
from support.long_work import COUNTING, Works, works
from support.small import KINDS_OF_DATABASE

WRITE = Work(kind="write", title={"en": "Write", "zh": "写"})


@pytest.fixture(params=KINDS_OF_DATABASE)
def it(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Works]:
    def run(ongoing: Ongoing) -> None:
        with ongoing.chunk() as tx:
            ongoing.save(tx, rows=[("rejected", {"line": 1})])
        content = str(ongoing.row.params.get("content", "same")).encode()
        ongoing.attach("a.txt", {"en": "A"}, ongoing.files.put(io.BytesIO(content)))

    with works(request.param, tmp_path, COUNTING) as found:
        found.kinds = {"write": WorkKind("write", run)}
        yield found


def age(it: Works) -> None:
    """Makes all files of the store two days old."""
    for path in it.folder.joinpath("files").rglob("*"):
        if path.is_file():
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 2 * 86_400))


def kept(it: Works) -> set[str]:
    return {digest for digest, _ in it.files.everything()}


def test_after_thirty_days(it: Works) -> None:
    """Files and what was said of rows; the work itself stays, and cannot be retried."""
    row = it.run(WRITE)
    it.site.clock.turn(days=29)
    age(it)
    assert prune_work(it.site.gate, it.files) == 0
    assert len(kept(it)) == 1
    it.site.clock.turn(days=2)
    assert prune_work(it.site.gate, it.files) == 1
    found = it.one(row.id)
    assert (found.status, found.kept, found.files) == ("done", False, ())
    assert kept(it) == set()
    assert work.rows_of(it.site.gate, SYSTEM, row.id) == []
    assert prune_work(it.site.gate, it.files) == 0


def test_what_others_still_need(it: Works) -> None:
    """The same content belongs to a younger work, and stays with it."""
    it.run(WRITE)
    it.site.clock.turn(days=20)
    young = it.run(WRITE)
    it.site.clock.turn(days=15)
    age(it)
    assert prune_work(it.site.gate, it.files) == 1
    assert it.file(young.id, "a.txt") == "same"


def test_uploads_that_nobody_used(it: Works) -> None:
    """They go after a day; one that waiting work reads stays."""
    unused, used, fresh = (it.files.put(io.BytesIO(b)).digest for b in (b"1", b"2", b"3"))
    it.start(Work(kind="write", title={"en": "Write"}, params={"source": used}))
    age(it)
    it.files.put(io.BytesIO(b"3"))
    prune_work(it.site.gate, it.files)
    assert kept(it) == {used, fresh} and unused not in kept(it)


def test_the_scheduler_asks(it: Works) -> None:
    """Only when there is something to remove, and once."""
    it.run(WRITE)
    ask_to_prune(it.site.gate)
    assert [e["kind"] for e in it.site.rows("fw_outbox")] == ["work"]
    it.site.clock.turn(days=31)
    age(it)
    for _ in range(2):
        assert ask_to_prune(it.site.gate) == 0
    assert [e["kind"] for e in it.site.rows("fw_outbox")] == ["work", EFFECT]
    handler = pruning_handler(it.files)
    Carrier(lambda: it.site.gate, {handler.kind: handler}).drain()
    assert kept(it) == set()
    ask_to_prune(it.site.gate)
    assert len(it.site.rows("fw_outbox")) == 2
