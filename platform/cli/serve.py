"""`formwright serve`: the web application, by gunicorn."""

from __future__ import annotations

import gc
import os
import signal
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from sqlalchemy.exc import SQLAlchemyError

from assembly.application import build_application
from assembly.background import Background
from assembly.establishing import establish
from assembly.keeping import file_limits, vault_of
from assembly.revisions import Site
from assembly.settings import Settings, secret_key
from cli.opening import caught_up, definitions, settings
from cli.running import start_background, start_logging
from cli.server_log import ServerLog
from engine.files import Files
from engine.records.sealing import require_keys
from engine.schema.engines import Databases, open_databases
from webapp.app import create_app
from webapp.mirroring import sync_roles
from webapp.tables import account_tables

THREADS = 4
"""Threads of a worker; the pools of the databases hold more connections than that."""
LEVELS = ("debug", "info", "warning", "error")
HELD = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
"""Signals that ask to end."""
STATEMENT_SECONDS = 30.0
"""After which a query is ended (rule 23)."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True)
@click.option("--log-level", type=click.Choice(LEVELS), default="info", show_default=True,
              help="The least that the server tells.")  # fmt: skip
@click.option("--reload", is_flag=True, help="Start anew when the code changes (development).")
def serve(host: str, port: int, workers: int, log_level: str, reload: bool) -> None:
    """Serve the web application.

    What runs is the revision that was applied to the database; only to an empty one the layers
    are applied first. A database of an earlier version gets the tables that this one needs.
    """
    chosen = settings()
    secret = secret_key(chosen)
    databases = open_databases(
        chosen.database_url, statement_seconds=STATEMENT_SECONDS, vault=vault_of(chosen)
    )
    _prepare(databases, chosen)
    _require_keys(databases)
    shown = f"[{host}]" if ":" in host else host
    Server(
        databases,
        secret,
        {
            "bind": f"{shown}:{port}",
            "workers": workers,
            "loglevel": log_level,
            "preload_app": not reload,
            "reload": reload,
        },
        chosen,
    ).run()


class Server(BaseApplication):
    """gunicorn, configured by us instead of by its command line; `options` go before our own.

    Each worker process also sees to what requests ask for: with Redis it calls those that carry
    it out, without it carries it out itself.
    """

    def __init__(
        self, databases: Databases, secret: str, options: dict[str, Any], chosen: Settings
    ) -> None:
        self.databases = databases
        self.secret = secret
        self.chosen = chosen
        self.options = {
            "worker_class": "gthread",
            "threads": THREADS,
            "preload_app": True,
            "control_socket_disable": True,
            "logger_class": ServerLog,
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,
            "timeout": 120,
            "keepalive": 5,
            "post_fork": lambda server, worker: forget_connections(databases),
            "post_worker_init": lambda worker: self._begin(),
            "worker_exit": lambda server, worker: self._end(),
        } | options
        self.background: Background | None = None
        start_logging(chosen, str(self.options.get("loglevel", "info")))
        hold_signals_at_forks()
        super().__init__()

    def load_config(self) -> None:
        """Takes our options."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application: once, before the workers are forked."""
        self.site = Site(self.databases)
        chosen = self.chosen
        files = Files(chosen.files_url, chosen.folder)
        app = create_app(
            self.site, self.secret, layers=chosen.layers, files=files,
            file_limits=file_limits(chosen),
        )  # fmt: skip
        gc.freeze()  # collections in the workers neither walk nor copy what they share
        return app

    def _begin(self) -> None:
        """In a worker process, once it has the application."""
        self.background = start_background(self.chosen, self.site)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)

    def _end(self) -> None:
        """In a worker process, when it has answered its last request."""
        if self.background:
            self.background.stop()


def forget_connections(databases: Databases) -> None:
    """Gives a forked process pools of its own; the connections belong to its parent."""
    for engine in (databases.reads, databases.writes, databases.accounts):
        engine.dispose(close=False)
    databases.accesses.forget()


def hold_signals_at_forks() -> None:
    """Keeps a request to end from being lost by a worker that is being started.

    Between its fork and its own signal handlers a worker has those of its parent, which put the
    signal where nobody looks: the server would wait for it for half a minute. Held signals wait
    until the worker lets them through (`_begin`); the parent does so right after the fork.
    """
    parent = os.getpid()

    def hold(how: int) -> None:
        if os.getpid() == parent:  # what a worker forks has nobody to let them through
            signal.pthread_sigmask(how, HELD)

    os.register_at_fork(
        before=lambda: hold(signal.SIG_BLOCK), after_in_parent=lambda: hold(signal.SIG_UNBLOCK)
    )


def _prepare(databases: Databases, chosen: Settings) -> None:
    """Applies the layers to an empty database; to another what this version needs of its own."""
    try:
        applied = caught_up(databases, by="serve")
    except SQLAlchemyError:
        databases.dispose()
        raise
    if applied is not None:
        return
    definitions(chosen)  # says what is wrong with the layers before anything is made
    application = establish(databases, chosen.layers, by="serve", extra=account_tables())
    with databases.writing() as connection:
        sync_roles(connection, application.catalog)


def _require_keys(databases: Databases) -> None:
    """Refuses to start where definitions have secrets that nothing could keep."""
    if not databases.vault.ready:
        require_keys(build_application(databases).catalog, databases.vault)
