"""What a server has in it: one site, or all of an installation.

Each site is opened once, before the workers are forked, and gets pools and threads of its own in
each of them. Where there are several, one that cannot be opened waits for a better moment while
the others are served; each worker looks every few seconds, and takes new sites in as well.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from assembly.application import build_application
from assembly.background import Background
from assembly.establishing import establish
from assembly.keeping import file_limits, vault_of
from assembly.revisions import Site
from assembly.settings import Settings, secret_key
from assembly.sharing import DATABASE_TWICE, identity
from assembly.sites import site_names
from cli.choosing import reachable_sites
from cli.opening import caught_up, definitions
from cli.running import start_background, start_logging
from engine.files import Files
from engine.problems import Refusal
from engine.records.sealing import require_keys
from engine.schema.engines import Databases, open_databases
from engine.tracing import enter_site
from webapp.app import create_app
from webapp.hosts import Hosts, Served, Wsgi
from webapp.mirroring import sync_roles
from webapp.tables import account_tables

log = logging.getLogger("formwright.sites")

STATEMENT_SECONDS = 30.0
"""After which a query is ended (rule 23)."""
LOOK_EVERY = 5.0
"""Seconds between two looks for sites that were added, or that may be opened now."""
AGAIN_AFTER = 10.0
"""Seconds after which a site that could not be opened is tried again."""


class House(Protocol):
    """What a server calls, in the order of its life. `threads` are those of a worker."""

    threads: int

    def start_logging(self, level: str) -> None:
        """Sends log lines where they shall go, without secrets."""

    def load(self) -> Wsgi:
        """What answers requests; before the workers are forked."""

    def reload(self) -> bool:
        """At SIGHUP, in the head: whether there is something new to load."""

    def forget(self) -> None:
        """In a worker, right after the fork: its parent's connections are not its own."""

    def begin(self) -> None:
        """In a worker: what is done beside requests begins."""

    def end(self) -> None:
        """In a worker that has answered its last request."""


class Opened:
    """A site with its database open, and brought to what this version of the platform needs."""

    def __init__(self, chosen: Settings) -> None:
        """Applies the layers to an empty database. Raises Refusal, SQLAlchemyError."""
        self.chosen = chosen
        self.secret = secret_key(chosen)
        self.databases = open_databases(
            chosen.database_url, statement_seconds=STATEMENT_SECONDS, vault=vault_of(chosen)
        )
        self.background: Background | None = None
        try:
            _prepare(self.databases, chosen)
            if not self.databases.vault.ready:  # definitions have secrets that nothing could keep
                require_keys(build_application(self.databases).catalog, self.databases.vault)
        except BaseException:
            self.databases.dispose()
            raise

    def load(self) -> Flask:
        """The site's web application. Raises Refusal when its revision cannot be built."""
        chosen = self.chosen
        self.site = Site(self.databases, name=chosen.site)
        files = Files(chosen.files_url, chosen.folder)
        return create_app(
            self.site, self.secret, layers=chosen.layers, files=files,
            file_limits=file_limits(chosen),
        )  # fmt: skip

    def forget(self) -> None:
        """Gives a forked process pools of its own; the connections belong to its parent."""
        for engine in (self.databases.reads, self.databases.writes, self.databases.accounts):
            engine.dispose(close=False)
        self.databases.accesses.forget()

    def begin(self) -> None:
        """Lets this process see to what requests ask for."""
        self.background = start_background(self.chosen, self.site)

    def end(self) -> None:
        """Ends that."""
        if self.background:
            self.background.stop()


class OneSite:
    """A server's only site; every host is its own unless it names some."""

    threads = 4

    def __init__(self, opened: Opened) -> None:
        self.opened = opened

    def start_logging(self, level: str) -> None:
        """Sends log lines where they shall go, without secrets."""
        start_logging(self.opened.chosen, level=level)

    def load(self) -> Wsgi:
        """What answers requests."""
        app, chosen = self.opened.load(), self.opened.chosen
        if not chosen.hosts:
            return app
        return Hosts([Served(chosen.site, chosen.hosts, app)], self.threads)

    def reload(self) -> bool:
        """The same application serves in new workers."""
        return False

    def forget(self) -> None:
        """In a worker, right after the fork."""
        self.opened.forget()

    def begin(self) -> None:
        """In a worker."""
        enter_site(self.opened.chosen.site)
        self.opened.begin()

    def end(self) -> None:
        """In a worker that has answered its last request."""
        self.opened.end()


