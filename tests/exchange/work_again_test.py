"""Long work that somebody asks for twice: undone and retried, undone by two at once."""

from __future__ import annotations

import io

import pytest

from engine.permissions.actors import SYSTEM
from engine.records.transaction import Transaction
from exchange import importing
from exchange.import_work import ImportRequest, import_work
from exchange.undo_work import try_undo, undo_work
from jobs import work
from jobs.work import start_following
from jobs.work_links import following, undo_of_work
from support.exchange_site import Exchange
from support.long_work import Works
from support.small import codes


@pytest.fixture
def works(it: Exchange) -> Works:
    return Works(it.site, it.folder)


def asked(works: Works, content: str, **more: bool) -> int:
    """An import that is asked for."""
    stored = works.files.put(io.BytesIO(content.encode()))
    request = ImportRequest(object="company", source=stored.digest, name="in.csv", **more)
    return works.start(import_work(works.site.application.catalog, request))


def cancelled(works: Works, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """An import that was ended after two of its four rows; its number and its batch."""
    monkeypatch.setattr(importing, "BATCH", 1)
    id = asked(works, "name,staff\nA,1\nB,2\nC,3\nD,4\n")
    settle = importing.Import._settle
    rows = []

    def ending(self: importing.Import, tx: Transaction, outcome: object, some: object) -> None:
        rows.append(some)
        if len(rows) == 2:
            work.cancel(tx, id)
        settle(self, tx, outcome, some)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(importing.Import, "_settle", ending)
        works.carrier().drain()
    row = works.one(id)
    assert row.status == "cancelled" and row.counts["created"] == 2 and row.batch is not None
    return id, row.batch


def names(it: Exchange) -> list[str]:
    return sorted(name for (name,) in it.rows("company", "name"))


def test_retry_after_the_undo(it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused: half of the file would be missing. Once the undo was undone it goes on."""
    id, batch = cancelled(works, monkeypatch)
    undo = works.run(undo_work(it.site.gate, SYSTEM, batch))
    assert (names(it), undo_of_work(it.site.gate, works.one(id))) == ([], undo.id)
    assert codes(lambda: works.steer(work.retry, id)) == [("work-undone", "")]
    assert undo.batch is not None and undo.object == "company"
    works.run(undo_work(it.site.gate, SYSTEM, undo.batch))
    assert undo_of_work(it.site.gate, works.one(id)) is None
    works.steer(work.retry, id)
    works.carrier().drain()
    assert names(it) == ["A", "B", "C", "D"]


def test_an_undo_that_never_began(
    it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Took nothing back: what it was for can be retried."""
    id, batch = cancelled(works, monkeypatch)
    undo = works.start(undo_work(it.site.gate, SYSTEM, batch))
    assert codes(lambda: works.steer(work.retry, id)) == [("work-undone", "")]
    works.steer(work.cancel, undo)
    works.steer(work.retry, id)
    works.carrier().drain()
    assert names(it) == ["A", "B", "C", "D"]


def test_two_undos(it: Exchange, works: Works) -> None:
    """The second is refused while the first one waits or runs, however early it was asked for."""
    batch = works.one(_run(works, asked(works, "name,staff\nA,1\nB,2\n"))).batch
    assert batch is not None
    both = [undo_work(it.site.gate, SYSTEM, batch) for _ in range(2)]
    first, second = map(works.start, both)
    for ask in (undo_work, try_undo):
        assert codes(lambda ask=ask: ask(it.site.gate, SYSTEM, batch)) == [("undo-under-way", "")]
    works.steer(work.pause, first)
    works.carrier().drain()
    assert (works.one(second).status, works.one(second).code) == ("failed", "undo-under-way")
    assert names(it) == ["A", "B"]
    works.steer(work.resume, first)
    works.carrier().drain()
    assert works.one(first).counts == {"deleted": 2}


def test_the_import_of_a_trial(it: Exchange, works: Works) -> None:
    """Asked for twice it is one; the trial knows it."""
    trial = _run(works, asked(works, "name\nA\n", dry_run=True))
    params = works.one(trial).params
    request = ImportRequest(object="company", source=params["source"], name="in.csv")
    wanted = import_work(it.site.application.catalog, request)
    gate = it.site.gate
    ids = {gate.write(SYSTEM, lambda tx: start_following(tx, trial, wanted)) for _ in range(2)}
    works.carrier().drain()
    assert ids == {following(works.one(trial))}
    assert names(it) == ["A"]


def _run(works: Works, id: int) -> int:
    works.carrier().drain()
    return id
