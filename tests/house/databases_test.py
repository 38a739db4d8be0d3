"""The databases that tests are given."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from support.project import ROOT


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_gets_an_empty_database(database_url: str, turn: int) -> None:
    """What one test leaves behind, the next does not see, even with a connection left open."""
    connection = sa.create_engine(database_url).connect()
    assert sa.inspect(connection).get_table_names() == []
    connection.execute(sa.text("CREATE TABLE left_behind (id INTEGER)"))
    connection.commit()


def test_postgres_sorts_by_code_point(postgres_url: str) -> None:
    """The cluster's locale adds no rules of its own to what the gate relies on."""
    with sa.create_engine(postgres_url).connect() as connection:
        assert connection.scalar(sa.text("SELECT 'Z' < 'a'"))
        assert connection.scalar(sa.text("SHOW server_encoding")) == "UTF8"


def test_the_server_dies_with_the_run() -> None:
    """A test run killed outright leaves neither a server nor its data behind."""
    program = (
        "from support import postgres; import time\n"
        "print(postgres.start(postgres.find_binaries()).socket_folder, flush=True); time.sleep(60)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}
    run = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    folder = Path(run.stdout.readline().strip())
    assert (folder / ".s.PGSQL.5432").exists()
    run.send_signal(signal.SIGKILL)
    run.communicate()
    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()


def test_a_missing_server_is_named(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Without PostgreSQL, what needs it is not skipped: it fails and names the package."""
    monkeypatch.delenv("FORMWRIGHT_TEST_POSTGRES_URL")
    with pytest.raises(pytest.fail.Exception, match="install Debian's package `postgresql`"):
        request.getfixturevalue("postgres_url")
