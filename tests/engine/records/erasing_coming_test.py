"""Erasing a record while an apply computes columns that no revision knows yet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assembly.filling_ahead import tell_converted
from engine.permissions.actors import SYSTEM
from engine.records.erasing import erase_data
from engine.schema.backfilling import read_journal
from engine.schema.structure import GRAMS_COLUMN, SEARCH_SUFFIX, read_structure
from support.backfilled import COUNT, ORDER, begun, killed
from support.workshop import Workshop, workshop

PERSON = 3
CONVERTED = ORDER.replace(
    "weight: {type: text}", "weight: {type: number, scale: 1, convert: {decimal: ','}}"
).replace("title: name", "title: name\nsearch: [name]")
COMING = CONVERTED + "  copy: {type: text, default_for_existing: {from: name}}\n"


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Iterator[Workshop]:
    """Orders, of which the third tells of a person."""
    with workshop(tmp_path / "layer", database_url) as made:
        begun(made)
        gate = made.application().gate
        gate.update(SYSTEM, "order", PERSON, {"weight": "7,5", "name": "secret"})
        yield made


def erase(shop: Workshop) -> None:
    """The record is emptied and what the audit says of it is erased, in one transaction."""
    gate = shop.application().gate
    gate.update(SYSTEM, "order", PERSON, {"weight": None, "name": None})
    with gate.transaction(SYSTEM) as tx:
        assert erase_data(tx, "order", PERSON, "asked for") >= 2


def coming(shop: Workshop) -> list[Any]:
    """What stands in columns of the record that are under way, and what is to be told of it."""
    with shop.databases.reading() as connection:
        journal = read_journal(connection)
        assert journal is not None
        names = [f'"{column}"' for table, column in journal.fresh if table == "order"]
        there = read_structure(connection)
        search = f"order{SEARCH_SUFFIX}"
        found: list[Any] = []
        for name in names:
            if name == f'"{GRAMS_COLUMN}"' and search in there.other:
                query = f'SELECT grams FROM "{search}" WHERE rowid = {PERSON}'
            else:
                query = f'SELECT {name} FROM "order" WHERE id = {PERSON}'
            found += connection.exec_driver_sql(query).scalars()
        told = f"SELECT data FROM fw_backfill_told WHERE record = {PERSON}"
        found += connection.exec_driver_sql(told).scalars()
    return [value for value in found if value is not None]


def history(shop: Workshop) -> str:
    with shop.databases.reading() as connection:
        query = f"SELECT data FROM fw_audit WHERE object <> 'customer' AND record = {PERSON}"
        return " ".join(filter(None, connection.exec_driver_sql(query).scalars()))


@pytest.mark.parametrize("name", ["order", "purchase"])
def test_half_way(shop: Workshop, name: str) -> None:
    """What was computed and is to be told goes at once, and does not come back, whatever the
    coming revision calls the object."""
    if name == "order":
        shop.write(order=COMING)
    else:
        parts = {"lines: {type: lines, of: order_line}": "", "title:": "was: order\ntitle:"}
        text = COMING
        for old, new in parts.items():
            text = text.replace(old, new, 1)
        shop.write(order="", order_line="", purchase=text)
    killed(shop, after=2 * COUNT)
    assert len(coming(shop)) >= 3
    erase(shop)
    assert coming(shop) == []
    assert shop.apply(online_from=10, allow_loss=True) == 2
    gate = shop.application().gate
    row = gate.write(SYSTEM, lambda tx: tx.fetch(name, [PERSON])[PERSON])
    assert (row["weight"], row["name"], row["copy"]) == (None, None, None)
    assert "7,5" not in history(shop) and "secret" not in history(shop)


def test_after_publishing(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Published, but the audit is not told yet: it never is of what was erased meanwhile."""
    shop.write(order=COMING)
    with monkeypatch.context() as patched:
        patched.setattr("engine.schema.applying.tidy", lambda databases, tell: None)
        assert shop.apply(online_from=10, allow_loss=True) == 2
    with shop.databases.reading() as connection:
        query = "SELECT record FROM fw_backfill_told"
        assert PERSON in connection.exec_driver_sql(query).scalars()
    erase(shop)
    shop.apply()
    with shop.databases.reading() as connection:
        assert read_journal(connection) is None
    assert "7,5" not in history(shop)


def test_while_it_is_told(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit is being told of it just while it is erased: it is not told of it."""
    shop.write(order=COMING)
    with monkeypatch.context() as patched:
        patched.setattr("engine.schema.applying.tidy", lambda databases, tell: None)
        shop.apply(online_from=10, allow_loss=True)
    gate = shop.application().gate
    gate.update(SYSTEM, "order", PERSON, {"weight": None, "name": None})
    with shop.databases.reading() as connection:
        journal = read_journal(connection)
    assert journal is not None
    told = list[int]()

    def tell() -> None:
        with shop.databases.writing() as connection:
            told.append(tell_converted(connection, journal))

    thread = threading.Thread(target=tell)
    with gate.transaction(SYSTEM) as tx:
        erase_data(tx, "order", PERSON, "asked for")
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
    thread.join()
    assert told and told[0] >= COUNT - 1
    assert "7,5" not in history(shop)
