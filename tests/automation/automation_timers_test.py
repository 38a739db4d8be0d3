"""Timers of records: armed, moved, called off, made up for, asked again when they fire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from automation.syncing import sync
from engine.permissions.actors import SYSTEM
from engine.records.changes import CREATE, UPDATE, Change
from jobs.minding import Minder
from support.rulebook import Rulebook, rulebook
from support.small import KINDS_OF_DATABASE, PEOPLE


def timer(name: str, on: str, condition: str = "") -> str:
    """An automation that tells the owner of claims in time."""
    asked = f"if: {condition}\n" if condition else ""
    return (
        f"automation: {name}\nobject: claim\non: {{{on}}}\n{asked}"
        "then: {tell: {notify: owner, title: '{name}'}}\n"
    )


SOON = timer("soon", 'at: due_on - days(3), time: "09:00"', 'state == "asked"')


@pytest.fixture(params=KINDS_OF_DATABASE)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def book(kind: str, tmp_path: Path) -> Iterator[Rulebook]:
    """Noon of 16 March 2026 in Shanghai."""
    with rulebook(kind, tmp_path, SOON) as found:
        yield started(found)


def started(book: Rulebook) -> Rulebook:
    """The site with one person; timers are in line with the definitions."""
    book.site.create("person", name="ann", account="ann")
    book.work()
    return book


def claim(book: Rulebook, **values: Any) -> int:
    """A claim of Ann's that was asked for."""
    id = book.site.create("claim", name="a", owner=1, **values)
    book.site.gate.perform(SYSTEM, "claim", id, "ask")
    return id


def test_fires_in_time(book: Rulebook) -> None:
    """Due on the 25th: at nine on the 22nd, once; the next day, and with later saves, not again."""
    id = claim(book, due_on="2026-03-25")
    assert book.timers() == {("soon", id): ("03-22 09:00", "waiting")}
    assert book.at("2026-03-22 08:59").news() == []
    assert book.at("2026-03-22 09:00").news() == [("soon", id)]
    book.site.update("claim", id, amount="5", due_on="2026-03-25")
    book.site.update("claim", id, state="draft")
    book.site.update("claim", id, state="asked")
    assert book.at("2026-03-23 09:00").news() == []


def test_moves_with_its_field(book: Rulebook) -> None:
    """Moved, emptied, filled again; after it fired, another date fires again."""
    id = claim(book, due_on="2026-03-25")
    book.site.update("claim", id, due_on="2026-03-30")
    assert book.timers() == {("soon", id): ("03-27 09:00", "waiting")}
    book.site.update("claim", id, due_on=None)
    assert book.timers() == {("soon", id): ("", "idle")}
    book.site.update("claim", id, due_on="2026-03-20")
    assert book.at("2026-03-18 12:00").news() == [("soon", id)]
    book.site.update("claim", id, due_on="2026-04-20")
    assert book.at("2026-04-17 09:00").news() == [("soon", id)]


def test_follows_the_record(book: Rulebook) -> None:
    """Its condition, the recycle bin and the way back."""
    id = book.site.create("claim", name="a", owner=1, due_on="2026-03-25")
    assert book.timers() == {}
    book.site.gate.perform(SYSTEM, "claim", id, "ask")
    assert book.timers()["soon", id] == ("03-22 09:00", "waiting")
    book.site.update("claim", id, state="paid")
    assert book.timers()["soon", id] == ("", "idle")
    book.site.update("claim", id, state="draft")
    book.site.update("claim", id, state="asked")
    assert book.timers()["soon", id] == ("03-22 09:00", "waiting")
    book.site.delete("claim", id)
    assert book.timers()["soon", id] == ("", "idle")
    assert book.at("2026-03-22 09:00").news() == []
    book.site.restore("claim", id)
    assert book.news() == [("soon", id)]


def test_moved_away_while_it_fires(book: Rulebook) -> None:
    """It fired for a moment that the record no longer had; back at that moment it tells."""
    id = claim(book, due_on="2026-03-19")
    book.site.clock.turn(days=1)
    book.minder.once()
    assert book.timers()["soon", id] == ("03-16 09:00", "fired")
    book.site.update("claim", id, due_on="2026-03-25")
    assert book.news() == []
    book.site.update("claim", id, due_on="2026-03-19")
    assert book.news() == [("soon", id)]
    book.site.update("claim", id, due_on="2026-03-25")
    book.site.update("claim", id, due_on="2026-03-19")
    assert book.news() == []


def test_deleted_while_it_fires(book: Rulebook) -> None:
    """It fired for a record in the recycle bin; the record that comes back tells, once."""
    id = claim(book, due_on="2026-03-20")
    book.site.clock.turn(days=1)
    book.minder.once()
    book.site.delete("claim", id)
    assert book.news() == []
    book.site.restore("claim", id)
    assert book.news() == [("soon", id)]
    book.site.delete("claim", id)
    book.site.restore("claim", id)
    assert book.news() == []


