"""Two sites in one process that are as alike as can be: same definitions, ids, people, passwords.

Each has a database, files and a secret key of its own, and nothing else sets them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from assembly.revisions import Site
from engine.files import Files
from engine.schema.engines import open_databases
from engine.vault import scratch_vault
from support.templates import Templates, digest_of
from support.world import CONFIG, Clock, World, make_world
from webapp.app import create_app

NAMES = ("acme", "north")

_templates = Templates()


@contextmanager
def neighbours(kind: str, folder: Path) -> Iterator[tuple[World, World]]:
    """The two; `kind` "sqlite" in `folder`, or "postgresql"."""
    with ExitStack() as stack:
        made = []
        for name in NAMES:
            home = folder / name
            home.mkdir()
            copied = _templates.copied(kind, home, digest_of(CONFIG), _make)
            databases = open_databases(stack.enter_context(copied), vault=scratch_vault())
            site, clock = Site(databases, name=name), Clock()
            stack.callback(site.close)
            app = create_app(
                site, f"the secret key of {name}", clock=clock, files=Files("files", home)
            )
            made.append(World(site, app, clock))
        yield made[0], made[1]


def _make(url: str) -> None:
    make_world(url).site.close()
