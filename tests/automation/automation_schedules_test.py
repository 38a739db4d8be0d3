"""Schedules: at their times, for every record that fulfils the condition."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.minding import Minder
from support.rulebook import WEBHOOK, Rulebook, rulebook
from support.small import KINDS_OF_DATABASE


def schedule(name: str, on: str, condition: str = "") -> str:
    """An automation that tells owners at fixed times."""
    asked = f"if: {condition}\n" if condition else ""
    return (
        f"automation: {name}\nobject: claim\non: {{{on}}}\n{asked}"
        "then:\n  tell: {notify: [owner, room.keeper], title: '{name}'}\n  call: {webhook: erp}\n"
    )


DAILY = schedule(
    "daily", 'every: "0 8 * * mon-fri"', 'state == "draft" and (due_on is empty or tense)'
)


@pytest.fixture(params=KINDS_OF_DATABASE)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def book(kind: str, tmp_path: Path) -> Iterator[Rulebook]:
    """Noon of Monday, 16 March 2026, in Shanghai."""
    with rulebook(kind, tmp_path, WEBHOOK, DAILY) as found:
        found.site.create("person", name="ann", account="ann")
        found.work()
        yield found


def test_fires(book: Rulebook) -> None:
    """On weekdays at eight, for the records of that moment."""
    site = book.site
    late = site.create("claim", name="a", owner=1, due_on="2026-03-16")
    site.create("claim", name="b", owner=1, due_on="2026-03-18")
    bare = site.create("claim", name="c")
    gone = site.create("claim", name="d", owner=1)
    site.delete("claim", gone)
    assert book.at("2026-03-17 07:59").news() == []
    expected = [("daily", late), ("erp claim.daily", late), ("erp claim.daily", bare)]
    assert book.at("2026-03-17 08:00").news() == expected
    assert book.at("2026-03-17 12:00").news() == []
    assert len(book.at("2026-03-18 08:00").news()) == 3
    site.delete("claim", bare)
    assert len(book.at("2026-03-21 12:00").news()) == 4  # one run for Thursday and Friday together
    assert book.at("2026-03-22 12:00").news() == []  # of the weekend none


def test_missed(kind: str, tmp_path: Path) -> None:
    """Down from Monday noon to Thursday noon: once, for each day, or not at all."""
    rules = [schedule(m, f'every: "0 8 * * *", missed: {m}') for m in ("once", "all", "skip")]
    with rulebook(kind, tmp_path, WEBHOOK, *rules) as book:
        claim = book.site.create("claim", name="a")
        book.work()
        told = [word for word, _ in book.at("2026-03-19 12:00").news()]
        assert told == ["erp claim.all"] * 3 + ["erp claim.once"]
        assert {word for word, id in book.at("2026-03-20 08:00").news() if id == claim} == {
            "erp claim.all", "erp claim.once", "erp claim.skip",
        }  # fmt: skip


def test_pages(book: Rulebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight records, three a page; the process dies after the first page: each is told once."""
    monkeypatch.setattr("automation.scheduling.CHUNK", 3)
    ids = [book.site.create("claim", name=f"{n}", owner=1) for n in range(8)]
    book.site.clock.turn(days=1)
    Minder(book.gate, pruning=()).once()
    book.carrier.carry()
    assert len(book.effects("notice")) == 3
    told = [id for word, id in book.news() if word == "daily"]
    assert told == ids
    assert len(book.effects("schedule")) == 3


def test_changes_with_the_definitions(book: Rulebook) -> None:
    """Another time counts from now on; a schedule that is gone fires no more."""
    book.site.create("claim", name="a")
    book.apply(schedule("daily", 'every: "30 17 * * *"'))
    assert book.news() == []
    assert book.at("2026-03-16 17:30").news() == [("erp claim.daily", 1)]
    book.apply(remove="daily")
    assert book.at("2026-03-17 17:30").news() == []
    assert book.site.rows("fw_schedule") == []


def test_a_record_without_result(book: Rulebook) -> None:
    """One whose figures are too large does not keep the others from being told."""
    book.apply(schedule("daily", 'every: "0 8 * * *"', "amount * 999999999 > 10"))
    book.work()
    small = book.site.create("claim", name="a", amount="5")
    large = book.site.create("claim", name="b", amount="9000000000")
    assert book.at("2026-03-17 08:00").news() == [("erp claim.daily", small)]
    (effect,) = book.effects("automation")
    assert (effect["record"], effect["status"]) == (large, "failed")