class ManySites:
    """All sites in the folder `sites`, by their hosts."""

    threads = 8
    """More than of one site: requests of one wait for its database, not for those of others."""

    def __init__(self, sites: Path, chosen: Sequence[Settings]) -> None:
        self.sites = sites
        self.chosen = chosen
        self.level = "info"
        self.opened: dict[str, Opened] = {}
        self.served: dict[str, Served] = {}
        self._tried: dict[str, float] = {}
        self._told = ""
        self._reloaded = False
        self._ending = threading.Event()

    def start_logging(self, level: str) -> None:
        """Sends log lines where they shall go, without secrets of any site."""
        self.level = level
        start_logging(*self.chosen, level=level)

    def load(self) -> Wsgi:
        """What answers requests; sites that cannot be opened are told of and left for later.

        Raises Refusal when two sites have one database by different addresses.
        """
        for one in self.chosen:
            self._open(one, strict=not self._reloaded)
        self.hosts = Hosts(self.served.values(), self.threads)
        return self.hosts

    def reload(self) -> bool:
        """Takes the settings as they are now, unless they are wrong."""
        try:
            self.chosen = reachable_sites(self.sites)
        except Refusal as refusal:
            self._tell(refusal)
            return False
        self._reloaded = True
        for opened in self.opened.values():  # the workers have pools of their own
            opened.databases.dispose()
        self.opened, self.served, self._tried = {}, {}, {}
        self.start_logging(self.level)
        return True

    def forget(self) -> None:
        """In a worker, right after the fork."""
        for opened in self.opened.values():
            opened.forget()

    def begin(self) -> None:
        """In a worker: the sites' background work, and somebody who looks for more sites."""
        for opened in self.opened.values():
            self._begin(opened)
        enter_site("")
        threading.Thread(target=self._look, name="sites", daemon=True).start()

    def end(self) -> None:
        """In a worker that has answered its last request."""
        self._ending.set()
        for opened in self.opened.values():
            opened.end()

    def _begin(self, opened: Opened) -> None:
        enter_site(opened.chosen.site)
        try:
            opened.begin()
        except Exception:  # the others begin all the same
            log.exception("site-background", extra={"of": opened.chosen.site})

    def look(self) -> None:
        """Takes in sites that were added, and opens those that could not be opened before.

        What is wrong with the settings of one that was added is told once.
        """
        self._take_in()
        for one in self.chosen:
            served = self.served[one.site]
            if served.app is None and time.monotonic() - self._tried[one.site] > AGAIN_AFTER:
                self._open(one, begin=True)

    def _look(self) -> None:
        while not self._ending.wait(LOOK_EVERY):
            enter_site("")
            try:
                self.look()
            except Exception:
                log.exception("unexpected")

    def _take_in(self) -> None:
        if set(site_names(self.sites)) <= self.served.keys():
            return
        try:
            found = reachable_sites(self.sites)
        except Refusal as refusal:
            self._tell(refusal)
            return
        added = [one for one in found if one.site not in self.served]
        self.chosen = [*self.chosen, *added]
        self.start_logging(self.level)
        for one in added:
            self._open(one, begin=True)
        self.hosts.serve(self.served.values())

    def _open(self, one: Settings, *, begin: bool = False, strict: bool = False) -> None:
        """Opens a site, or says why not."""
        served = self.served.setdefault(one.site, Served(one.site, one.hosts))
        enter_site(one.site)
        try:
            opened = Opened(one)
            try:
                self._require_own(opened)
                app = opened.load()
            except BaseException:
                opened.databases.dispose()
                raise
            if begin:
                opened.begin()
        except Exception as error:  # whatever is wrong with it, the others are served
            if strict and isinstance(error, Refusal) and _is_shared(error):
                raise
            known = isinstance(error, Refusal | SQLAlchemyError)
            why = str(error).splitlines()[0] if known else type(error).__name__
            log.error("site-away", extra={"why": why}, exc_info=None if known else error)
        else:
            self.opened[one.site], served.app = opened, app
            log.info("site-open", extra={"hosts": list(one.hosts)})
        finally:
            self._tried[one.site] = time.monotonic()
            enter_site("")

    def _require_own(self, opened: Opened) -> None:
        """Raises Refusal when another site has the same database, under whatever address."""
        own = identity(opened.databases)
        for name, other in self.opened.items():
            if own is not None and own == identity(other.databases):
                raise Refusal(DATABASE_TWICE(one=name, other=opened.chosen.site))

    def _tell(self, refusal: Refusal) -> None:
        """What is wrong with the settings, once."""
        said = "; ".join(problem.line() for problem in refusal.problems)
        if said != self._told:
            log.error("sites-settings", extra={"why": said})
        self._told = said


def _is_shared(refusal: Refusal) -> bool:
    return any(problem.message == DATABASE_TWICE for problem in refusal.problems)


def _prepare(databases: Databases, chosen: Settings) -> None:
    """Applies the layers to an empty database; to another what this version needs of its own."""
    if caught_up(databases, by="serve") is not None:
        return
    definitions(chosen)  # says what is wrong with the layers before anything is made
    application = establish(databases, chosen.layers, by="serve", extra=account_tables())
    with databases.writing() as connection:
        sync_roles(connection, application.catalog)
