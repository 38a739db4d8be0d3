"""The state of a list, which lives in its address alone: whoever gets the link sees the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

OWN = frozenset(("list", "view", "sort", "q", "after", "trail", "deleted"))
"""Parameters of the screen itself; every other one is a filter (no field may be named so)."""
DEEPEST = 40
"""How many pages back the way is remembered."""
LONGEST = 4_000


@dataclass(frozen=True)
class State:
    """What a list shows.

    `filters` are pairs of a filter's name (`stage`, `amount.from`, `name.has`, `owner.empty`)
    and a value; a name may come several times. `trail` are the cursors of the pages before.
    `under` names a part of the list that has an address of its own below it.
    """

    object: str
    tab: str = ""
    view: str = ""
    sort: str = ""
    q: str = ""
    after: str = ""
    trail: tuple[str, ...] = ()
    filters: tuple[tuple[str, str], ...] = field(default=())
    under: str = ""

    @classmethod
    def read(cls, object: str, args: MultiDict[str, str]) -> State:
        """The state from an address; parameters that are too long are left out."""

        def one(name: str) -> str:
            value = args.get(name, "")
            return value if len(value) <= LONGEST else ""

        return cls(
            object=object,
            tab=one("list"),
            view=one("view"),
            sort=one("sort"),
            q=one("q").strip()[:200],
            after=one("after"),
            trail=tuple(part for part in one("trail").split("~") if part)[-DEEPEST:],
            filters=tuple(
                (name, value)
                for name, value in args.items(multi=True)
                if name not in OWN
                and not name.startswith("_")
                and value != ""
                and len(value) <= 200
            )[:50],
        )

    @property
    def address(self) -> str:
        """The address of this state."""
        return f"/o/{self.object}{'/' if self.under else ''}{self.under}{self._query}"

    @property
    def filters_address(self) -> str:
        """Where the filters of this state are chosen."""
        return f"/o/{self.object}/filters{self.first()._query}"

    @property
    def _query(self) -> str:
        pairs = [("list", self.tab), ("view", self.view), *self.filters, ("q", self.q)]
        pairs += [("sort", self.sort), ("after", self.after), ("trail", "~".join(self.trail))]
        query = urlencode([(name, value) for name, value in pairs if value])
        return f"?{query}" if query else ""

    def part(self, name: str) -> State:
        """The same state of a part of the list, for the script that fetches it."""
        return replace(self, under=name)

    def first(self) -> State:
        """The same list from its beginning."""
        return replace(self, after="", trail=())

    def next(self, cursor: str) -> State:
        """The page after this one."""
        return replace(self, after=cursor, trail=(*self.trail, self.after or "-")[-DEEPEST:])

    def previous(self) -> State:
        """The page before this one."""
        *trail, before = self.trail
        return replace(self, after="" if before == "-" else before, trail=tuple(trail))

    def sorted(self, name: str) -> State:
        """The list by a column: rising first, then falling."""
        return replace(self.first(), sort=f"-{name}" if self.sort == name else name)

    def without(self, names: Iterable[str]) -> State:
        """The list without the filters of those names."""
        gone = frozenset(names)
        kept = tuple(pair for pair in self.filters if pair[0] not in gone)
        return replace(self.first(), filters=kept)

    def given(self, name: str) -> list[str]:
        """All values of a filter."""
        return [value for key, value in self.filters if key == name]
