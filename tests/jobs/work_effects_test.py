"""Long work and the effect that carries it out: they are retried, cancelled and failed together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.problems import Problem
from engine.records.gate import Gate
from jobs import acting, work
from jobs.handlers import Claimed
from jobs.outbox import Effect, put
from jobs.work import Work
from jobs.work_failing import fail_work
from jobs.work_rights import require_results
from jobs.work_running import ATTEMPTS
from support.long_work import COUNTING, Works, counting, works
from support.small import KINDS_OF_DATABASE, actor, codes

COUNT = Work(kind="counting", title={"en": "Count", "zh": "计数"}, object="thing")


@pytest.fixture(params=KINDS_OF_DATABASE)
def it(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Works]:
    with works(request.param, tmp_path, COUNTING) as found:
        found.kinds = {"counting": counting(4, 2)}
        yield found


def effects(it: Works) -> list[tuple[int, str]]:
    found = it.site.rows("fw_outbox")
    return sorted((row["id"], row["status"]) for row in found if row["kind"] == "work")


def die(it: Works) -> None:
    """The process died at every attempt but the one that comes."""
    with it.site.databases.writing() as connection:
        connection.execute(sa.text(f"UPDATE fw_outbox SET attempts = {ATTEMPTS}"))
        connection.execute(sa.text("UPDATE fw_work SET status = 'running'"))


def test_retried_as_a_job(it: Works) -> None:
    """The work goes on with it; the person who retries, too, is told that it does."""
    id = it.start(COUNT)
    it.steer(work.cancel, id)
    ((first, _),) = effects(it)
    acting.retry(it.site.gate, SYSTEM, first)
    assert it.one(id).status == "waiting"
    assert codes(lambda: it.steer(work.retry, id)) == [("work-not-now", "")]
    assert codes(lambda: acting.retry(it.site.gate, SYSTEM, first)) == [("work-not-now", "")]
    it.carrier().drain()
    assert it.one(id).status == "done"
    assert [status for _, status in effects(it)] == ["cancelled", "done"]


def test_an_old_job_is_not_the_work(it: Works) -> None:
    """To cancel an effect that carries the work out no more leaves the work alone."""
    id = it.start(COUNT)
    stray = Effect(kind=work.EFFECT, payload={"work": id}, queue="slow")
    (other,) = it.site.gate.write(SYSTEM, lambda tx: put(tx, [stray]))
    acting.cancel(it.site.gate, SYSTEM, other)
    assert it.one(id).status == "waiting"
    ((own, _), _) = effects(it)
    acting.cancel(it.site.gate, SYSTEM, own)
    assert it.one(id).status == "cancelled"


def test_an_effect_that_waits_is_taken_over(it: Works) -> None:
    """Work that is retried while some effect of its own waits already has that one."""
    id = it.start(COUNT)
    it.steer(work.cancel, id)
    key = f"{work.EFFECT}:{id}"
    stray = Effect(kind=work.EFFECT, payload={"work": id}, queue="slow", key=key)
    (waiting,) = it.site.gate.write(SYSTEM, lambda tx: put(tx, [stray]))
    it.steer(work.retry, id)
    assert [own for own, status in effects(it) if status == "waiting"] == [waiting]
    it.carrier().drain()
    assert it.one(id).status == "done"


def test_all_that_failed(it: Works) -> None:
    """Retried together as jobs; work that is done or under way stops no other."""
    ids = [it.start(COUNT) for _ in range(2)]
    die(it)
    it.carrier(failed=after(it)).drain()
    it.steer(work.retry, ids[0])
    with it.site.databases.writing() as connection:
        old = "UPDATE fw_outbox SET status = 'failed' WHERE status = 'cancelled'"
        connection.execute(sa.text(old))
    assert acting.retry_failed(it.site.gate, SYSTEM, work.EFFECT) == 1
    assert [it.one(id).status for id in ids] == ["waiting", "waiting"]


def after(it: Works) -> Callable[[Gate, Claimed, Problem], None]:
    def failed(gate: Gate, effect: Claimed, problem: Problem) -> None:
        fail_work(gate, effect, problem, it.workshop.told)

    return failed


def test_a_process_that_always_dies(it: Works) -> None:
    """In the end the work has failed, says why, and whoever asked is told; it can be retried."""
    id = it.start(COUNT)
    die(it)
    it.carrier(failed=after(it)).drain()
    row = it.one(id)
    assert (row.status, row.code, it.ended) == ("failed", "job-never-ended", [(id, "failed")])
    ((effect, status),) = effects(it)
    assert status == "failed" and row.may_retry
    acting.retry(it.site.gate, SYSTEM, effect)
    it.carrier().drain()
    assert it.one(id).status == "done"
    assert [status for _, status in effects(it)] == ["cancelled", "done"]


def test_work_without_its_failure(it: Works) -> None:
    """Work that still says that it runs goes on when its failed effect is retried."""
    id = it.start(COUNT)
    die(it)
    it.carrier().drain()
    assert it.one(id).status == "running"
    ((effect, _),) = effects(it)
    acting.retry(it.site.gate, SYSTEM, effect)
    it.carrier().drain()
    assert it.one(id).status == "done"


def test_results_are_for_those_who_may_read(it: Works) -> None:
    """At the moment that they ask; administrators need the right to the object, too."""
    gate, boss = it.site.gate, actor(None, "boss")
    asker = actor(it.site.create("person", name="Al"), "clerk", name="Al")
    id = it.start(COUNT, asker)
    assert work.rows_of(gate, asker, id) == []
    former = actor(asker.person, name="Al")
    assert work.one(gate, former, id).id == id
    assert codes(lambda: work.rows_of(gate, former, id)) == [("forbidden", "")]
    export = it.start(Work(kind="export", title=COUNT.title, object="thing"), asker)
    row = work.one(gate, boss, export)
    assert codes(lambda: require_results(gate, boss, row)) == [("forbidden", "")]
    gone = it.start(Work(kind="export", title=COUNT.title, object="no_more"), asker)
    row = work.one(gate, boss, gone)
    assert codes(lambda: require_results(gate, SYSTEM, row)) == [("work-results-gone", "")]
