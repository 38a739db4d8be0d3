"""The draft: what of the browser layer differs from what is in force; checked, planned, discarded.

A file of the browser layer is part of the draft when its text is another one than that of the
revision in force. Publishing the draft makes a revision of all files; discarding it puts back
the texts of the revision in force.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

import sqlalchemy as sa

from assembly.browser_layer import (
    NAME,
    BrowserFile,
    applied_sources,
    browser_files,
    browser_layer,
    remove_file,
    save_file,
)
from assembly.kinds import KINDS
from assembly.proposing import back_planner, planner
from assembly.publishing import Proposal
from engine.definition.kinds import DefinitionKind
from engine.loading import Loaded, Source, TextLayer, TreeLayer, load
from engine.loading.files import ENDING
from engine.loading.packing import unpack
from engine.schema.engines import Databases
from engine.schema.fence import current_revision
from engine.schema.state import revision_layers


class What(StrEnum):
    """What the draft does with a file."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One file of the draft; `file` is None where it was removed."""

    path: str
    what: What
    file: BrowserFile | None


@dataclass(frozen=True, slots=True)
class Draft:
    """The browser layer: its files by path, and their texts in the revision in force."""

    files: Mapping[str, BrowserFile]
    published: Mapping[str, str]

    def changes(self) -> tuple[Change, ...]:
        """The files that differ from the revision in force, by path."""
        paths = sorted(self.files.keys() | self.published.keys())
        found = ((path, self.what(path)) for path in paths)
        return tuple(Change(path, what, self.files.get(path)) for path, what in found if what)

    def what(self, path: str) -> What | None:
        """What the draft does with a file; None where it leaves it as it is in force."""
        file, before = self.files.get(path), self.published.get(path)
        if file is None:
            return What.REMOVED if before is not None else None
        if before is None:
            return What.NEW
        return What.CHANGED if file.text != before else None


def read_draft(connection: sa.Connection) -> Draft:
    """The browser layer as it stands."""
    files = {file.path: file for file in browser_files(connection)}
    return Draft(files, published_texts(connection))


def published_texts(connection: sa.Connection, revision: int | None = None) -> Mapping[str, str]:
    """The texts of the browser layer in a revision, that in force unless named, by path."""
    revision = revision if revision is not None else current_revision(connection)
    kept = revision_layers(connection, revision) if revision is not None else ""
    layers = unpack(kept) if kept else ()
    return next((layer.texts for layer in layers if layer.name == NAME), {})


def lower_layers(connection: sa.Connection) -> tuple[TreeLayer, ...]:
    """The layers below the browser's, as they are in force; worth keeping for one revision."""
    return applied_sources(connection)


def draft_loaded(lower: Sequence[TreeLayer], texts: Mapping[str, str]) -> Loaded:
    """What the texts of a draft, by path, make of the definitions, with all their problems."""
    return load((*lower, *((TextLayer(NAME, texts),) if texts else ())), KINDS)


def draft_proposal(
    databases: Databases, extra: Sequence[sa.MetaData], folders: Sequence[Path] = ()
) -> Proposal:
    """The plan that publishes the draft. Raises Refusal with all problems of its definitions.

    `extra` are tables of libraries (accounts); `folders` hold the scenarios that lie in folders.
    """
    with databases.reading() as connection:
        files = browser_files(connection)
        layers: tuple[Source, ...] = browser_layer(files)
        loaded = load((*lower_layers(connection), *layers), KINDS)
        replan = planner(loaded, extra)
        return Proposal(databases, replan(connection), replan, loaded, (*folders, *layers))


def back_proposal(databases: Databases, extra: Sequence[sa.MetaData], revision: int) -> Proposal:
    """The plan that goes back to a revision. Raises Refusal when nothing leads there."""
    with databases.reading() as connection:
        replan = back_planner(connection, revision, extra)
        return Proposal(databases, replan(connection), replan)


def discard_draft(
    connection: sa.Connection,
    by: str,
    now: dt.datetime,
    *,
    only: str | None = None,
    revision: int | None = None,
) -> tuple[str, ...]:
    """Puts the texts of a revision back, that in force unless named; returns the changed paths.

    `only` names a single file. Must run inside a transaction.
    """
    texts = published_texts(connection, revision)
    draft = Draft(read_draft(connection).files, texts)
    changed = [change for change in draft.changes() if only in (None, change.path)]
    for change in changed:
        version = change.file.version if change.file else 0
        if change.path not in texts:
            remove_file(connection, change.path, expected=version)
        else:
            text = texts[change.path]
            save_file(connection, change.path, text, expected=version, by=by, now=now)
    return tuple(change.path for change in changed)


def path_of(kind: DefinitionKind, name: str) -> str:
    """Where a definition lies in a layer."""
    return f"{kind.folder}{ENDING}" if kind.single else f"{kind.folder}/{name}{ENDING}"


def kinds_of(path: str) -> tuple[DefinitionKind, ...]:
    """The kinds that a file of a layer may be of; none where it is no definition."""
    pure = PurePosixPath(path)
    if len(pure.parts) == 1:
        return tuple(kind for kind in KINDS if kind.single and path_of(kind, "") == path)
    return tuple(kind for kind in KINDS if not kind.single and kind.folder == pure.parts[0])
