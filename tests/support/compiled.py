"""The shipped definitions are loaded and compiled once per process: hundreds of tests run on them.

What they mean is a pure function of their files, or of their text and keys, so all databases may
share it. Small definitions, and those that take over from an application before them, are loaded
and compiled as always.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

from assembly import application, proposing
from engine.definition.kinds import DefinitionKind
from engine.loading import loading
from engine.loading.loading import Loaded
from engine.loading.sources import Source
from engine.schema.state import Applied, Key, Keys, Name
from engine.schema.tables import Tables

LARGE = 100_000
"""The characters of definitions that are worth keeping."""
KEPT = 4
SHIPPED = "config"
"""The name of the folder of shipped definitions, also where a test has a copy of it."""

_compiled = application.compiled
_former = proposing._former
_load = loading._load


@lru_cache(maxsize=KEPT)
def _compiled_once(definitions: str, keys: frozenset[tuple[Name, Key]]) -> tuple[Loaded, Tables]:
    return _compiled(definitions, dict(keys))


def compiled(
    definitions: str, keys: Keys, former: application.Application | None = None
) -> tuple[Loaded, Tables]:
    """As `assembly.application.compiled`."""
    if former is not None or len(definitions) < LARGE:
        return _compiled(definitions, keys, former)
    return _compiled_once(definitions, frozenset(keys.items()))


@lru_cache(maxsize=KEPT)
def _former_once(applied: Applied, keys: frozenset[tuple[Name, Key]]) -> proposing.Former:
    return _former(applied, dict(keys))


def former_of(applied: Applied | None, keys: Keys) -> proposing.Former:
    """As in `assembly.proposing`: the definitions that a plan starts from."""
    if applied is None or len(applied.definitions) < LARGE:
        return _former(applied, keys)
    return _former_once(applied, frozenset(keys.items()))


@lru_cache(maxsize=KEPT)
def _load_once(
    files: tuple[tuple[Path, str], ...],
    here: str,
    folders: tuple[Path, ...],
    kinds: tuple[DefinitionKind, ...],
    schemas: Path,
    others: frozenset[str],
) -> Loaded:
    return _load(folders, kinds, schemas, others)


def load(
    layers: Sequence[Source],
    kinds: Sequence[DefinitionKind],
    schemas: Path,
    others: Collection[str],
) -> Loaded:
    """As in `engine.loading.loading`: what the layers say."""
    folders = tuple(layer for layer in layers if isinstance(layer, Path))
    if len(folders) < len(layers) or not any(folder.name == SHIPPED for folder in folders):
        return _load(layers, kinds, schemas, others)
    paths = sorted(path for folder in folders for path in folder.rglob("*.yaml"))
    if sum(path.stat().st_size for path in paths) < LARGE:
        return _load(layers, kinds, schemas, others)
    files = tuple((path, path.read_text(encoding="utf-8", errors="replace")) for path in paths)
    return _load_once(files, os.getcwd(), folders, tuple(kinds), schemas, frozenset(others))


def compile_once() -> None:
    """From now on, in this process."""
    application.compiled = compiled
    proposing._former = former_of
    loading._load = load
