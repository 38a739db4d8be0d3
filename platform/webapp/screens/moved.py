"""Addresses by names that were changed: whoever kept one is led to where the thing is now.

Objects and fields keep their former names (rule 1), so links in mails, bookmarks and lists that
were opened before a rename go on working: filters and order are read by the names of today.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from flask import redirect, request
from werkzeug.wrappers import Response

from engine.definition.objects import Object
from webapp.screens.here import Here

SORT = "sort"


def moved(at: Here, arguments: dict[str, Any]) -> Response | None:
    """A redirect to the address by present names, None where it has those already.

    It keeps the method and what is sent (308), so that a form sent to the old address arrives.
    """
    name = arguments.get("object")
    if not isinstance(name, str) or not request.path.startswith("/o/"):
        return None
    definition = at.catalog.objects.get(name) or _former(at, name)
    if definition is None:
        return None
    pairs = list(request.args.items(multi=True))
    present = [_renamed(definition, key, value) for key, value in pairs]
    if definition.name == name and present == pairs:
        return None
    _, _, rest = request.path.removeprefix("/o/").partition("/")
    path = f"/o/{definition.name}" + (f"/{quote(rest)}" if rest else "")
    return redirect(f"{path}?{urlencode(present)}" if present else path, 308)


def _former(at: Here, name: str) -> Object | None:
    """The object that had the name before, where the actor may know of it."""
    found = (o for o in at.catalog.objects.values() if name in o.formers)
    return next((o for o in found if at.lens(o.name).may("read")), None)


def _renamed(definition: Object, key: str, value: str) -> tuple[str, str]:
    if key == SORT:
        order, name = value[: value.startswith("-")], value.removeprefix("-")
        return key, order + present(definition, name)
    name, dot, part = key.partition(".")
    return present(definition, name) + dot + part, value


def present(definition: Object, name: str) -> str:
    """What the field of that name, or of that former name, is called now."""
    if name in definition.fields:
        return name
    return definition.renamed.get(name, name)
