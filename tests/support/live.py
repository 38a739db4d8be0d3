"""A small web application whose definitions a test changes while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from assembly.filling import filler
from assembly.kinds import KINDS
from assembly.proposing import planner
from assembly.revisions import Site
from engine.files import Files
from engine.loading.loading import load
from engine.schema.applying import apply_plan
from engine.schema.engines import Databases, open_databases
from engine.schema.publishing import Publishing
from engine.vault import scratch_vault
from support.small import PEOPLE, write_files
from support.templates import digest_of
from support.world import Clock, World, templates
from webapp.accounts import account_tables
from webapp.app import create_app
from webapp.mirroring import sync_roles

DEALS = (
    PEOPLE
    + """
---
object: deal
fields:
  name: {type: text, required: true}
  amount: {type: integer}
  note: {type: text}
  stage: {type: stage, workflow: selling}
"""
)


@dataclass
class Definitions:
    """What is published one after the other: five kinds of change in turn."""

    number: int = 0
    name: str = ""
    former: str = ""
    stages: list[str] = field(default_factory=lambda: ["open", "won"])
    notes: bool = True

    def next(self) -> tuple[str, str]:
        """Which kind of change, and the files that make it."""
        kind = ("add field", "rename field", "add stage", "change permission", "remove field")[
            self.number % 5
        ]
        self.number += 1
        if kind == "add field":
            self.name, self.former = f"extra_{self.number}", ""
        elif kind == "rename field":
            self.name, self.former = f"more_{self.number}", self.name
        elif kind == "add stage":
            self.stages.append(f"stage_{self.number}")
        elif kind == "change permission":
            self.notes = not self.notes
        else:
            self.name = self.former = ""
        return kind, self.text()

    def text(self) -> str:
        """The object, its workflow and the role."""
        was = f", was: {self.former}" if self.former else ""
        added = f"\n  {self.name}: {{type: text{was}}}" if self.name else ""
        stages = ", ".join(f"{s}: {{state: {'done' if s != 'open' else s}}}" for s in self.stages)
        ways = ", ".join(f"to_{one}: {{from: open, to: {one}}}" for one in self.stages[1:])
        fields = '"*": write' if self.notes else '"*": write, note: read'
        return (
            f"{DEALS.rstrip()}{added}\n"
            f"---\nworkflow: selling\nobject: deal\nfield: stage\n"
            f"stages: {{{stages}}}\ntransitions: {{{ways}}}\n"
            "---\nrole: seller\ngrants:\n"
            f"  deal: {{create: true, read: all, update: all, fields: {{{fields}}}}}\n"
        )


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
    layer, clock = write_files(folder / "layer", text), Clock()

    def make(empty: str) -> None:
        databases = open_databases(empty, vault=scratch_vault())
        try:
            publish(databases, layer)
        finally:
            databases.dispose()

    templates.fill(url, digest_of(layer), make)
    site = Site(open_databases(url, vault=scratch_vault()))
    app = create_app(site, "a secret of the tests", clock=clock, files=Files("files", folder))
    try:
        yield Live(site, app, clock, layer=layer)
    finally:
        site.close()
