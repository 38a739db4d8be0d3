"""`formwright serve`: the web application, by gunicorn."""

from __future__ import annotations

import os
import signal
from typing import Any

import click
from gunicorn.app.base import BaseApplication

from cli.choosing import folder_of_sites, overlooked, reachable_sites, settings
from cli.housing import House, ManySites, OneSite, Opened
from cli.printing import print_problems
from cli.server_log import ServerLog
from engine.pausing import freeze
from webapp.hosts import Wsgi

LEVELS = ("debug", "info", "warning", "error")
HELD = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
"""Signals that ask to end."""


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
    Of several sites all are served, each to its own hosts.
    """
    house = _house()
    shown = f"[{host}]" if ":" in host else host
    options = {
        "bind": f"{shown}:{port}",
        "workers": workers,
        "loglevel": log_level,
        "preload_app": not reload,
        "reload": reload,
    }
    Server(house, options).run()


def _house() -> House:
    """All sites of the installation, or the one that it has or that is named."""
    folder = folder_of_sites()
    if folder is None:
        return OneSite(Opened(settings()))
    for problem in overlooked():
        print_problems([problem], err=True)
    return ManySites(folder, reachable_sites(folder))


class Server(BaseApplication):
    """gunicorn, configured by us instead of by its command line; `options` go before our own.

    Each worker process also sees to what requests ask for: with Redis it calls those that carry
    it out, without it carries it out itself.
    """

    def __init__(self, house: House, options: dict[str, Any]) -> None:
        self.house = house
        self.options = {
            "worker_class": "gthread",
            "threads": house.threads,
            "preload_app": True,
            "control_socket_disable": True,
            "logger_class": ServerLog,
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,
            "timeout": 120,
            "keepalive": 5,
            "post_fork": lambda server, worker: house.forget(),
            "post_worker_init": lambda worker: self._begin(),
            "worker_exit": lambda server, worker: house.end(),
        } | options
        house.start_logging(str(self.options.get("loglevel", "info")))
        hold_signals_at_forks()
        super().__init__()

    def load_config(self) -> None:
        """Takes our options."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Wsgi:
        """The application: once, before the workers are forked."""
        app = self.house.load()
        freeze()  # collections in the workers neither walk nor copy what they share
        return app

    def reload(self) -> None:
        """At SIGHUP: new workers, by the settings as they are now."""
        super().reload()
        if self.house.reload():
            self.callable = None

    def _begin(self) -> None:
        """In a worker process, once it has the application."""
        self.house.begin()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)


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
