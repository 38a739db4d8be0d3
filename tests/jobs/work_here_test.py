"""Work that a command does itself: however it ends, its row says so, never a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from engine.permissions.actors import SYSTEM
from engine.problems import Message, Refusal
from engine.schema.fence import StaleRevision
from jobs import work
from jobs.handlers import LeaseLost
from jobs.work import Work
from jobs.work_here import Ended, do_here
from support.long_work import COUNTING, Works, counting, works
from support.small import KINDS_OF_DATABASE

COUNT = Work(kind="counting", title={"en": "Count", "zh": "计数"}, object="thing")
BROKEN = Message("broken", en="it is broken", zh="已损坏")


@pytest.fixture(params=KINDS_OF_DATABASE)
def it(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Works]:
    with works(request.param, tmp_path, COUNTING) as found:
        yield found


def do(it: Works, between: Callable[[int], None]) -> Ended:
    kind = counting(6, 2, between)
    it.kinds = {kind.name: kind}
    return do_here(it.site.gate, SYSTEM, COUNT, kind, it.files, lambda *_: None, "rejected")


def at_four(error: BaseException) -> Callable[[int], None]:
    def between(done: int) -> None:
        if done == 4:
            raise error

    return between


def test_to_its_end(it: Works) -> None:
    """Done; nobody is told, whoever gave the command sees it."""
    ended = do(it, lambda done: None)
    assert (ended.counts, ended.problem, it.one(ended.id).status) == ({"created": 6}, None, "done")
    assert it.ended == []
    assert [e["status"] for e in it.site.rows("fw_outbox")] == ["done"]


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (KeyboardInterrupt(), "work-interrupted", "cancelled"),
        (Refusal(BROKEN()), "broken", "failed"),
        (StaleRevision(1, 2), "work-revision-replaced", "failed"),
        (OperationalError("", None, Exception("gone")), "work-database", "failed"),
    ],
)
def test_too_early(it: Works, error: BaseException, code: str, status: str) -> None:
    """What is in stays, the reason is kept, and workers can bring it to its end."""
    ended = do(it, at_four(error))
    assert ended.problem is not None and ended.problem.code == code
    row = it.one(ended.id)
    assert (row.status, row.code, row.progress.done) == (status, code, 4)
    it.kinds = {"counting": counting(6, 2)}
    it.steer(work.retry, ended.id)
    it.carrier().drain()
    assert (it.one(ended.id).status, len(it.site.ids("thing"))) == ("done", 6)


def test_steered_by_others(it: Works) -> None:
    """Somebody pauses it, or the lease is lost: the command ends, the work is theirs."""

    def paused(done: int) -> None:
        if done == 2:
            (row,) = it.site.rows("fw_work")
            it.steer(work.pause, row["id"])

    ended = do(it, paused)
    assert ended.problem is not None and ended.problem.code == "work-halted"
    assert (it.one(ended.id).status, it.one(ended.id).progress.done) == ("paused", 4)
    it.steer(work.cancel, ended.id)


def test_a_lost_lease(it: Works) -> None:
    """Whoever has it by now decides; nothing is written over it."""
    ended = do(it, at_four(LeaseLost()))
    assert ended.problem is not None and ended.problem.code == "work-lease-gone"
    it.lapse()
    it.carrier().drain()
    assert (it.one(ended.id).status, it.one(ended.id).code) == ("paused", "work-left")