def test_late(book: Rulebook) -> None:
    """What becomes true up to two days after the moment is done at once; later it is too late."""
    id = book.site.create("claim", name="a", owner=1, due_on="2026-03-18")
    other = book.site.create("claim", name="b", owner=1, due_on="2026-03-16")
    for found in (id, other):
        book.site.gate.perform(SYSTEM, "claim", found, "ask")
    assert book.news() == [("soon", id)]


def test_down(book: Rulebook) -> None:
    """The system stands still over the moment: a day later it is made up for, three days not."""
    soon, later = claim(book, due_on="2026-03-23"), claim(book, due_on="2026-03-21")
    assert book.at("2026-03-21 08:00").news() == [("soon", soon)]
    assert book.timers()["soon", later][1] == "fired"


def test_skipped(kind: str, tmp_path: Path) -> None:
    """`late: skip`: some minutes are nothing, an hour is too late."""
    rule = timer("now", "at: called_at, late: skip")
    with rulebook(kind, tmp_path, rule) as book:
        started(book)
        first = book.site.create("claim", name="a", owner=1, called_at="2026-03-16T05:00:00Z")
        book.site.create("claim", name="b", owner=1, called_at="2026-03-16T06:00:00Z")
        assert book.at("2026-03-16 13:04").news() == [("now", first)]
        assert book.at("2026-03-16 15:00").news() == []
        book.site.create("claim", name="c", owner=1, called_at="2026-03-16T06:30:00Z")
        assert book.news() == []


def test_asked_again_when_it_fires(kind: str, tmp_path: Path) -> None:
    """The condition hangs on a room's keeper: false at the moment, true at the next save."""
    rule = timer("kept", "at: due_on", "room.keeper is not empty")
    with rulebook(kind, tmp_path, rule) as book:
        started(book)
        room = book.site.create("room", name="r", keeper=1)
        id = book.site.create("claim", name="a", owner=1, room=room, due_on="2026-03-18")
        book.site.update("room", room, keeper=None)
        assert book.at("2026-03-18 09:00").news() == []
        assert book.timers()["kept", id][1] == "idle"
        book.site.update("room", room, keeper=1)
        book.site.update("claim", id, amount="1")
        assert book.news() == [("kept", id)]


def test_the_clock_in_the_condition(kind: str, tmp_path: Path) -> None:
    """False when saved, true on the day: it fires. Of a moment that is over it is asked at once."""
    rule = timer("clock", "at: due_on, late: days(5)", "called_at < now()")
    with rulebook(kind, tmp_path, rule) as book:
        started(book)
        called = {"called_at": "2026-03-17T00:00:00Z"}
        id = book.site.create("claim", name="a", owner=1, due_on="2026-03-18", **called)
        book.site.create("claim", name="b", owner=1, due_on="2026-03-15", **called)
        assert book.news() == []
        assert book.at("2026-03-18 09:00").news() == [("clock", id)]


def test_another_record_in_the_condition(kind: str, tmp_path: Path) -> None:
    """The room has no keeper when the claim is saved, and one on the day."""
    with rulebook(kind, tmp_path, timer("kept", "at: due_on", "room.keeper == owner")) as book:
        started(book)
        room = book.site.create("room", name="r")
        id = book.site.create("claim", name="a", owner=1, room=room, due_on="2026-03-18")
        book.site.update("room", room, keeper=1)
        assert book.at("2026-03-18 09:00").news() == [("kept", id)]


def test_without_result(kind: str, tmp_path: Path) -> None:
    """A condition with too many digits: saved, and a person sees why nothing will be told."""
    rule = timer("big", "at: due_on", "amount * 999999999 * 999999 > 10")
    with rulebook(kind, tmp_path, rule) as book:
        started(book)
        id = book.site.create("claim", name="a", amount="900000000", due_on="2026-04-01")
        book.work()
        assert [row["record"] for row in book.effects("automation")] == [id]
        assert book.timers() == {}


def test_rollups_of_others(kind: str, tmp_path: Path) -> None:
    """The next step among a claim's notes moves as notes come, are done, and move elsewhere."""
    with rulebook(kind, tmp_path, timer("step", "at: next_on")) as book:
        started(book)
        first, second = (book.site.create("claim", name="a", owner=1) for _ in range(2))
        note = book.site.create("note", name="n", claim=first, on="2026-03-20")
        assert book.timers() == {("step", first): ("03-20 09:00", "waiting")}
        sooner = book.site.create("note", name="m", claim=first, on="2026-03-18")
        assert book.timers()["step", first] == ("03-18 09:00", "waiting")
        book.site.update("note", sooner, done=True)
        assert book.timers()["step", first] == ("03-20 09:00", "waiting")
        book.site.update("note", note, claim=second)
        assert book.timers() == {
            ("step", first): ("", "idle"), ("step", second): ("03-20 09:00", "waiting"),
        }  # fmt: skip
        assert book.at("2026-03-20 09:00").news() == [("step", second)]


