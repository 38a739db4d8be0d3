"""The shipped sales system behind the web application, with people who may see different things."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from assembly.establishing import establish
from assembly.revisions import Site
from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.schema.engines import open_databases
from engine.vault import scratch_vault
from support import postgres
from support.templates import Templates, digest_of
from webapp.accounts import account_tables, add_account
from webapp.app import create_app
from webapp.mirroring import sync_roles

CONFIG = Path(__file__).parents[2] / "config"
PASSWORD = "a long password"

templates = Templates()
"""What worlds begin with."""


class Clock:
    """A clock that tests can turn forward."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def __call__(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead


@dataclass
class Client:
    """Somebody who calls the API with a token."""

    flask: FlaskClient
    headers: dict[str, str]

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """A call below /api/v1/; underscores in the names of headers stand for hyphens."""
        given = self.headers | {k.replace("_", "-"): v for k, v in headers.items()}
        if body is None:
            return self.flask.open("/api/v1/" + path, method=method, headers=given)
        return self.flask.open("/api/v1/" + path, method=method, headers=given, json=body)

    def get(self, path: str, **headers: str) -> TestResponse:
        """GET."""
        return self.call("GET", path, **headers)

    def items(self, path: str) -> list[dict[str, Any]]:
        """The items of a list that must be answered."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        return list(response.get_json()["items"])

    def made(self, object: str, **values: Any) -> dict[str, Any]:
        """A record that must be created."""
        response = self.call("POST", f"o/{object}", values)
        assert response.status_code == 201, response.text
        return dict(response.get_json())


@dataclass
class World:
    """A site, its web application, and the people in it."""

    site: Site
    app: Flask
    clock: Clock
    people: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def account(
        self, role: str = "", *, person: bool = True, manager: str = "", name: str = ""
    ) -> str:
        """A new account with its person; returns the name."""
        name = name or f"user{next(self.numbers)}"
        with self.site.databases.writing() as connection:
            add_account(connection, name, PASSWORD, [role] if role else [])
        if person:
            values: dict[str, Any] = {"name": name.title(), "account": name}
            if manager:
                values["manager"] = self.people[manager]
            made = self.site.current.gate.create(SYSTEM, "person", [values])[0]
            assert made.id is not None
            self.people[name] = made.id
            self.app.extensions["formwright"].actors.look_again()
        return name

    def login(self, name: str, password: str = PASSWORD, **more: Any) -> TestResponse:
        """A sign-in by API."""
        body = {"username": name, "password": password} | more
        return self.app.test_client().post("/api/v1/security/login", json=body)

    def client(self, name: str) -> Client:
        """The account with a token, in English."""
        if name not in self.tokens:
            response = self.login(name)
            assert response.status_code == 200, response.text
            self.tokens[name] = response.get_json()["access_token"]
        headers = {"Authorization": f"Bearer {self.tokens[name]}", "Accept-Language": "en"}
        return Client(self.app.test_client(use_cookies=False), headers)

    def browser(self, name: str, password: str = PASSWORD) -> FlaskClient:
        """A browser in which the account has signed in."""
        client = self.app.test_client()
        page = client.get("/login/").text
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        form = {"username": name, "password": password, "csrf_token": token}
        response = client.post("/login/", data=form)
        assert response.status_code == 302, response.text
        return client


def make_world(url: str, *layers: Path) -> World:
    """The shipped system on an empty database, with one account per role and a second seller.

    `layers` are laid over it.
    """
    folders = (CONFIG, *layers)

    def make(empty: str) -> None:
        databases = open_databases(empty, vault=scratch_vault())
        try:
            application = establish(databases, folders, extra=account_tables())
            with databases.writing() as connection:
                sync_roles(connection, application.catalog)
        finally:
            databases.dispose()

    templates.fill(url, digest_of(CONFIG, *map(digest_of, layers)), make)
    site, clock = Site(open_databases(url, vault=scratch_vault())), Clock()
    files = Files("files", Path(tempfile.mkdtemp(prefix="formwright-files-")))
    made = World(site, create_app(site, "a secret of the tests", clock=clock, files=files), clock)
    made.account("administrator", name="admin")
    made.account("sales_manager", name="boss")
    made.account("sales_representative", name="rep", manager="boss")
    made.account("sales_representative", name="other")
    made.account("finance", name="clerk")
    return made


@contextmanager
def opened_world(kind: str, folder: Path, tag: str) -> Iterator[World]:
    """A world on a database of its own: `kind` "sqlite" in `folder`, or "postgresql"."""
    server, name = os.environ.get("FORMWRIGHT_TEST_POSTGRES_URL", ""), ""
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'formwright.db'}"
    elif server:
        name = f"test_{tag}_{os.environ.get('PYTEST_XDIST_WORKER', 'gw')}"
        url = postgres.create_database(server, name)
    else:
        raise RuntimeError("there is no PostgreSQL")
    made = make_world(url)
    try:
        yield made
    finally:
        made.site.close()
        if name:
            postgres.drop_database(server, name)
