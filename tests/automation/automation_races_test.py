"""Timers that fire while their records are saved, and refills beside both."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from automation.syncing import sync
from support.rulebook import Rulebook, rulebook
from support.small import KINDS_OF_DATABASE

CALL = """
automation: call
object: claim
on: {at: called_at}
if: urgent
then: {tell: {notify: owner, title: "{name}"}}
"""
CLAIMS = 6
ROUNDS = 12


@pytest.fixture(params=KINDS_OF_DATABASE)
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rulebook]:
    with rulebook(request.param, tmp_path, CALL) as found:
        found.site.create("person", name="ann", account="ann")
        found.work()
        yield found


def test_saved_while_it_fires(book: Rulebook) -> None:
    """Two people switch claims between urgent and not, at the very moment: told once each."""
    moment = book.site.clock.now.isoformat()
    ids = [book.site.create("claim", name=f"{n}", owner=1, called_at=moment) for n in range(CLAIMS)]
    ending = threading.Event()
    problems: list[Exception] = []

    def switch(first: int) -> None:
        try:
            for number in range(ROUNDS):
                for id in ids[first::2]:
                    book.site.update("claim", id, urgent=number % 2 == 0)
        except Exception as error:
            problems.append(error)

    def work() -> None:
        while not ending.is_set():
            book.work()

    savers = [threading.Thread(target=switch, args=(n,)) for n in range(2)]
    worker = threading.Thread(target=work)
    for thread in (worker, *savers):
        thread.start()
    for thread in savers:
        thread.join()
    ending.set()
    worker.join()
    assert problems == []
    for id in ids:
        book.site.update("claim", id, urgent=True)
    assert book.news() == [("call", id) for id in ids]
    assert {state for _, state in book.timers().values()} == {"fired"}


def test_two_schedulers_meet_a_new_revision(book: Rulebook) -> None:
    """Both find the timers made for another revision at once: each refill is asked for once."""
    book.apply(CALL.replace("call\n", "again\n", 1), CALL.replace("call\n", "third\n", 1))
    gate, start = book.gate(), threading.Barrier(4)

    def bring_into_line() -> None:
        start.wait()
        sync(gate)

    threads = [threading.Thread(target=bring_into_line) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = [json.loads(row["payload"])["name"] for row in book.effects("timers.refill")]
    assert asked == ["call", "again", "third"]
