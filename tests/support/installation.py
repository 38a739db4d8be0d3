"""An installation of several sites in a folder, and commands that are run there."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from assembly.application import build_application
from assembly.establishing import establish
from engine.permissions.actors import SYSTEM
from engine.schema.engines import Databases, open_databases
from jobs.outbox import Effect, put
from support.small import write_files
from webapp.accounts import account_tables, add_account
from webapp.mirroring import sync_roles

ROOT = Path(__file__).parents[2]
LAYER = """
object: thing
title: name
fields:
  name: {type: text}
---
role: keeper
label: {en: Keeper}
administer: true
grants:
  thing: {read: all, create: true, update: all, fields: {"*": write}}
"""
NOTICE = {
    "to": [], "roles": [], "title": {"en": "Hello", "zh": "你好"}, "text": {"en": "", "zh": ""},
    "mail": False, "documents": [], "by": None, "of": "test",
}  # fmt: skip


class Installation:
    """A folder with one layer, `base`, and the sites that a test adds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sites = folder / "sites"
        self.sites.mkdir(parents=True)
        write_files(folder / "base", LAYER)
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("FORMWRIGHT_")},
            "PYTHONPATH": str(ROOT / "platform"),
            "LC_ALL": "C.UTF-8",
        }

    def site(self, name: str, **values: str) -> Path:
        """A site with these settings; its folder."""
        values = {"LAYERS": "base", "HOSTS": f"{name}.example.com"} | values
        home = self.sites / name
        home.mkdir(exist_ok=True)
        lines = (f"FORMWRIGHT_{key}={value}\n" for key, value in values.items() if value)
        draft = home / ".draft"
        draft.write_text("".join(lines))
        draft.rename(home / ".env")
        return home

    def run(self, *words: str, told: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            self.command(*words), cwd=self.folder, env=self.environment, input=told,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    def done(self, *words: str, told: str = "") -> str:
        """What a command prints that must succeed."""
        found = self.run(*words, told=told)
        assert found.returncode == 0, found.stderr
        return found.stdout

    def prepared(self, url: str, account: str = "", password: str = "") -> None:
        """Applies the layer to a database, and adds an account that may do everything."""
        databases = open_databases(url)
        application = establish(databases, [self.folder / "base"], extra=account_tables())
        with databases.writing() as connection:
            sync_roles(connection, application.catalog)
            if account:
                add_account(connection, account, password, ["keeper"])
        databases.dispose()

    @contextmanager
    def running(self, *words: str) -> Iterator[Path]:
        """A command that runs until the end of the block, and then ends well; yields its log."""
        log = self.folder / f"{words[0]}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                self.command(*words), cwd=self.folder, env=self.environment, stderr=out
            )
        try:
            yield log
            process.terminate()
            assert process.wait(60) == 0, log.read_text()
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def serving(self, *words: str) -> Iterator[Web]:
        """A server."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with self.running("serve", "--port", str(port), *words):
            yield Web(port)

    def command(self, *words: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "cli.main", *words]

    def account(self, site: str, name: str, password: str) -> None:
        """An account that may do everything."""
        words = ("user", "add", name, "--role", "keeper", "--password", "-")
        self.done("--site", site, *words, told=f"{password}\n")


class Web:
    """What listens on a port, asked by the name of a host."""

    def __init__(self, port: int) -> None:
        self.port = port

    def call(
        self, host: str, path: str, body: Any = None, token: str = "", **headers: str
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, content and headers of an answer; waits for a server that is starting."""
        given = {"Host": host, "Content-Type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            given["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        for _ in range(900):
            try:
                asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, given)
                with urllib.request.urlopen(asked, timeout=20) as answer:
                    return answer.status, _read(answer.read()), dict(answer.headers)
            except urllib.error.HTTPError as error:
                return error.code, _read(error.read()), dict(error.headers)
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise AssertionError("the server did not start")

    def token(self, host: str, name: str, password: str) -> str:
        """A token for an account."""
        body = {"username": name, "password": password}
        status, told, _ = self.call(host, "/api/v1/security/login", body)
        assert status == 200, told
        return str(told["access_token"])


class Effects:
    """The effects of one site, asked for past its processes."""

    def __init__(self, url: str) -> None:
        self.databases: Databases = open_databases(url)
        self.gate = build_application(self.databases).gate

    def ask(self, number: int = 1) -> None:
        """Asks for notices to nobody, and wakes nobody."""
        effects = [Effect(kind="notice", payload=NOTICE) for _ in range(number)]
        self.gate.write(SYSTEM, lambda tx: put(tx, effects))

    def waiting(self) -> int:
        """How many are not done."""
        table = self.gate.tables.system("fw_outbox")
        left = sa.select(sa.func.count()).select_from(table).where(table.c.status != "done")
        with self.databases.reading() as connection:
            return int(connection.scalar(left) or 0)

    def close(self) -> None:
        """Closes the pools."""
        self.databases.dispose()


def _read(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode()
