"""What one Flask application holds for its site; nothing of it is at module level (rule 6)."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app, g, has_app_context
from sqlalchemy.orm import scoped_session

from assembly.application import Application
from assembly.revisions import Site
from documents.rendering import Renderer
from engine.files import Files
from engine.records.uploading import FileLimits
from engine.schema.fence import current_revision
from webapp.actors import Actors
from webapp.attempts import Attempts
from webapp.keys import Keys

EXTENSION = "formwright"
LOOK_AGAIN_AFTER = 1.0
"""Seconds for which a process may serve reads from a revision that was replaced."""


@dataclass(eq=False)
class Shell:
    """The site behind the Flask application, and what belongs to the two of them.

    `files` keeps what people bring and long work makes, within `file_limits`. `layers` are the
    folders in which documents find templates and pictures. The renderer starts its processes with
    the first document, so it may be made before a fork.
    """

    site: Site
    keys: Keys
    actors: Actors
    attempts: Attempts
    accounts: scoped_session[Any]
    clock: Callable[[], dt.datetime]
    files: Files
    layers: Sequence[Path] = ()
    file_limits: FileLimits = field(default_factory=FileLimits)
    renderer: Renderer = field(default_factory=Renderer)
    cache: dict[tuple[object, ...], Any] = field(default_factory=dict)
    looked: float = 0.0

    def take(self) -> Application:
        """The application that a request begins with and keeps (rules 4 to 6).

        Another revision is built beside it; this request never waits for that.
        """
        now = time.monotonic()
        if now - self.looked > LOOK_AGAIN_AFTER:
            self.looked = now
            self.site.look()
        return self.prepared()

    def take_newest(self) -> Application:
        """The application in force, after a write was refused as one of an older revision."""
        self.site.refresh(wait=True)
        return self.prepared()

    def prepared(self) -> Application:
        """The running application, its gate minding the session of accounts."""
        application = self.site.current
        if application.gate.before_transaction != self.finish_accounts:
            application.gate.before_transaction = self.finish_accounts
            self.cache.clear()
        return application

    def finish_accounts(self) -> None:
        """Ends the transaction of the session of accounts, before the gate opens its own (rule 17).

        On SQLite the one would wait for the other for ever. What the session had not written
        would be lost, so that is an error of whoever left it there.
        """
        if has_app_context() and self.accounts.registry.has():
            session = self.accounts()
            assert not (session.new or session.dirty or session.deleted), "accounts are not saved"
            session.rollback()

    def remembered(self, application: Application, *key: object, make: Callable[[], Any]) -> Any:
        """A value worked out once per revision."""
        full = (application.revision, *key)
        if full not in self.cache:
            self.cache[full] = make()
        return self.cache[full]

    def reachable(self) -> int | None:
        """The revision in the database. Raises DBAPIError when it cannot be reached."""
        with self.site.databases.reading() as connection:
            connection.execute(sa.select(1))
            return current_revision(connection)


def shell() -> Shell:
    """The shell of the current Flask application."""
    found: Shell = current_app.extensions[EXTENSION]
    return found


def attach(app: Flask, made: Shell) -> None:
    """Makes it the shell of the Flask application."""
    app.extensions[EXTENSION] = made


def application() -> Application:
    """The application of the current request, the same one to its end."""
    if "application" not in g:
        g.application = shell().take()
    found: Application = g.application
    return found
