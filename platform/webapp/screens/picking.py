"""The control of many links: chips for what is chosen, and a line to find more by typing.

Chips are boxes to tick under the field's name; `<name>:more` holds what was typed and not yet
chosen (titles or numbers with semicolons between: without scripts that is the whole control);
`<name>:mode` says, where many records are changed at once, what becomes of their lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from engine.definition.objects import Field
from engine.fieldtypes.links import ADD, REMOVE, Links
from engine.records.reading import Linked
from webapp.screens.filters import title_of
from webapp.screens.here import Here

MORE, MODE = ":more", ":mode"
HIDDEN = ":hidden"
"""Stands for a record that the person may not see; it stays where it is."""
SET = "set"
MODES = (SET, ADD, REMOVE)


def picked(
    at: Here, field: Field, value: Any, typed: MultiDict[str, str] | None, name: str
) -> tuple[tuple[str, str], ...]:
    """The chips: what each sends and says; of what was `typed` before, where there is some."""
    assert isinstance(field.type, Links)
    if typed is None:
        return tuple((_sent(one), one.title or at.t("restricted")) for one in value or ())
    known = {_sent(one): one.title or "" for one in value or ()}
    known[HIDDEN] = at.t("restricted")
    return tuple(
        (id, known.get(id) or title_of(at, field.type.to, id)) for id in typed.getlist(name)
    )


def picked_input(typed: MultiDict[str, str], name: str) -> Any:
    """What was chosen, in the input form of many links."""
    named: list[Any] = [
        {"restricted": True} if id == HIDDEN else id for id in typed.getlist(name) if id
    ]
    more = typed.get(f"{name}{MORE}", "").replace("；", ";").replace("\n", ";")
    named += [word.strip() for word in more.split(";") if word.strip()]
    mode = typed.get(f"{name}{MODE}", SET)
    return {mode: named} if mode in (ADD, REMOVE) else named


def as_chosen(value: Sequence[Linked] | None) -> tuple[str, ...]:
    """A list as its chips send it."""
    return tuple(map(_sent, value or ()))


def same_picked(raw: Any, value: Sequence[Linked] | None) -> bool:
    """Whether what was chosen is the list that was shown."""
    if not isinstance(raw, list):
        return False
    return [HIDDEN if isinstance(one, dict) else one for one in raw] == list(as_chosen(value))


def _sent(one: Linked) -> str:
    return HIDDEN if one.restricted else str(one.id)
