"""Lists of linked records in files: what names each, with semicolons between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.fieldtypes.links import SEPARATOR, parts_of
from engine.records.reading import Linked
from exchange.naming import RESTRICTED


def lists_in(values: Sequence[Any]) -> list[Linked]:
    """The linked records in values of links and of lists of them."""
    found: list[Linked] = []
    for value in values:
        found += [value] if isinstance(value, Linked) else value or ()
    return found


def list_text(value: Sequence[Linked], name: Callable[[Linked], Any]) -> str:
    """A list as one text; by its id what `name` calls such that it would not come back."""
    return SEPARATOR.join(_one(linked, str(name(linked))) for linked in value)


def _one(linked: Linked, name: str) -> str:
    clear = len(parts_of(name)) == 1 and not name.strip().isdigit()
    return name if linked.restricted or clear else str(linked.id)


def list_input(text: str) -> list[Any]:
    """The text of a list as input: what could not be seen stays."""
    return [
        {"restricted": True} if part == RESTRICTED else part.removeprefix("#")
        for part in parts_of(text)
    ]
