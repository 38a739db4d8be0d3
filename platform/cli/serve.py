"""`formwright serve`: the web application, by gunicorn."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from sqlalchemy.exc import SQLAlchemyError

from assembly.establishing import establish
from assembly.revisions import Site
from assembly.settings import Settings, secret_key
from cli.opening import definitions, settings
from engine.schema.engines import Databases, open_databases
from engine.schema.state import current
from webapp.app import create_app
from webapp.mirroring import sync_roles
from webapp.tables import account_tables

THREADS = 4
"""Threads of a worker; the pools of the databases hold more connections than that."""
STATEMENT_SECONDS = 30.0
"""After which a query is ended (rule 23)."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True)
@click.option("--reload", is_flag=True, help="Start anew when the code changes (development).")
def serve(host: str, port: int, workers: int, reload: bool) -> None:
    """Serve the web application.

    What runs is the revision that was applied to the database; only to an empty one the layers
    are applied first.
    """
    chosen = settings()
    secret = secret_key(chosen)
    databases = open_databases(chosen.database_url, statement_seconds=STATEMENT_SECONDS)
    _establish_if_empty(databases, chosen)
    shown = f"[{host}]" if ":" in host else host
    Server(
        databases,
        secret,
        {
            "bind": f"{shown}:{port}",
            "workers": workers,
            "preload_app": not reload,
            "reload": reload,
        },
        chosen.layers,
    ).run()


class Server(BaseApplication):
    """gunicorn, configured by us instead of by its command line; `options` go before our own."""

    def __init__(
        self, databases: Databases, secret: str, options: dict[str, Any], layers: Sequence[Path]
    ) -> None:
        self.databases = databases
        self.secret = secret
        self.options = {
            "worker_class": "gthread",
            "threads": THREADS,
            "preload_app": True,
            "control_socket_disable": True,
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,
            "timeout": 120,
            "keepalive": 5,
            "post_fork": lambda server, worker: forget_connections(databases),
        } | options
        self.layers = layers
        super().__init__()

    def load_config(self) -> None:
        """Takes our options."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application: once, before the workers are forked."""
        return create_app(Site(self.databases), self.secret, layers=self.layers)


def forget_connections(databases: Databases) -> None:
    """Gives a forked process pools of its own; the connections belong to its parent."""
    for engine in (databases.reads, databases.writes, databases.accounts):
        engine.dispose(close=False)


def _establish_if_empty(databases: Databases, chosen: Settings) -> None:
    try:
        with databases.reading() as connection:
            applied = current(connection)
    except SQLAlchemyError:
        databases.dispose()
        raise
    if applied is None:
        definitions(chosen)  # says what is wrong with the layers before anything is made
        application = establish(databases, chosen.layers, by="serve", extra=account_tables())
        with databases.writing() as connection:
            sync_roles(connection, application.catalog)
