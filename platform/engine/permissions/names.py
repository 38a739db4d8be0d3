"""What names some roles may write in a condition: the fields that they may read, and no others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.definition.catalog import Catalog
from engine.expressions.types import Member
from engine.permissions.lens import Lenses


@dataclass(frozen=True)
class ReadableNames:
    """The members that some roles may name in a condition (`engine.expressions.types.Names`)."""

    catalog: Catalog
    lenses: Lenses
    roles: frozenset[str] | None

    @property
    def user_object(self) -> str:
        """The object whose records are people."""
        return self.catalog.user_object

    def tree(self, object: str) -> str:
        """The link that makes the object a tree; asked for before it is read."""
        return self.catalog.tree(object)

    def member(self, object: str, name: str) -> Member | None:
        """The member, where these roles may read it; else as if it did not exist."""
        if not object and name in self.catalog.objects:
            lens = self.lenses.lens(name, self.roles)
            return self.catalog.member("", name) if lens.may_read_all() else None
        if object not in self.catalog.objects:
            return None
        readable = self.lenses.lens(object, self.roles).may_read(name)
        return self.catalog.member(object, name) if readable else None

    def members(self, object: str) -> Iterable[str]:
        """The names that these roles may read."""
        if object not in self.catalog.objects:
            return ()
        lens = self.lenses.lens(object, self.roles)
        return [name for name in self.catalog.members(object) if lens.may_read(name)]
