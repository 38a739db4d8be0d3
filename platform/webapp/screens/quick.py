"""The small dialog for a new record: `/o/<object>/quick`.

It holds what `quick` names and what must be filled in besides; everything else keeps the value
that the gate gives it. Saving is that of the full form, to which what was typed can be taken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.objects import Object
from engine.fieldtypes.link import Collection, Link
from engine.problems import Refusal
from engine.records.query import Query
from engine.records.rights import forbidden
from webapp.screens.controls import Control, control, enterable
from webapp.screens.drafting import draft
from webapp.screens.filters import titled
from webapp.screens.here import Here, here
from webapp.screens.outdated import mark_of
from webapp.screens.rendering import fragment

QUICK = ":quick"
"""The name under which a form says that it is the small dialog."""
NAMED = "_named"
"""What was typed into a link before its record exists: the new record's title."""


def title_of_new(at: Here, definition: Object, id: int | None) -> str:
    """What the record that was just made is called; nothing where it cannot be read back."""
    query = Query(filters={"id": id}, fields=(definition.title,), limit=1)
    try:
        items = at.reader.page(at.actor, definition.name, query).items
    except Refusal:
        return ""
    return titled(definition, items[0].values, items[0].id) if items else ""


def show_quick(object: str) -> AnyResponse:
    """The dialog, for the script that opens it; without one the full form."""
    at = here()
    definition = at.object(object)
    if not at.lens(object).may("create"):
        raise Refusal(forbidden(at.lens(object), "create", at.actor.roles))
    if not definition.quick or not request.headers.get("X-Part"):
        return redirect(f"/o/{object}/new", 303)
    return _dialog(at, definition)


def _dialog(at: Here, definition: Object) -> Response:
    brought = {n: v for n, v in request.args.items() if v and not n.startswith("_")}
    drafted = draft(at, definition, _known(at, definition, brought), None)
    values = drafted.record.values if drafted.record is not None else {}
    named = request.args.get(NAMED, "").strip()[:200]
    title = definition.title
    first = (title,) if named else ()
    controls = _controls(at, definition, values, brought, first)
    controls = [
        replace(c, text=named, was=None) if c.name == title and named else c for c in controls
    ]
    return fragment(
        "quick.html",
        at,
        object=definition,
        made_for=mark_of(at, definition),
        fields=controls,
        hidden=drafted.states.hidden,
        unoffered=drafted.states.unoffered,
        matched=" ".join(dict.fromkeys(n for rule in definition.duplicates for n in rule.fields)),
    )


def _known(at: Here, definition: Object, brought: dict[str, Any]) -> dict[str, Any]:
    names = {field.name for field in enterable(at, definition, True)}
    return {name: value for name, value in brought.items() if name in names}


def _controls(
    at: Here, definition: Object, values: dict[str, Any], brought: dict[str, Any],
    first: tuple[str, ...],
) -> list[Control]:  # fmt: skip
    """The fields of the dialog that the actor may fill in, and those without which it fails."""
    entered = {
        found.name: found
        for found in enterable(at, definition, True)
        if not isinstance(found.type, Collection)
    }
    needed = [
        name
        for name, found in entered.items()
        if found.required and values.get(name) in (None, (), "")
    ]
    carried = [n for n in brought if n in entered and isinstance(entered[n].type, Link)]
    names = dict.fromkeys((*first, *definition.quick, *carried, *needed))
    return [
        control(at, entered[name], values.get(name), typed=MultiDict(), filled=name not in brought)
        for name in names
        if name in entered
    ]
