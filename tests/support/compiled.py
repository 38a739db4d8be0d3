"""The shipped definitions are compiled once per process: hundreds of tests run on them.

What they mean is a pure function of their text and keys, so all databases may share it. Small
definitions, and those that take over from an application before them, are compiled as always.
"""

from __future__ import annotations

from functools import lru_cache

from assembly import application
from engine.loading.loading import Loaded
from engine.schema.state import Key, Keys, Name
from engine.schema.tables import Tables

LARGE = 100_000
"""The characters of definitions that are worth keeping."""
KEPT = 4

_compiled = application.compiled


@lru_cache(maxsize=KEPT)
def _once(definitions: str, keys: frozenset[tuple[Name, Key]]) -> tuple[Loaded, Tables]:
    return _compiled(definitions, dict(keys))


def compiled(
    definitions: str, keys: Keys, former: application.Application | None = None
) -> tuple[Loaded, Tables]:
    """As `assembly.application.compiled`."""
    if former is not None or len(definitions) < LARGE:
        return _compiled(definitions, keys, former)
    return _once(definitions, frozenset(keys.items()))


def compile_once() -> None:
    """From now on, in this process."""
    application.compiled = compiled
