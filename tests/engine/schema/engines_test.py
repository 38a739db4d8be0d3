"""The database's doors."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.problems import Refusal
from engine.schema.engines import open_databases

BAD = [
    ("", "database-url"),
    ("nonsense", "database-url"),
    ("postgresql://user:pass@host:port/name", "database-url"),
    ("mysql://host/name", "unknown-database"),
    ("sqlite://", "database-needs-file"),
    ("sqlite:///:memory:", "database-needs-file"),
    ("sqlite:///file:x?mode=memory&uri=true", "database-needs-file"),
    ("sqlite:///{folder}", "database-is-folder"),
    ("sqlite:///{file}", "not-a-database"),
    ("sqlite:///{file}/below.db", "database-folder"),
    ("postgresql://user:secret-word@127.0.0.1:1/name", "database-unreachable"),
]


@pytest.mark.parametrize(("url", "code"), BAD)
def test_unusable_url(url: str, code: str, tmp_path: Path) -> None:
    """Each is one sentence in either language, and shows no password."""
    file = tmp_path / "notes.txt"
    file.write_text("no database, but a text that is long enough to look like something" * 20)
    with pytest.raises(Refusal) as refused:
        open_databases(url.format(folder=tmp_path, file=file))
    (problem,) = refused.value.problems
    assert problem.code == code
    for locale in ("en", "zh"):
        assert "secret-word" not in problem.line(locale)
        assert "\n" not in problem.line(locale)


def test_postgres_says_what_is_missing(postgres_url: str) -> None:
    """A database or a role that the server does not have."""
    name = postgres_url.partition("@/")[2].partition("?")[0]
    for change, code in [((f"/{name}?", "/nowhere?"), "no-such-database"),
                         (("postgres@", "stranger@"), "database-password")]:  # fmt: skip
        with pytest.raises(Refusal) as refused:
            open_databases(postgres_url.replace(*change))
        assert [problem.code for problem in refused.value.problems] == [code]


def test_folder_is_made(tmp_path: Path) -> None:
    """The folder of a SQLite file need not be there."""
    open_databases(f"sqlite:///{tmp_path}/var/deep/site.db").dispose()
    assert (tmp_path / "var/deep/site.db").exists()


def test_one_transaction(database_url: str) -> None:
    """`writing` commits at the end, and not when something fails."""
    databases = open_databases(database_url)
    with databases.writing() as connection:
        connection.execute(sa.text("CREATE TABLE t (x INTEGER)"))
    with pytest.raises(ZeroDivisionError), databases.writing() as connection:
        connection.execute(sa.text("INSERT INTO t VALUES (1)"))
        raise ZeroDivisionError
    with databases.reading() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM t")) == 0
    databases.dispose()


def test_reads_cannot_write(sqlite_url: str) -> None:
    """SQLite: what goes through the reading pool changes nothing, by mistake either."""
    databases = open_databases(sqlite_url)
    with pytest.raises(sa.exc.OperationalError), databases.reading() as connection:
        connection.execute(sa.text("CREATE TABLE t (x INTEGER)"))
    databases.dispose()


def test_no_change_is_lost(database_url: str) -> None:
    """Four writers read, add one and write back, 50 times each: 200."""
    databases = open_databases(database_url)
    lock = "" if databases.dialect == "sqlite" else " FOR UPDATE"
    with databases.writing() as connection:
        connection.execute(sa.text("CREATE TABLE t (x INTEGER)"))
        connection.execute(sa.text("INSERT INTO t VALUES (0)"))

    def add() -> None:
        for _ in range(50):
            with databases.writing() as connection:
                value = connection.scalar(sa.text(f"SELECT x FROM t{lock}"))
                connection.execute(sa.text("UPDATE t SET x = :x"), {"x": value + 1})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with databases.reading() as connection:
        assert connection.scalar(sa.text("SELECT x FROM t")) == 200
    databases.dispose()


def test_postgres_session(postgres_url: str) -> None:
    """Times are UTC; only reading ends what takes too long."""
    databases = open_databases(postgres_url, statement_seconds=1.5)
    for pool, timeout in ((databases.reads, "1500ms"), (databases.writes, "0")):
        with pool.connect() as connection:
            connection.rollback()
            assert connection.scalar(sa.text("SHOW timezone")) == "UTC"
            assert connection.scalar(sa.text("SHOW statement_timeout")) == timeout
    databases.dispose()
