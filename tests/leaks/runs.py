"""Sites for the leak test: the shipped system, and random ones, each with random roles over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assembly.kinds import KINDS
from engine.loading.loading import load
from leaks.catalogs import random_bundles, random_catalog, random_roles
from leaks.recipes import Writer
from leaks.trying import Outcome, Share, tried
from leaks.twins import World, carried_out
from leaks.worlds import Stage, staged

CONFIG = Path(__file__).parents[2] / "config"
SHIPPED = (
    ("sales_representative",), ("sales_manager",), ("finance",),
    ("sales_representative", "finance"),
)  # fmt: skip
"""Bundles of the shipped roles; the others are made of random ones."""


@dataclass
class Run:
    """A site that stands ready."""

    stage: Stage

    def world(self, seed: int) -> World:
        """A recipe for the site, carried out and saved as "world"."""
        stage = self.stage
        stage.restore("empty")
        people = [*stage.holders["person"], stage.holders["person"][-1] + 1]
        writer = Writer(stage.catalog, people, seed)
        steps = writer.write(stage.builder(), stage.fixed, stage.holders)
        world = carried_out(stage, steps)
        stage.save("world")
        return world

    def try_all(self, seed: int, share: Share | None = None) -> Iterator[Outcome]:
        """Everybody of the site in one world, with both kinds of paths."""
        world = self.world(seed)
        for number, who in enumerate(self.stage.whos):
            for revealing in (False, True):
                yield tried(self.stage, world, who, seed + number, revealing=revealing, share=share)


@contextmanager
def running(folder: Path, kind: str, seed: int, people: int) -> Iterator[Run]:
    """A site: `kind` "shipped" or "random"; the same for the same seed."""
    shipped = kind == "shipped"
    layers = [CONFIG] if shipped else [random_catalog(folder / "objects", seed)]
    catalog = load(layers, KINDS).catalog
    assert catalog is not None, [p.line("en") for p in load(layers, KINDS).problems]
    names = random_roles(folder / "roles", catalog, seed, 6)
    bundles = random_bundles(names, seed, people)
    if shipped:
        bundles = [*SHIPPED[: (people + 1) // 2], *bundles][:people]
    with staged(folder, [*layers, folder / "roles"], bundles) as stage:
        yield Run(stage)
