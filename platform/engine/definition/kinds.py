"""What a room must provide so that its kind of definition file can be loaded.

Loading is generic over a list of these: it reads and merges the files of each kind's folder,
validates them against the kind's JSON Schema, and calls `build` for each, then `connect` for
each kind once everything is built, so that files may refer to each other in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.definition.tree import Node
from engine.problems import Problem

if TYPE_CHECKING:
    from engine.definition.catalog import Catalog

Problems = list[Problem]


@dataclass(frozen=True, slots=True)
class DefinitionKind:
    """One kind of definition.

    `name` is the head key of its files (`object: opportunity`), `folder` where they lie,
    `schema` the file in `schemas/`. A kind with `single` has one file, `<folder>.yaml`, beside
    the folders. `build(name, node, problems)` makes the definition or None. `connect(catalog,
    problems)` returns the catalog with this kind's definitions connected and cross-checked.
    """

    name: str
    folder: str
    schema: str
    build: Callable[[str, Node, Problems], Any | None]
    connect: Callable[[Catalog, Problems], Catalog]
    single: bool = False
