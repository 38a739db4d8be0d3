"""An apply that was begun and given up: its triggers go after a day, the next one begins anew."""

from __future__ import annotations

import datetime as dt

import pytest

from assembly.background import PRUNING
from assembly.letting_go import let_go_of_applies
from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.schema.backfilling import LET_GO, Progress, read_journal
from engine.schema.letting_go import let_go
from engine.schema.touching import waiting, watching
from support.backfilled import AFTER, COUNT, begun, killed, whole
from support.workshop import NOW, Workshop

HOUR = dt.timedelta(hours=1)


def watched(shop: Workshop) -> tuple[int, int]:
    """How many tables are watched, and how many records are noted (up to 99)."""
    with shop.databases.reading() as connection:
        return len(watching(connection)), waiting(connection, 99)


def change_all(shop: Workshop) -> None:
    """Changes every order and customer by the rules of before."""
    gate = shop.application().gate
    for id in range(1, COUNT + 1):
        gate.update(SYSTEM, "order", id, {"amount": id * 3, "name": f"n{id}", "weight": None})
    for id in range(1, 4):
        gate.update(SYSTEM, "customer", id, {"rating": id * 5})


@pytest.mark.parametrize("online_from", [10, 5_000])
def test_let_go(shop: Workshop, online_from: int) -> None:
    """A day later nothing is watched and noted any more; the same apply is right all the same."""
    begun(shop).write(order=AFTER)
    digest = shop.plan().digest
    killed(shop, after=3 * COUNT)
    shop.application().gate.update(SYSTEM, "order", 1, {"amount": 3})
    tables, noted = watched(shop)
    assert tables >= 3 and noted >= 1
    assert not let_go(shop.databases, NOW + 23 * HOUR)
    assert let_go(shop.databases, NOW + 25 * HOUR)
    assert not let_go(shop.databases, NOW + 25 * HOUR)
    assert shop.plan().digest == digest
    change_all(shop)
    assert watched(shop) == (0, 0)
    with shop.databases.reading() as connection:
        journal = read_journal(connection)
        assert connection.exec_driver_sql("SELECT count(*) FROM fw_backfill_told").scalar() == 0
    assert journal is not None and journal.status == LET_GO
    assert shop.apply(online_from=online_from) == 2
    whole(shop)
    assert watched(shop) == (0, 0)
    assert shop.plan().empty


def test_goes_on(shop: Workshop) -> None:
    """Whoever goes on within the day has another day."""
    begun(shop).write(order=AFTER)
    killed(shop)
    with shop.databases.writing() as connection:
        earlier = (NOW - 25 * HOUR).replace(tzinfo=None).isoformat(" ", "microseconds")
        zone = "" if connection.dialect.name == "sqlite" else "+00"
        connection.exec_driver_sql(f"UPDATE fw_backfill SET at = '{earlier}{zone}'")
    killed(shop)
    assert not let_go(shop.databases, NOW + HOUR)
    assert watched(shop)[0] >= 3


def test_while_it_works(shop: Workshop) -> None:
    """An apply that is at work is left alone; where that cannot be known, it publishes nothing."""
    begun(shop).write(order=AFTER)
    done = list[bool]()

    def tell(progress: Progress) -> None:
        done.append(let_go(shop.databases, NOW + 25 * HOUR))

    if shop.databases.dialect == "postgresql":
        assert shop.apply(online_from=10, tell=tell) == 2
        assert not any(done)
    else:
        with pytest.raises(Refusal):
            shop.apply(online_from=10, tell=tell)
        assert done == [True]
        change_all(shop)
        assert shop.apply(online_from=10) == 2
    whole(shop)


def test_housekeeping(shop: Workshop) -> None:
    """The scheduler does it, without being asked."""
    assert let_go_of_applies in PRUNING
    begun(shop).write(order=AFTER)
    gate = shop.application().gate
    assert let_go_of_applies(gate) == 0
    killed(shop)
    assert [let_go_of_applies(gate) for _ in range(2)] == [1, 0]
    assert watched(shop) == (0, 0)
