"""What a form sends although it does not offer it: handed to the gate, which refuses it by name.

Nothing that somebody sends is dropped in silence, on no path.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from werkzeug.datastructures import MultiDict

from engine.definition.objects import Field, Object

_OF_THE_FORM = frozenset(("id", "version"))
"""System fields that forms send to say which record they were drawn from."""


def not_offered(
    definition: Object, offered: Iterable[Field], typed: MultiDict[str, str], prefix: str = ""
) -> dict[str, Any]:
    """Values for fields of `definition` that are not among those offered, as they were typed."""
    known = {field.name for field in offered} | _OF_THE_FORM
    return {
        name: typed[prefix + name]
        for name in definition.fields
        if name not in known and prefix + name in typed
    }
