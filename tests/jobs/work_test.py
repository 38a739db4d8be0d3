"""Long work: chunks that are committed with their place, pause, resume, cancel, leases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.permissions.actors import Actor
from engine.problems import Message, Refusal
from engine.schema.fence import StaleRevision
from jobs import work, work_running
from jobs.work import Work
from jobs.work_ongoing import Ongoing
from jobs.work_running import WorkKind
from support.long_work import COUNTING, Works, counting, works
from support.small import KINDS_OF_DATABASE, actor, codes

TITLE = {"en": "Count {}", "zh": "计数"}
COUNT = Work(kind="counting", title=TITLE, object="thing")
BROKEN = Message("broken", en="it is broken", zh="已损坏")


@pytest.fixture(params=KINDS_OF_DATABASE)
def it(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Works]:
    with works(request.param, tmp_path, COUNTING) as found:
        yield found


def does(it: Works, kind: WorkKind) -> None:
    it.kinds = {kind.name: kind}


def names(it: Works) -> list[str]:
    return [r.values["name"] for r in it.site.page("thing", sort=("id",), limit=1000).items]


def expected(count: int) -> list[str]:
    return [f"T{number}" for number in range(count)]


def test_from_beginning_to_end(it: Works) -> None:
    """Its row says what it is, how far it came, and who was told."""
    does(it, counting(10, 4))
    boss = actor(it.site.create("person", name="Bo"), "boss", name="Bo")
    row = it.run(COUNT, boss)
    assert (row.status, row.progress.done, row.progress.total) == ("done", 10, 10)
    assert (row.name, row.title.in_("zh"), row.counts) == ("Bo", "计数", {"created": 10})
    assert row.started is not None and row.finished is not None
    assert names(it) == expected(10)
    assert it.ended == [(row.id, "done")]
    (effect,) = [e for e in it.site.rows("fw_outbox") if e["kind"] == "work"]
    assert (effect["status"], effect["queue"]) == ("done", "slow")


def test_pause_and_resume(it: Works) -> None:
    """Between two chunks; it goes on after the last one that was written."""

    def between(done: int) -> None:
        if done == 4:
            it.steer(work.pause, id)

    does(it, counting(10, 2, between))
    id = it.start(COUNT)
    it.carrier().drain()
    row = it.one(id)
    assert (row.status, row.progress.done, row.may_resume) == ("paused", 6, True)
    assert names(it) == expected(6)
    assert it.carrier().drain() == 0
    does(it, counting(10, 2))
    it.steer(work.resume, id)
    assert it.one(id).status == "waiting"
    it.carrier().drain()
    assert it.one(id).status == "done"
    assert names(it) == expected(10)
    assert it.ended == [(id, "done")]


def test_cancel_and_retry(it: Works) -> None:
    """What was written stays; trying again goes on behind it."""

    def between(done: int) -> None:
        if done == 4:
            it.steer(work.cancel, id)

    does(it, counting(10, 4, between))
    id = it.start(COUNT)
    it.carrier().drain()
    row = it.one(id)
    assert (row.status, row.progress.done, row.wanted) == ("cancelled", 8, "")
    assert codes(lambda: it.steer(work.pause, id)) == [("work-not-now", "")]
    does(it, counting(10, 4))
    it.steer(work.retry, id)
    it.carrier().drain()
    assert (it.one(id).status, names(it)) == ("done", expected(10))


def test_before_it_begins(it: Works) -> None:
    """Waiting work is paused, resumed and cancelled at once."""
    does(it, counting(4, 2))
    id = it.start(COUNT)
    it.steer(work.pause, id)
    assert it.one(id).status == "paused"
    assert it.carrier().drain() == 0
    it.steer(work.resume, id)
    it.steer(work.cancel, id)
    assert it.one(id).status == "cancelled"
    assert it.carrier().drain() == 0
    assert names(it) == []


def test_changing_ones_mind(it: Works) -> None:
    """A pause that was not yet heeded can be taken back."""

    def between(done: int) -> None:
        if done == 2:
            it.steer(work.pause, id)
            it.steer(work.resume, id)

    does(it, counting(6, 2, between))
    id = it.start(COUNT)
    it.carrier().drain()
    assert it.one(id).status == "done"


def test_a_failure_goes_on_where_it_stands(it: Works) -> None:
    """An unexpected error: tried again with the back-off, from the last chunk on."""
    broken = [True]

    def between(done: int) -> None:
        if done == 4 and broken:
            broken.clear()
            raise RuntimeError("boom")

    does(it, counting(10, 2, between))
    id = it.start(COUNT)
    it.carrier().drain()
    assert (it.one(id).status, names(it)) == ("running", expected(4))
    it.site.clock.turn(hours=1)
    it.carrier().drain()
    assert (it.one(id).status, names(it)) == ("done", expected(10))


def test_a_new_revision_meanwhile(it: Works) -> None:
    """The chunk is written by nobody; the work goes on at once, on the new revision."""
    stale = [True]

    def between(done: int) -> None:
        if done == 4 and stale:
            stale.clear()
            raise StaleRevision(1, 2)

    does(it, counting(10, 2, between))
    id = it.start(COUNT)
    it.carrier().drain()
    assert (it.one(id).status, names(it)) == ("done", expected(10))


def test_a_refusal_is_why_it_failed(it: Works) -> None:
    """Its reason is kept and told; it can be tried again."""

    def run(ongoing: Ongoing) -> None:
        raise Refusal(BROKEN())

    does(it, WorkKind("counting", run))
    row = it.run(COUNT)
    assert (row.status, row.code, str(row.problem)) == ("failed", "broken", "it is broken")
    assert it.ended == [(row.id, "failed")]
    assert row.may_retry
    does(it, counting(2, 2))
    it.steer(work.retry, row.id)
    it.carrier().drain()
    assert it.one(row.id).status == "done"


def test_the_last_attempt(it: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors without end: the work has failed, with the trace that leads to the log."""
    monkeypatch.setattr(work_running, "TRIES", 1)

    def run(ongoing: Ongoing) -> None:
        raise RuntimeError("boom")

    does(it, WorkKind("counting", run))
    row = it.run(COUNT)
    assert (row.status, row.code) == ("failed", "job-unexpected-error")


