"""What an adapter is asked about, and the register of adapters.

A path is one way on which something can be told: a function that asks as somebody about a topic
(an object, and the values planted in it) and hands back the answers. `routes` are the routes that
it covers; a test compares them with those that the application has.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.definition.objects import Object
from leaks.asking import Answer, Asker
from leaks.twins import Planted

MOST = 3
"""Fields of one object that a path asks about at a time."""


@dataclass
class Topic:
    """One object as somebody meets it: its records, and what is planted in it."""

    definition: Object
    planted: list[Planted]
    gone: list[int]
    visible: list[int]
    hidden: list[int]
    numbers: dict[int, str]
    seed: int
    fields: tuple[str, ...] = ()
    """The fields of which some cell can be seen."""
    stored: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """The rows as they are, to be asked about as duplicates."""
    everywhere: list[Planted] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The object's name."""
        return self.definition.name

    def rng(self, path: str) -> random.Random:
        """The same dice in both worlds."""
        return random.Random(f"{self.seed}{path}{self.name}")

    def some(self, ids: list[int], most: int, path: str) -> list[int]:
        """A few of the ids."""
        return sorted(self.rng(path).sample(ids, min(most, len(ids))))

    def by_field(self, path: str, most: int = MOST) -> dict[str, Planted]:
        """A planted value of each of some fields, other ones for each path and seed."""
        found: dict[str, Planted] = {}
        rng = self.rng(path)
        for one in rng.sample(self.planted, len(self.planted)):
            if not one.field.startswith("@") and len(found) < most:
                found.setdefault(one.field, one)
        return found

    def texts(self, path: str, most: int) -> list[str]:
        """Some texts that can be looked for, of both worlds: of searched fields and of records
        that are left out before others."""
        search = {*self.definition.search, self.definition.title}
        first = [self.stored.get(id, {}).get(name) for id in self.gone for name in sorted(search)]
        first += [v for one in self.planted if one.field in search for v in (one.old, one.new)]
        rest = [v for one in self.planted for v in (one.old, one.new)]
        rng, found = self.rng(path), list[str]()
        for values in (first, rest):
            texts = [v for v in dict.fromkeys(map(_text, values)) if len(v) > 3]
            found += rng.sample(texts, len(texts))
        return list(dict.fromkeys(found))[:most]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


Adapter = Callable[[Asker, Topic], Iterator[Answer]]


@dataclass(frozen=True)
class WayOut:
    """A registered adapter. `about` is "object", or "site" for what is asked once.

    `plain` answers must be the same to the byte; of others the adapter itself puts something aside.
    A path that is told of duplicates needs a twin that keeps what is revealed.
    """

    name: str
    adapter: Adapter
    routes: tuple[str, ...]
    about: str = "object"
    revealing: bool = False
    writes: bool = False


PATHS: dict[str, WayOut] = {}


def path(
    name: str, *routes: str, about: str = "object", revealing: bool = False, writes: bool = False
) -> Callable[[Adapter], Adapter]:
    """Registers an adapter under a name, with the routes that it covers."""

    def register(adapter: Adapter) -> Adapter:
        PATHS[name] = WayOut(name, adapter, routes, about, revealing, writes)
        return adapter

    return register


def literal(kind: str, value: Any) -> str | None:
    """A value as it is written in a condition."""
    if isinstance(value, bool):
        return str(value).lower()
    if kind in ("date",):
        return f'date("{value}")'
    if kind in ("integer", "number", "money", "percent", "progress", "rating"):
        return str(value)
    if isinstance(value, str) and kind not in ("moment", "time", "duration", "json", "secret"):
        return '"' + value.replace('"', "'").replace("\n", " ") + '"'
    return None
