"""Finding records by words: for links in forms, for the search in the top bar, and its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, jsonify, request

from engine.definition.objects import Field, Object
from engine.fieldtypes.link import Link, Reference
from engine.fieldtypes.links import Links
from engine.problems import Refusal
from engine.records.query import Linking, Query
from engine.records.reading import Linked, Record
from webapp.screens.addresses import State
from webapp.screens.controls import read_of_own
from webapp.screens.filters import titled
from webapp.screens.here import Here, here
from webapp.screens.navigation import readable_objects
from webapp.screens.rendering import fragment, page

CHOICES = 12
PER_OBJECT = 4
PER_PAGE = 8


@dataclass(frozen=True, slots=True)
class Found:
    """A record that was found."""

    address: str
    title: str
    hint: str


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """What was found of one object."""

    label: str
    icon: str
    address: str
    records: list[Found]
    more: bool


def lookup(object: str) -> Response:
    """Records to choose from for a link: those whose title or number has the words."""
    at = here()
    definition = at.object(object)
    words = request.args.get("q", "").strip()[:200]
    query = Query(
        words=words,
        sort=_order(at, definition),
        fields=_titles(at, definition),
        limit=CHOICES,
        masks=True,
        linking=_linking(at, request.args.get("for", ""), object),
    )
    items = at.reader.page(at.actor, object, query).items
    creates = at.lens(object).may("create")
    return jsonify(
        items=[
            {
                "id": item.id,
                "title": titled(definition, item.values, item.id),
                "hint": _hint(item, definition),
            }
            for item in items
        ],
        create=f"/o/{object}/new" if creates else "",
        quick=f"/o/{object}/quick" if creates and definition.quick else "",
    )


def _linking(at: Here, asking: str, target: str) -> Linking | None:
    """The link `object.field` that is being filled, with what its condition reads of the form.

    The form sends those values as `of.<field>`; what it does not hold comes from its `record`.
    """
    name, _, field_name = asking.partition(".")
    definition = at.catalog.objects.get(name)
    found: Field | None = definition.fields.get(field_name) if definition else None
    if (
        definition is None
        or found is None
        or found.where is None
        or not isinstance(found.type, Link | Links)
        or found.type.to != target
    ):
        return None
    needed = read_of_own(found)
    values = {own: _typed(definition.fields[own]) for own in needed if f"of.{own}" in request.args}
    record = request.args.get("record", "")
    if record.isdigit() and len(values) < len(needed):
        before = at.reader.one(at.actor, name, int(record)).values
        plain = {own: v.id if isinstance(v, Linked) else v for own, v in before.items()}
        values = {own: plain.get(own) for own in needed} | values
    return Linking(name, field_name, values)


def _typed(field: Field) -> Any:
    """What the form sent of a field; nothing where that cannot be read."""
    try:
        value = field.type.read(request.args.get(f"of.{field.name}", ""))
    except Refusal:
        return None
    return None if isinstance(value, Reference) else value


def _titles(at: Here, definition: Object) -> tuple[str, ...]:
    lens = at.lens(definition.name)
    names = dict.fromkeys((definition.title, "number"))
    return tuple(n for n in names if n in definition.fields and lens.may_show(n))


def _order(at: Here, definition: Object) -> tuple[str, ...]:
    title = definition.fields[definition.title]
    readable = at.lens(definition.name).may_read(title.name)
    return (title.name,) if title.stored and readable else ("-id",)


def _hint(record: Record, definition: Object) -> str:
    return str(record.values.get("number") or "") if definition.title != "number" else ""


def search_all(at: Here, words: str, most: int) -> list[FoundGroup]:
    """What the actor may read and has the words, by object."""
    groups = []
    for definition in readable_objects(at):
        if not definition.search:
            continue
        fields = _titles(at, definition)
        try:
            query = Query(words=words, fields=fields, limit=most, masks=True)
            found = at.reader.page(at.actor, definition.name, query)
        except Refusal:
            continue
        if found.items:
            records = [
                Found(
                    f"/o/{definition.name}/{item.id}",
                    titled(definition, item.values, item.id),
                    _hint(item, definition),
                )
                for item in found.items
            ]
            address = State(definition.name, tab="all", q=words).address
            label = at.say(definition.plural)
            groups.append(
                FoundGroup(label, definition.icon or "square", address, records, bool(found.next))
            )
    return groups


def search() -> Response:
    """The page of results; for scripts the first few of each object."""
    at = here()
    words = request.args.get("q", "").strip()[:200]
    if request.args.get("part"):
        return fragment(
            "found.html", at, words=words, groups=search_all(at, words, PER_OBJECT) if words else []
        )
    groups = search_all(at, words, PER_PAGE) if words else []
    return page("search.html", at, words=words, groups=groups)