def test_killed_again_and_again(it: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it comes further it goes on; without that it has failed in the end."""
    monkeypatch.setattr(work_running, "TRIES", 2)

    def between(done: int) -> None:
        raise SystemExit

    does(it, counting(8, 2, between))
    id = it.start(COUNT)
    for _ in range(4):
        with pytest.raises(SystemExit):
            it.carrier().drain()
        it.lapse()
    it.carrier().drain()
    assert (it.one(id).status, names(it)) == ("done", expected(8))

    def run(ongoing: Ongoing) -> None:
        ongoing.heed()
        raise SystemExit

    does(it, WorkKind("counting", run, resumable=False))
    id = it.start(COUNT)
    for _ in range(2):
        with pytest.raises(SystemExit):
            it.carrier().drain()
        it.lapse()
    it.carrier().drain()
    assert (it.one(id).status, it.one(id).code) == ("failed", "job-never-ended")


def test_a_lost_lease_writes_nothing(it: Works) -> None:
    """Somebody else has the work by now: the chunk of the old holder is rolled back."""
    taken: list[str] = []

    def between(done: int) -> None:
        if done == 4 and not taken:
            taken.append("by another")
            it.lapse()
            it.carrier().carry_these([effect])

    does(it, counting(10, 2, between))
    id = it.start(COUNT)
    (effect,) = [row["id"] for row in it.site.rows("fw_outbox")]
    it.carrier().drain()
    assert (it.one(id).status, names(it)) == ("done", expected(10))
    assert it.ended == [(id, "done")]


def test_work_nobody_has(it: Works) -> None:
    """A worker that died: its work can be resumed before the reaper comes, or cancelled."""
    does(it, counting(4, 2))
    for act, status in ((work.resume, "waiting"), (work.cancel, "cancelled")):
        id = it.start(COUNT)
        effect = it.site.rows("fw_work")[-1]["effect"]
        claimed = it.carrier()._claims().take_these([effect], it.site.clock())
        assert [one.payload["work"] for one in claimed] == [id]
        work_running._begin(work_running.Running(it.site.gate, claimed[0], it.carrier()._claims()))
        it.steer(work.pause, id)
        assert (it.one(id).status, it.one(id).wanted) == ("running", "pause")
        with it.site.databases.writing() as connection:
            connection.exec_driver_sql("UPDATE fw_outbox SET lease = '2020-01-01 00:00:00'")
        it.steer(act, id)
        assert it.one(id).status == status
    it.carrier().reap()
    it.carrier().drain()
    assert [row["status"] for row in it.site.rows("fw_work")] == ["done", "cancelled"]
    assert names(it) == expected(4)


def test_turns(it: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that takes long lets other work have its turn, and comes to its end all the same."""
    monkeypatch.setattr(work_running, "SLICE", -1.0)
    does(it, counting(6, 2))
    first = it.start(COUNT)
    carrier = it.carrier()
    assert carrier.carry() == 1
    row = it.one(first)
    assert (row.status, row.progress.done) == ("waiting", 2)
    assert [e["attempts"] for e in it.site.rows("fw_outbox")] == [0]
    carrier.drain()
    assert (it.one(first).status, names(it)) == ("done", expected(6))


def test_who_may(it: Works) -> None:
    """Whoever asked, and who may administer; for everybody else it does not exist."""
    does(it, counting(2, 2))
    people = [it.site.create("person", name=name) for name in ("Bo", "Cy", "Di")]
    boss, asker, other = (
        actor(person, role) for person, role in zip(people, ("boss", "clerk", "clerk"), strict=True)
    )
    gate, id = it.site.gate, it.start(COUNT, asker)
    for somebody in (boss, asker):
        assert work.one(gate, somebody, id).id == id
    assert codes(lambda: work.one(gate, other, id)) == [("no-work", "")]
    assert codes(lambda: it.steer(work.cancel, id, other)) == [("no-work", "")]
    assert [row.id for row in work.of_person(gate, asker)] == [id]
    assert work.of_person(gate, other) == []
    assert codes(lambda: work.of_everybody(gate, asker)) == [("right-missing", "")]
    assert [row.id for row in work.of_everybody(gate, boss)] == [id]


def test_rights_are_found_out_anew(it: Works) -> None:
    """Somebody who lost a role meanwhile acts without it; who left does not act at all."""

    def run(ongoing: Ongoing) -> None:
        seen.append(ongoing.actor)

    seen: list[Actor] = []
    does(it, WorkKind("counting", run))
    person = it.site.create("person", name="Bo")
    it.start(COUNT, actor(person, "boss"))
    it.people[person] = actor(person, "clerk")
    it.carrier().drain()
    assert seen[0].roles == {"clerk"}
    id = it.start(COUNT, actor(person, "boss"))
    it.people.clear()
    it.carrier().drain()
    assert (it.one(id).status, it.one(id).code) == ("failed", "work-nobody")


def test_progress(it: Works) -> None:
    """Rate and remaining seconds are those of the present run."""
    seen = []

    def between(done: int) -> None:
        it.site.clock.turn(seconds=10)
        seen.append(it.one(id).progress)

    does(it, counting(60, 20, between))
    id = it.start(COUNT)
    it.carrier().drain()
    assert [(p.done, p.rate, p.remaining) for p in seen] == [
        (20, None, None), (40, 4.0, 5.0), (60, 3.0, 0.0),
    ]  # fmt: skip


def test_what_is_said_of_rows(it: Works) -> None:
    """It is written with the chunk, and read page by page."""

    def run(ongoing: Ongoing) -> None:
        for start in (0, 3):
            with ongoing.chunk() as tx:
                rows = [("rejected", {"line": start + i}) for i in range(3)]
                ongoing.save(tx, rows=[*rows, ("corrected", {"line": start})])
        assert [row["line"] for row in ongoing.rows("rejected")] == list(range(6))

    does(it, WorkKind("counting", run))
    row = it.run(COUNT)
    assert (row.status, row.seen) == ("done", 8)
    gate = it.site.gate
    some = work.rows_of(gate, actor(None, "boss"), row.id, "rejected", limit=4)
    assert [data["line"] for _, _, data in some] == [0, 1, 2, 3]
    more = work.rows_of(gate, actor(None, "boss"), row.id, after=some[-1][0])
    assert [(sort, data["line"]) for _, sort, data in more] == [
        ("rejected", 4), ("rejected", 5), ("corrected", 3),
    ]  # fmt: skip
