"""A small web application whose definitions a test changes while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assembly.filling import filler
from assembly.kinds import KINDS
from assembly.proposing import planner
from assembly.revisions import Site
from engine.files import Files
from engine.loading.loading import load
from engine.schema.applying import Publishing, apply_plan
from engine.schema.engines import Databases, open_databases
from engine.vault import scratch_vault
from support.small import write_files
from support.world import Clock, World
from webapp.accounts import account_tables
from webapp.app import create_app
from webapp.mirroring import sync_roles


def publish(databases: Databases, layer: Path, text: str = "") -> int:
    """Brings the database to what the files say, `text` written into them first, roles mirrored.

    Returns the revision.
    """
    if text:
        write_files(layer, text)
    loaded = load([layer], KINDS)
    assert loaded.catalog is not None, "\n".join(map(str, loaded.problems))
    replan, catalog, clock = planner(loaded, account_tables()), loaded.catalog, Clock()
    with databases.reading() as connection:
        plan = replan(connection)
    publishing = Publishing(
        by="test",
        now=clock(),
        fill=filler(databases, clock),
        hooks=(lambda connection, made: sync_roles(connection, catalog),),
    )
    revision = apply_plan(databases, plan, replan, publishing, allow_loss=True)
    assert revision is not None, "nothing to publish"
    return revision


@dataclass
class Live(World):
    """A world of its own definitions."""

    layer: Path = Path()

    def publish(self, text: str) -> int:
        """Publishes definitions, as `support.small` has them; the site notices nothing of it."""
        return publish(self.site.databases, self.layer, text)


@contextmanager
def live_world(url: str, folder: Path, text: str) -> Iterator[Live]:
    """The definitions applied to the empty database at `url`, behind the web application."""
    databases, layer, clock = open_databases(url, vault=scratch_vault()), folder / "layer", Clock()
    publish(databases, layer, text)
    site = Site(databases)
    app = create_app(site, "a secret of the tests", clock=clock, files=Files("files", folder))
    try:
        yield Live(site, app, clock, layer=layer)
    finally:
        site.close()
