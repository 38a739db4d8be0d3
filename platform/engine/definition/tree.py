"""The tree that a definition is read from: plain values that know where they were written.

`loading` makes these trees from YAML and merges the layers; the rooms build their definitions
from them, so every later problem can name file, line and column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.problems import Place, Text

Scalar = None | bool | int | Decimal | str
_MAPS = (dict, Mapping)
"""Nearly always a dict, of which Python knows without asking around."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a definition file and its place.

    `value` is a scalar, a mapping of names to nodes (in written order) or a tuple of nodes.
    `key_place` is where the key in front of it stands. `layers` lists every place that set
    this value, lowest layer first; the last one won.
    """

    value: Scalar | Mapping[str, Node] | tuple[Node, ...]
    place: Place
    key_place: Place | None = None
    layers: tuple[Place, ...] = field(default=(), compare=False)

    def get(self, key: str) -> Node | None:
        """The child under `key`, or None."""
        value = self.value
        return value.get(key) if isinstance(value, _MAPS) else None

    def plain(self, key: str, default: Any = None) -> Any:
        """The child's value as plain Python data, or `default`."""
        child = self.get(key)
        return default if child is None else child.to_plain()

    def text(self, key: str) -> Text | None:
        """The child as a text for people, or None."""
        raw = self.plain(key)
        if raw is None:
            return None
        return Text.of(raw if isinstance(raw, dict) else str(raw))

    def items(self) -> Iterator[tuple[str, Node]]:
        """The children of a mapping by name; nothing for other nodes."""
        if isinstance(self.value, _MAPS):
            yield from self.value.items()

    def elements(self) -> tuple[Node, ...]:
        """The elements of a sequence; nothing for other nodes."""
        return self.value if isinstance(self.value, tuple) else ()

    def to_plain(self) -> Any:
        """The value without places: dict, list or scalar."""
        value = self.value
        if isinstance(value, _MAPS):
            return {key: child.to_plain() for key, child in value.items()}
        if isinstance(value, tuple):
            return [child.to_plain() for child in value]
        return value

    def at(self, *path: str | int) -> Place:
        """The place of the value under `path`, or of the deepest part of it that exists."""
        node = self
        for step in path:
            if isinstance(step, int):
                elements = node.elements()
                child = elements[step] if step < len(elements) else None
            else:
                child = node.get(step)
            if child is None:
                break
            node = child
        return node.place
