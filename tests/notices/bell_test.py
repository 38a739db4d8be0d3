"""The bell: counting, paging, reading, forgetting; on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.permissions.actors import SYSTEM
from engine.records.transaction import Transaction
from notices import bell
from notices.tellers import Told, write
from notices.telling import Notice
from support.small import KINDS_OF_DATABASE
from support.telling import Office, office, taken


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def at(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with office(request.param, tmp_path_factory.mktemp("bell")) as made:
        yield made


@pytest.fixture(autouse=True)
def clean(at: Office) -> None:
    """Nobody has been told anything yet."""
    with at.site.databases.writing() as connection:
        connection.execute(at.gate.tables.system("fw_notice").delete())


def tell(at: Office, person: int, *titles: str, of: str = "") -> None:
    def work(tx: Transaction) -> None:
        for title in titles:
            told = [Told(person, title, "", False)]
            write(
                tx, Notice(title={}, of=of), taken(tx, f"{title} {of} {tx.now}", "quote", 7), told
            )

    at.gate.write(SYSTEM, work)


def test_pages(at: Office) -> None:
    """The latest first; each page tells where the next begins; the last one does not."""
    tell(at, 1, "a", "b", "c")
    tell(at, 2, "x")
    first, following = bell.latest(at.gate, 1, 2)
    assert ([n.title for n in first], following) == (["c", "b"], first[1].id)
    rest, following = bell.latest(at.gate, 1, 2, following)
    assert ([n.title for n in rest], following) == (["a"], None)
    assert (first[0].object, first[0].record, first[0].read_on) == ("quote", 7, None)
    assert bell.one(at.gate, 2, first[0].id) is None


def test_reading(at: Office) -> None:
    """One, several, all; nobody else's."""
    tell(at, 1, "a", "b", "c")
    tell(at, 2, "x")
    ids = [n.id for n in bell.latest(at.gate, 1, 10)[0]]
    bell.mark_read(at.gate, 2, ids)
    assert bell.unread(at.gate, 1) == 3
    bell.mark_read(at.gate, 1, ids[:1])
    assert (bell.unread(at.gate, 1), bell.unread(at.gate, 2)) == (2, 1)
    bell.mark_read(at.gate, 1)
    assert (bell.unread(at.gate, 1), bell.unread(at.gate, 2)) == (0, 1)


def test_counting_ends(at: Office) -> None:
    """A hundred stands for a hundred and more."""
    tell(at, 1, *map(str, range(130)))
    assert bell.unread(at.gate, 1) == 100


def test_settling(at: Office) -> None:
    """What calls for nothing any more is read, by everybody or by one."""
    tell(at, 1, "a", of="approval:1:x")
    tell(at, 2, "a2", of="approval:1:x")
    tell(at, 1, "b", of="approval:2:x")
    at.gate.write(SYSTEM, lambda tx: bell.settle(tx, ["approval:1:x"], 2))
    assert (bell.unread(at.gate, 1), bell.unread(at.gate, 2)) == (2, 0)
    at.gate.write(SYSTEM, lambda tx: bell.settle(tx, ["approval:1:x"]))
    assert [n.title for n in bell.latest(at.gate, 1, 9)[0] if n.read_on is None] == ["b"]


def test_old_ones_go(at: Office) -> None:
    """After ninety days they are deleted, in batches."""
    tell(at, 1, "old")
    at.site.clock.turn(days=89)
    tell(at, 1, "young")
    assert bell.prune(at.gate) == 0
    at.site.clock.turn(days=2)
    assert (bell.prune(at.gate), bell.prune(at.gate)) == (1, 0)
    assert [n.title for n in bell.latest(at.gate, 1, 9)[0]] == ["young"]


def test_ids_do_not_come_again(at: Office) -> None:
    """Whatever goes, the id of a later notice is none that somebody had before."""
    tell(at, 1, "a", "b")
    given = bell.latest(at.gate, 1, 9)[0][0].id
    at.site.clock.turn(days=91)
    assert (bell.prune(at.gate), bell.prune(at.gate)) == (1, 0)
    tell(at, 1, "c")
    assert bell.latest(at.gate, 1, 9)[0][0].id > given
    assert bell.prune(at.gate) == 1
