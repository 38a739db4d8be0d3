"""`formwright user` and `formwright serve`, as processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from assembly.application import build_application
from cli.main import main
from engine.permissions.actors import SYSTEM
from engine.schema.engines import open_databases

ROOT = Path(__file__).parents[2]


class Project:
    """A folder in which commands are run."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("FORMWRIGHT_")},
            "PYTHONPATH": str(ROOT / "platform"),
            "FORMWRIGHT_LAYERS": str(ROOT / "config"),
            "FORMWRIGHT_DATABASE_URL": url,
            "FORMWRIGHT_SECRET_KEY": "a secret key of the tests",
            "FORMWRIGHT_ENCRYPTION_KEYS": os.environ["FORMWRIGHT_ENCRYPTION_KEYS"],
            "LC_ALL": "C.UTF-8",
        }

    def command(self, *words: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "cli.main", *words]

    def run(self, *words: str, told: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            self.command(*words), cwd=self.folder, env=self.environment, input=told,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    @contextlib.contextmanager
    def serving(self, *words: str) -> Iterator[str]:
        """A running server; yields where it listens."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = self.command("serve", "--port", str(port), *words)
        process = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, text=True
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.communicate(timeout=30)


def fetched(url: str, body: Any = None, token: str = "") -> tuple[int, Any]:
    """Status and JSON of an answer; waits for a server that is starting."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    for _ in range(900):
        try:
            asked = urllib.request.Request(url, data, headers)
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    pytest.fail("the server did not start")


def test_from_nothing_to_a_record(database_url: str, tmp_path: Path) -> None:
    """An empty database is set up by serving; an account is added while it runs; it signs in."""
    project = Project(tmp_path, database_url)
    with project.serving("--workers", "2") as base:
        assert fetched(base + "/readyz")[0] == 200
        added = project.run(
            "user", "add", "li", "--role", "sales_manager", "--password", "-",
            told="a good password\n",
        )  # fmt: skip
        assert (added.returncode, added.stdout) == (0, ""), added.stderr
        body = {"username": "li", "password": "a good password"}
        status, tokens = fetched(base + "/api/v1/security/login", body)
        assert status == 200
        token = tokens["access_token"]
        for index in range(4):  # whichever worker answers
            status, made = fetched(f"{base}/api/v1/o/customer", {"name": f"C{index}"}, token)
            assert status == 201, made
        key = project.run("user", "key", "li", "--read-only").stdout.strip()
        assert fetched(f"{base}/api/v1/o/product", token=key)[0] == 200
        assert fetched(f"{base}/api/v1/o/customer", {"name": "C9"}, key)[0] == 403
        changed = project.run("user", "password", "li")
        assert len(changed.stdout.strip()) >= 12
        assert fetched(f"{base}/api/v1/me", token=token)[0] == 401
        assert fetched(f"{base}/api/v1/me", token=key)[0] == 401


def test_accounts(sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Adding, roles, and what is refused: exit status 1 and a sentence, never a traceback."""
    monkeypatch.chdir(tmp_path)
    for name, value in Project(tmp_path, sqlite_url).environment.items():
        monkeypatch.setenv(name, value)
    unplayed = shutil.ignore_patterns("scenarios")  # they have tests of their own
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=unplayed)
    monkeypatch.setenv("FORMWRIGHT_LAYERS", str(tmp_path / "config"))

    def user(*words: str, told: str = "") -> Result:
        return CliRunner().invoke(main, ["user", *words], input=told)

    refused = user("add", "li")
    assert (refused.exit_code, "nothing-applied" in refused.stderr) == (1, True)
    assert CliRunner().invoke(main, ["apply", "--yes"]).exit_code == 0
    assert user("add", "li", "--locale", "zh").exit_code == 0
    for words, code in (
        (("add", "LI"), "account-exists"),
        (("add", " x"), "bad-account-name"),
        (("add", "wu", "--role", "king"), "no-role"),
        (("add", "wu", "--person", "Nobody"), "no-such-person"),
        (("add", "wu", "--person", "99"), "not-found"),
        (("roles", "lee"), "no-account"),
        (("password", "lee"), "no-account"),
    ):
        refused = user(*words)
        assert refused.exit_code == 1, words
        assert code in refused.stderr, words
    assert "short-password" in user("add", "wu", "--password", "-", told="short\n").stderr
    assert user("add", "wu", "--password", "on the line").exit_code == 2
    given = user("roles", "li", "finance", "sales_manager")
    assert given.stdout.split() == ["finance", "sales_manager"]
    assert user("roles", "li", "finance").stdout.split() == ["finance"]
    assert user("roles", "li", "--none").stdout == ""
    site = build_application(open_databases(sqlite_url))
    wu = site.gate.create(SYSTEM, "person", [{"name": "Wu Fang"}])[0].id
    assert user("add", "wu", "--person", "Wu Fang").exit_code == 0
    assert site.reader.one(SYSTEM, "person", wu or 0).values["account"] == "wu"
    # the person has an account already, in other letters: nothing is added
    site.gate.create(SYSTEM, "person", [{"name": "Wu Li", "account": "FANG"}])
    assert user("add", "fang", "--person", "Wu Fang").exit_code == 1
    assert "no-account" in user("roles", "fang").stderr
    site.databases.dispose()
    made = user("key", "li")
    assert (made.stdout[:4], made.stderr) == ("fwk_", "")
    monkeypatch.delenv("FORMWRIGHT_SECRET_KEY")
    made = user("key", "li", "--label", "other")
    assert (made.stdout[:4], made.stdout.count("\n")) == ("fwk_", 1)
    assert str(tmp_path / "var" / "secret_key") in made.stderr
    assert "revoked 1" in user("key", "li", "--revoke").stderr
