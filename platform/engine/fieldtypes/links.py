"""Many links: a field that names several records of another object, in an order of its own.

Nothing stands in the record's row: every such field has a join table (`engine.schema.joins`).
In a row that the gate holds, the value is a tuple of ids; None is empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

from engine.fieldtypes.base import not_readable
from engine.fieldtypes.link import UNCHANGED, Collection, Link, Reference

SEPARATOR = "; "
"""Between records in text: titles may contain commas."""
MOST = 1_000
"""Records that one field may name."""

_PARTS = re.compile(r"[;；\n]")
Named = int | Reference
ADD, REMOVE = "add", "remove"


@dataclass(frozen=True, slots=True)
class Moving:
    """Input that changes a list instead of replacing it: what comes, and what goes."""

    add: tuple[Named, ...] = ()
    remove: tuple[Named, ...] = ()


def parts_of(text: str) -> list[str]:
    """What a text with semicolons (or lines) names, one by one."""
    return [part.strip() for part in _PARTS.split(text) if part.strip()]


@dataclass(frozen=True, kw_only=True)
class Links(Collection):
    """Links to several records of the object `to`.

    `on_delete` says what happens here when one of them is deleted: `refuse` the deletion or
    `clear` it from the list. `where` is what each must fulfil. `table` is the join table, known
    once the definitions are connected. Input is a list of ids, numbers, titles or `{"id"}`, or
    text with semicolons between; the list given is the new state.
    `{"add": […], "remove": […]}` changes the list that is there.
    """

    name = "links"
    control = "links"
    to: str = ""
    on_delete: str = "refuse"
    where: str = ""
    table: str = ""

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        to = settings.get("to", "")
        return cls(
            to=to if isinstance(to, str) else "",
            of=to if isinstance(to, str) else "",
            on_delete=settings.get("on_delete", "refuse"),
            where=str(settings.get("where") or ""),
        )

    def read(self, raw: Any) -> tuple[Named, ...] | Moving | None:
        """The records named, each once. `UNCHANGED` stands for one that the sender may not see.

        Raises Refusal for anything but a list, or a text, of ids and words.
        """
        if isinstance(raw, dict) and raw and raw.keys() <= {ADD, REMOVE}:
            return Moving(*(self.named(raw.get(key)) or () for key in (ADD, REMOVE)))
        return self.named(raw)

    def named(self, raw: Any) -> tuple[Named, ...] | None:
        """The records of one list, each once. Raises Refusal as `read`."""
        if raw is None or raw == "":
            return None
        if isinstance(raw, str):
            raw = parts_of(raw)
        if isinstance(raw, int | dict) and not isinstance(raw, bool):
            raw = [raw]
        if not isinstance(raw, list | tuple) or len(raw) > MOST:
            raise not_readable(
                raw, f"a list of at most {MOST} records", f"至多 {MOST} 条记录的列表"
            )
        one = Link(to=self.to)
        found: list[Named] = []
        for part in raw:
            named = one.read(part)
            if named is not None and (named is UNCHANGED or named not in found):
                found.append(named)
        return tuple(found) or None

    def to_json(self, value: Any) -> Any:
        return list(value or ())

    def to_text(self, value: Any) -> str:
        return SEPARATOR.join(str(part) for part in value or ())
