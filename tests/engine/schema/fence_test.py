"""The revision fence, while revisions are published."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.schema.fence import StaleRevision, enter_write
from support.patience import PATIENCE
from support.workshop import Workshop, workshop

BOOK = "fields: {name: {type: text}}"
MORE = "fields: {name: {type: text}, pages: {type: integer}}"


def test_stale_writer(shop: Workshop) -> None:
    """Who was compiled for an older revision writes nothing."""
    shop.write(book=BOOK).apply()
    with shop.databases.writing() as connection:
        enter_write(connection, 1)
    shop.write(book=MORE).apply()
    with pytest.raises(StaleRevision) as stale, shop.databases.writing() as connection:
        enter_write(connection, 1)
    assert (stale.value.expected, stale.value.current) == (1, 2)
    with shop.databases.writing() as connection:
        enter_write(connection, 2)


def test_publishing_waits_for_writers(shop: Workshop) -> None:
    """A write that began under revision 1 ends under it; the revision changes after."""
    shop.write(book=BOOK).apply()
    table = shop.application().tables.table("book")
    shop.write(book=MORE)
    with shop.databases.writing() as connection:
        enter_write(connection, 1)
        connection.execute(sa.insert(table).values(name="Kim"))
        applying = threading.Thread(target=shop.apply)
        applying.start()
        time.sleep(0.5)
        with shop.databases.reading() as reader:
            assert reader.scalar(sa.text("SELECT max(id) FROM fw_revision")) == 1
    applying.join(30)
    assert shop.application().revision == 2


def test_nobody_fails_while_revisions_come(shop: Workshop) -> None:
    """Readers and writers go on under ten revisions; a stale write is simply run again."""
    shop.write(book=BOOK).apply()
    table = shop.application().tables.table("book")
    done, failures, written = threading.Event(), [], [0]

    def read() -> None:
        try:
            while not done.is_set():
                with shop.databases.reading() as connection:
                    connection.scalar(sa.select(sa.func.count()).select_from(table))
        except Exception as error:
            failures.append(error)

    def write() -> None:
        revision = 1
        try:
            while not done.is_set():
                try:
                    with shop.databases.writing() as connection:
                        enter_write(connection, revision)
                        connection.execute(sa.insert(table).values(name="Kim"))
                    written[0] += 1
                except StaleRevision as stale:
                    revision = stale.current or 0
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for work in (read, write, write)]
    for thread in threads:
        thread.start()
    fields = "fields:\n  name: {type: text}\n"
    for number in range(10):
        fields += f"  f{number}: {{type: link, to: book}}\n"
        shop.write(book=fields).apply()
    done.set()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert written[0] > 10
    assert shop.application().revision == 11


def test_an_idle_reader_does_not_stop_everyone(tmp_path: Path, postgres_url: str) -> None:
    """PostgreSQL: an ALTER in front of which a reader sits gives way, until the reader is gone."""
    with workshop(tmp_path / "layer", postgres_url) as shop:
        _alter_behind_a_reader(shop)


def _alter_behind_a_reader(shop: Workshop) -> None:
    shop.write(book=BOOK).apply()
    shop.write(book=MORE)
    idle = shop.databases.writes.connect()  # in a transaction that it leaves open
    idle.execute(sa.text("SELECT count(*) FROM book"))
    applying = threading.Thread(target=shop.apply)
    applying.start()
    for _ in range(50):
        with shop.databases.reading() as connection:
            # without giving way, all of them wait for the idle one
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{PATIENCE:.0f}s'"))
            connection.execute(sa.text("SELECT count(*) FROM book"))
        time.sleep(0.02)
    assert applying.is_alive()
    idle.close()
    applying.join(30)
    assert shop.application().revision == 2
