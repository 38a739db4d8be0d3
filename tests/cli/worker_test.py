"""`formwright worker` and `formwright serve`: who carries out what a request asked for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from assembly.application import Application, build_application
from assembly.establishing import establish
from engine.permissions.actors import SYSTEM
from engine.schema.engines import open_databases
from jobs.outbox import Effect, put
from jobs.redis.queues import open_redis
from support.redis_server import redis_server
from support.small import write_files
from support.templates import Templates
from webapp.tables import account_tables

_templates = Templates()

ROOT = Path(__file__).parents[2]
NOTICE = {
    "to": [], "roles": [], "title": {"en": "Hello", "zh": "你好"}, "text": {"en": "", "zh": ""},
    "mail": False, "documents": [], "by": None, "of": "test",
}  # fmt: skip


class Project:
    """A folder with an empty site, in which commands are run."""

    def __init__(self, folder: Path, url: str, redis: str = "") -> None:
        self.folder = folder
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("FORMWRIGHT_")},
            "PYTHONPATH": str(ROOT / "platform"),
            "FORMWRIGHT_LAYERS": str(folder / "layer"),
            "FORMWRIGHT_DATABASE_URL": url,
            "FORMWRIGHT_SECRET_KEY": "a secret key of the tests",
            "FORMWRIGHT_REDIS_URL": redis,
            "LC_ALL": "C.UTF-8",
        }
        layer = write_files(folder / "layer", "object: thing\nfields:\n  name: {type: text}\n")

        def make(url: str) -> None:
            databases = open_databases(url)
            establish(databases, [layer], extra=account_tables())
            databases.dispose()

        _templates.fill(url, "worker", make)
        self.application: Application = build_application(open_databases(url))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            self.command(words), cwd=self.folder, env=self.environment, capture_output=True,
            text=True, timeout=120,
        )  # fmt: skip

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A command that runs, and is ended by SIGTERM."""
        process = subprocess.Popen(
            self.command(words), cwd=self.folder, env=self.environment, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        try:
            yield process
            process.terminate()
            _, told = process.communicate(timeout=60)
            assert process.returncode == 0, told
        finally:
            process.kill()
            process.communicate()

    def command(self, words: Sequence[str]) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "cli.main", *words]

    def ask(self, queue: str = "default") -> None:
        """Asks for a notice to nobody, and wakes nobody."""
        effect = Effect(kind="notice", payload=NOTICE, queue=queue)
        self.application.gate.write(SYSTEM, lambda tx: put(tx, [effect]))

    def states(self) -> list[str]:
        """What became of the effects."""
        table = self.application.tables.system("fw_outbox")
        with self.application.databases.reading() as connection:
            return list(connection.scalars(sa.select(table.c.status).order_by(table.c.id)))


@pytest.fixture
def project(database_url: str, tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path, database_url)
    yield made
    made.application.databases.dispose()


def soon(true: Callable[[], object], seconds: float = 60.0) -> bool:
    """Whether something becomes true before long."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_without_redis(project: Project) -> None:
    """A worker looks into the database; it ends on SIGTERM with status 0."""
    project.ask()
    with project.running("worker"):
        assert soon(lambda: project.states() == ["done"])
        project.ask("slow")
        assert soon(lambda: project.states() == ["done", "done"])


def test_in_a_burst(project: Project) -> None:
    """What is due is carried out, by the queues that are named, and the command ends."""
    project.ask()
    project.ask("slow")
    assert project.run("worker", "--burst", "--queues", "slow").returncode == 0
    assert project.states() == ["waiting", "done"]
    assert project.run("worker", "--burst", "--processes", "2").returncode == 0
    assert project.states() == ["done", "done"]


def test_what_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    """An unknown queue, and a database without an application: a sentence and status 1."""
    project = Project(tmp_path, sqlite_url)
    refused = project.run("worker", "--queues", "fast")
    assert (refused.returncode, "no-such-queue" in refused.stderr) == (1, True)
    project.environment["FORMWRIGHT_DATABASE_URL"] = f"sqlite:///{tmp_path / 'other.db'}"
    refused = project.run("worker")
    assert (refused.returncode, "nothing-applied" in refused.stderr) == (1, True)
    project.application.databases.dispose()


def test_several_processes(sqlite_url: str, tmp_path: Path) -> None:
    """A worker that is killed is replaced; all end with the command that keeps them."""
    project = Project(tmp_path, sqlite_url)
    with project.running("worker", "--processes", "2") as head:
        assert soon(lambda: len(children(head.pid)) == 2)
        time.sleep(5)  # they have lived for long enough to be replaced at once
        for child in children(head.pid):
            os.kill(child, signal.SIGKILL)
        project.ask()
        assert soon(lambda: project.states() == ["done"])
        assert soon(lambda: len(children(head.pid)) == 2)
        kept = children(head.pid)
    assert not [pid for pid in kept if Path(f"/proc/{pid}").exists()]
    project.application.databases.dispose()


def test_the_server_carries_out_itself(sqlite_url: str, tmp_path: Path) -> None:
    """Without Redis each process of the server does; nothing else has to run."""
    project = Project(tmp_path, sqlite_url)
    with project.running("serve", "--port", "0", "--workers", "2"):
        project.ask()
        project.ask("slow")
        assert soon(lambda: project.states() == ["done", "done"])
    project.application.databases.dispose()


def test_the_server_ends_while_it_starts(sqlite_url: str, tmp_path: Path) -> None:
    """A request to end reaches a process that has just been started: none has to be killed."""
    project = Project(tmp_path, sqlite_url)
    server = subprocess.Popen(
        project.command(("serve", "--port", "0", "--workers", "4")), cwd=tmp_path,
        env=project.environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stderr
    while "Booting worker" not in server.stderr.readline():
        assert server.poll() is None
    server.terminate()
    _, told = server.communicate(timeout=120)
    assert (server.returncode, told.count("Worker exiting")) == (0, 4), told
    project.application.databases.dispose()


def test_the_server_leaves_it_to_workers(sqlite_url: str, tmp_path: Path) -> None:
    """With Redis the server carries nothing out; a worker and a scheduler do."""
    with redis_server() as redis:
        project = Project(tmp_path, sqlite_url, redis.url)
        with project.running("serve", "--port", "0", "--workers", "1"):
            project.ask()
            time.sleep(3)
            assert project.states() == ["waiting"]
            with project.running("scheduler"), project.running("worker"):
                assert soon(lambda: project.states() == ["done"])
                project.ask()  # by somebody who calls nobody: the relay does
                assert soon(lambda: project.states() == ["done", "done"])
        left = open_redis(redis.url).keys("rq:job:*")
        assert left == []
        project.application.databases.dispose()


def test_a_database_that_goes_away(postgres_url: str, tmp_path: Path) -> None:
    """All connections of a worker are cut: it goes on with new ones."""
    project = Project(tmp_path, postgres_url)
    with project.running("worker"):
        project.ask()
        assert soon(lambda: project.states() == ["done"])
        with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                " current_database() AND pid <> pg_backend_pid()"
            )
        project.application.databases.dispose()
        project.ask()
        assert soon(lambda: project.states() == ["done", "done"])
    project.application.databases.dispose()


def children(pid: int) -> list[int]:
    """The processes that a process has started (Linux)."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in found.read_text().split()] if found.exists() else []
