"""Records as an actor sees them."""

from __future__ import annotations

from dataclasses import dataclass

from engine.records.shapes import Row


@dataclass(frozen=True, slots=True)
class Linked:
    """A linked record as an actor sees it; `restricted` hides both its id and its title."""

    id: int | None
    title: str | None
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One record as an actor sees it: readable fields only; links are `Linked` (many links a
    tuple of them), lines records."""

    object: str
    id: int
    values: Row

    @property
    def version(self) -> int:
        """The version that a change must be made from."""
        return int(self.values.get("version") or 0)


@dataclass(frozen=True, slots=True)
class Count:
    """How many records there are; not `exact` means: more than `value`."""

    value: int
    exact: bool
