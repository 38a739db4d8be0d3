"""A real process that imports is killed without warning; another goes on, nothing doubles."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from assembly.application import build_application
from assembly.establishing import establish
from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.schema.engines import Databases, open_databases
from exchange.import_work import ImportRequest, import_work
from jobs import work
from jobs.work import start_work
from support.exchange_site import SITE
from support.small import write_files

WORKER = """
import sys
from pathlib import Path
from assembly.application import build_application
from assembly.long_work import KINDS
from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.schema.engines import open_databases
from exchange import importing
from jobs.carrying import Carrier
from jobs.work_running import Workshop, work_handler

importing.BATCH = 100
gate = build_application(open_databases(sys.argv[1])).gate
files = Files("files", Path(sys.argv[2]), "work")
workshop = Workshop({k.name: k for k in KINDS}, files, lambda gate, row: SYSTEM)
handler = work_handler(workshop)
carrier = Carrier(lambda: gate, {handler.kind: handler})
while True:
    carrier.reap()
    carrier.drain()
    if len(sys.argv) > 3:
        break
"""
ROWS = 3_000


@pytest.fixture
def databases(database_url: str, tmp_path: Path) -> Databases:
    return open_databases(database_url)


def worker(url: str, folder: Path, *more: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WORKER, url, str(folder), *more]
    return subprocess.Popen(command, env=environment)


def lapse(databases: Databases) -> None:
    """Nobody waits two minutes for a lease in a test."""
    with databases.writing() as connection:
        connection.execute(
            sa.text("UPDATE fw_outbox SET lease = '2020-01-01 00:00:00' WHERE lease IS NOT NULL")
        )


def test_killed_again_and_again(databases: Databases, database_url: str, tmp_path: Path) -> None:
    """Three processes are killed while they import; the fourth brings it to its end."""
    gate = establish(databases, [write_files(tmp_path / "layer", SITE)]).gate
    files = Files("files", tmp_path, "work")
    lines = (f"N{i},{'x' if i % 10 == 0 else i}\n" for i in range(ROWS))
    stored = files.put(io.BytesIO(("name,staff\n" + "".join(lines)).encode()))
    request = ImportRequest(object="company", source=stored.digest, name="in.csv")
    wanted = import_work(gate.catalog, request)
    id = gate.write(SYSTEM, lambda tx: start_work(tx, wanted))
    for round in range(3):
        process, before = worker(database_url, tmp_path), work.one(gate, SYSTEM, id)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if work.one(gate, SYSTEM, id).progress.done > before.progress.done + 100 * round:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        lapse(databases)
    assert 0 < work.one(gate, SYSTEM, id).progress.done < ROWS
    assert worker(database_url, tmp_path, "once").wait(timeout=120) == 0
    row = work.one(gate, SYSTEM, id)
    assert (row.status, row.progress.done) == ("done", ROWS)
    assert (row.counts["created"], row.counts["rejected"]) == (ROWS * 9 // 10, ROWS // 10)
    application = build_application(databases)
    company = application.tables.table("company")
    with databases.reading() as connection:
        names = list(connection.scalars(sa.select(company.c.name).order_by(company.c.id)))
    assert names == [f"N{i}" for i in range(ROWS) if i % 10]
    (rejected,) = row.files
    with files.open(rejected.digest) as stream:
        told = stream.read().decode("utf-8-sig").splitlines()[1:]
    assert [int(line.split(",")[0]) for line in told] == [i + 2 for i in range(0, ROWS, 10)]
    databases.dispose()