CHAIN = """
object: plant
title: name
owned: true
fields:
  name: {type: text}
  above: {type: link, to: plant}
  checks: {type: related, of: check_up, by: plant}
  parts: {type: related, of: plant, by: above}
  own: {type: date, rollup: min(c.on for c in checks)}
  first: {type: date, rollup: min(p.own for p in parts)}
---
object: check_up
title: name
owned: false
fields:
  name: {type: text}
  plant: {type: link, to: plant}
  on: {type: date}
"""


def test_rollups_of_rollups(kind: str, tmp_path: Path) -> None:
    """A check moves its plant's day, and that moves the day of the plant above."""
    rule = timer("first", "at: first").replace("claim", "plant")
    with rulebook(kind, tmp_path, rule, text=PEOPLE + "---" + CHAIN) as book:
        book.site.create("person", name="ann")
        book.work()
        top = book.site.create("plant", name="t", owner=1)
        part = book.site.create("plant", name="p", owner=1, above=top)
        check = book.site.create("check_up", name="c", plant=part, on="2026-03-20")
        assert book.timers() == {("first", top): ("03-20 09:00", "waiting")}
        book.site.update("check_up", check, on="2026-03-19")
        assert book.at("2026-03-19 09:00").news() == [("first", top)]


def test_imported_history_looks_forward(book: Rulebook) -> None:
    """A historical import tells of nothing that is over, and arms what is still to come."""
    given = {"name": "a", "owner": 1, "state": "asked"}
    changes = [
        Change(given={**given, "due_on": due}) for due in ("2026-03-18", "2026-03-19", "2026-03-20")
    ]
    with book.gate().transaction(SYSTEM, historical=True) as tx:
        book.gate().pass_steps(tx, "claim", CREATE, changes)
    assert book.timers() == {("soon", changes[2].id): ("03-17 09:00", "waiting")}
    with book.gate().transaction(SYSTEM, quiet=True) as tx:
        moved = Change(given={"due_on": "2026-03-19"}, id=changes[2].id)
        book.gate().pass_steps(tx, "claim", UPDATE, [moved])
    assert book.timers() == {("soon", changes[2].id): ("", "idle")}


def test_a_new_automation(book: Rulebook) -> None:
    """Records that are there get their timers; what was due before the automation came is over."""
    ids = [
        book.site.create("claim", name="a", owner=1, due_on=f"2026-03-{day}")
        for day in (15, 16, 17, 18)
    ]
    book.site.delete("claim", ids[3])
    book.apply(timer("due", 'at: due_on, time: "10:00"'))
    assert book.news() == []
    assert book.timers() == {("due", ids[2]): ("03-17 10:00", "waiting")}
    assert book.at("2026-03-17 10:00").news() == [("due", ids[2])]


def test_a_changed_automation(book: Rulebook) -> None:
    """Another day, another condition, another text, none at all."""
    first, second = claim(book, due_on="2026-03-25"), claim(book, due_on="2026-03-18")
    assert book.news() == [("soon", second)]
    book.apply(timer("soon", 'at: due_on - days(1), time: "18:00"', 'state == "asked"'))
    book.work()
    assert book.timers() == {
        ("soon", first): ("03-24 18:00", "waiting"), ("soon", second): ("03-17 18:00", "waiting"),
    }  # fmt: skip
    book.apply(timer("soon", 'at: due_on - days(1), time: "18:00"', "amount > 5"))
    book.work()
    assert {state for _, state in book.timers().values()} == {"idle"}
    assert not sync(book.gate())
    book.apply(remove="soon")
    book.work()
    assert book.timers() == {}


def test_refill_by_chunks(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven records, three at a time; the process dies after the first chunk."""
    monkeypatch.setattr("automation.refilling.CHUNK", 3)
    with rulebook(kind, tmp_path) as book:
        started(book)
        for number in range(7):
            book.site.create("claim", name=f"{number}", owner=1, due_on="2026-03-20")
        book.apply(timer("due", "at: due_on"))
        Minder(book.gate, sync=(sync,), pruning=()).once()
        book.carrier.carry()
        assert len(book.timers()) == 3
        book.work()
        assert len(book.timers()) == 7
        assert len(book.effects("timers.refill")) == 3


def test_two_processes(book: Rulebook) -> None:
    """Both bring timers into line with a revision: one refill."""
    book.apply(timer("due", "at: due_on"))
    assert sync(book.gate())
    assert not sync(book.gate())
    assert len(book.effects("timers.refill")) == 2  # that of `soon`, when the site began, too
