"""The layers of a plan beside those of the revision in force: what changed below an overlay.

What an apply leaves behind is settled here as well: the revision's layers are those that were
applied, and what was pulled out of the browser layer goes once the folders say it themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from assembly.browser_layer import (
    NAME,
    SCENARIOS,
    BrowserFile,
    browser_files,
    browser_layer,
    remove_pulled,
)
from assembly.kinds import KINDS
from engine.loading.files import read_layer
from engine.loading.loading import Loaded
from engine.loading.merging import Trees, merge_trees
from engine.loading.packing import KeptLayer, pack, packed_again, plain, unpack
from engine.loading.schemas import prepared
from engine.loading.sources import TextLayer, TreeLayer
from engine.loading.threeway import Picture, Standing, picture
from engine.loading.threeway_wording import gone_problems
from engine.problems import Problem
from engine.schema.engines import Databases
from engine.schema.fence import current_revision
from engine.schema.planning import Plan
from engine.schema.state import keep_layers, revision_layers


def applied_layers(connection: sa.Connection) -> tuple[KeptLayer, ...]:
    """The layers of the revision in force, that of the browser among them."""
    revision = current_revision(connection)
    kept = revision_layers(connection, revision) if revision is not None else ""
    return unpack(kept) if kept else ()


def picture_of(connection: sa.Connection, loaded: Loaded, *, whole: bool = False) -> Picture:
    """The three-way picture of what was loaded; `whole` as in `engine.loading.threeway`.

    Without `whole` the changes of the highest folder are left out, which are what the plan is
    about, though the browser layer lies over it.
    """
    layers = loaded.sources
    if len(layers) < 2:
        return Picture()
    found = picture(applied_layers(connection), layers, KINDS, whole=whole)
    if whole or layers[-1].name != NAME:
        return found
    highest = layers[-2].name
    changes = tuple(change for change in found.changes if change.layer != highest)
    return replace(found, changes=changes)


def why_not_loaded(connection: sa.Connection, loaded: Loaded) -> tuple[Problem, ...]:
    """What a lower layer no longer has, where definitions do not load after an update of it."""
    found = picture_of(connection, loaded).of(Standing.GONE)
    wrong = {problem.place.file for problem in loaded.problems if problem.place}
    return tuple(gone_problems(touch for touch in found if touch.place.file in wrong))


def settle(databases: Databases, plan: Plan, folders: Sequence[Path] = ()) -> list[str]:
    """After an apply, also of an empty plan: notes its layers, takes away what was pulled.

    Layers may say the same together and yet not be the same, as when a folder now says what was
    made in the browser. `folders` are asked for scenarios, which are no definitions. Returns the
    paths of files that went from the browser layer.
    """
    with databases.reading() as connection:
        revision = current_revision(connection)
        kept = revision_layers(connection, revision) if revision is not None else ""
        text = plan.target.layers(connection)
        files = browser_files(connection)
    if revision is None or not text:
        return []
    layers = unpack(text)
    pulled = [file for file in files if file.pulled == file.version]
    gone = [file for file in pulled if _in_folders(file, folders)]
    definitions = [file for file in pulled if not file.path.startswith(f"{SCENARIOS}/")]
    if definitions and _same_without(layers, files, definitions):
        gone += definitions
    changed = _identity(layers) != _identity(unpack(kept) if kept else ())
    if not gone and not changed:
        return []
    with databases.writing() as connection:
        removed = remove_pulled(connection, gone)
        if removed:
            text = packed_again([*_without(layers, removed)])
        if current_revision(connection) == revision:
            keep_layers(connection, revision, text)
    return removed


def _identity(layers: Sequence[KeptLayer]) -> list[tuple[object, ...]]:
    return [(layer.name, layer.digest, dict(layer.texts)) for layer in layers]


def _without(layers: Sequence[KeptLayer], gone: Collection[str]) -> Iterator[KeptLayer]:
    """The layers, that of the browser without the files that went from it."""
    for layer in layers:
        if layer.name != NAME:
            yield layer
        elif left := {path: text for path, text in layer.texts.items() if path not in gone}:
            trees = read_layer(TextLayer(NAME, left), KINDS, []).trees
            yield from unpack(pack([TreeLayer(NAME, trees, left)]))


def _same_without(
    layers: Sequence[KeptLayer], files: Sequence[BrowserFile], gone: Sequence[BrowserFile]
) -> bool:
    """Whether the layers say the same when these files are not in the browser layer."""
    below = [layer.unpacked().trees for layer in layers if layer.name != NAME]
    return plain(_over(below, files)) == plain(_over(below, [f for f in files if f not in gone]))


def _over(below: Sequence[Trees], files: Sequence[BrowserFile]) -> Trees:
    schemas = {kind.name: prepared(kind.schema) for kind in KINDS}
    above = [read_layer(source, KINDS, []).trees for source in browser_layer(files)]
    return merge_trees([*below, *above], schemas, [])


def _in_folders(file: BrowserFile, folders: Sequence[Path]) -> bool:
    """Whether a scenario is in one of the folders as it was pulled, word for word."""
    if not file.path.startswith(f"{SCENARIOS}/"):
        return False
    for folder in folders:
        try:
            if (folder / file.path).read_text(encoding="utf-8") == file.base:
                return True
        except (OSError, UnicodeDecodeError):
            continue
    return False
