"""`GET me` and `GET definitions/<object>`: what this user may see and do, in their language."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_wtf.csrf import generate_csrf

from engine.definition.objects import Field, Object
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import Money, NumberType
from engine.permissions.lens import Lens
from engine.permissions.roles import ACTIONS, Role
from engine.problems import Refusal
from engine.records.query import Query
from webapp.answers import answer
from webapp.api.call import Call, known
from webapp.api.convert import conversions_shown
from webapp.api.queries import read_parameters
from workflow.approvals.definitions import reserved


def get_me(call: Call) -> Response:
    """GET me: the account, its person, its roles, and the objects it may work with."""
    read_parameters(request)
    catalog, actor, locale = call.application.catalog, call.actor, call.locale
    roles: dict[str, Role] = dict(catalog.of("role"))
    held = [roles[name] for name in sorted(actor.roles) if name in roles]
    result = {
        "account": call.caller.account.name,
        "person": _titled(call, catalog.site.person, actor.person),
        "department": _titled(call, catalog.site.department, actor.department),
        "roles": [{"name": role.name, "label": role.label.in_(locale)} for role in held],
        "rights": [
            right
            for right in ("administer", "audit", "historical_import")
            if any(getattr(role, right) for role in held)
        ],
        "locale": locale,
        "site": catalog.site.label.in_(locale),
        "revision": call.application.revision,
        "objects": {
            name: {
                "label": definition.label.in_(locale),
                "plural": definition.plural.in_(locale),
                "icon": definition.icon,
                "actions": _actions(call.lens(name)),
            }
            for name, definition in catalog.objects.items()
            if not definition.parent and known(call.lens(name))
        },
    }
    if call.caller.by == "session":  # what a page needs to write with its cookie
        result["csrf_token"] = generate_csrf()
    return answer(result)


def get_definition(call: Call, object: str) -> Response:
    """GET definitions/<object>: its fields, actions, transitions and lists."""
    read_parameters(request)
    definition = call.object(object)
    key = ("definition", object, call.actor.roles, call.locale)
    return answer(
        call.shell.remembered(
            call.application, *key, make=lambda: _definition(call, definition, call.locale)
        )
    )


def _definition(call: Call, definition: Object, locale: str) -> dict[str, Any]:
    lens = call.lens(definition.name)
    readable = {name: f for name, f in definition.fields.items() if lens.may_read(name)}
    return {
        "object": definition.name,
        "label": definition.label.in_(locale),
        "plural": definition.plural.in_(locale),
        "help": definition.help.in_(locale) if definition.help else None,
        "title": definition.title if definition.title in readable else "id",
        "part_of": definition.parent_object or None,
        "actions": _actions(lens),
        "fields": {
            name: _field(call, f, lens, locale)
            for name, f in definition.fields.items()
            if lens.may_show(name)
        },
        "transitions": _transitions(call, definition, lens),
        "conversions": conversions_shown(call, definition),
        "views": {
            name: {
                "label": view.label.in_(locale),
                "columns": [c for c in view.columns if c in readable],
                "sort": [s for s in view.sort if s.lstrip("-") in readable],
                "equal": [e for e in view.equal if e in readable],
            }
            for name, view in definition.views.items()
        },
    }


def _actions(lens: Lens) -> list[str]:
    return [action for action in ACTIONS if lens.may(action)]


def _field(call: Call, field: Field, lens: Lens, locale: str) -> dict[str, Any]:
    type_ = field.type
    shown: dict[str, Any] = {
        "type": type_.name,
        "masked": not lens.may_read(field.name),
        "label": field.label.in_(locale),
        "required": field.required,
        "writable": lens.may_write(field.name) and (field.writable or field.name == "owner"),
    }
    if field.help:
        shown["help"] = field.help.in_(locale)
    if field.unique:
        shown["unique"] = True
    if field.part_of:
        shown["part_of"] = field.part_of
    if field.derived:
        shown["computed"] = True
    if isinstance(type_, Choice):
        shown["options"] = [
            {"name": o.name, "label": o.label.in_(locale), "colour": o.colour or None}
            for o in type_.options
        ]
    if isinstance(type_, NumberType):
        shown["decimals"] = type_.scale
        shown |= {k: f"{v:f}" for k in ("min", "max") if (v := getattr(type_, k)) is not None}
    if isinstance(type_, Money):
        shown["currency"] = type_.currency
        if type_.currency_path:
            shown["currency_from"] = type_.currency_path
    if isinstance(type_, Link | Links) and known(call.lens(type_.to)):
        shown["to"] = type_.to
    elif isinstance(type_, Collection) and known(call.lens(type_.of)):
        shown["of"] = type_.of
        shown["by"] = type_.by
    return shown


def _transitions(call: Call, definition: Object, lens: Lens) -> list[dict[str, Any]]:
    """The transitions of the object's workflows that the actor's roles may perform."""
    return [
        {
            "name": transition.name,
            "label": transition.label.in_(call.locale),
            "field": workflow.field,
            "from": list(transition.sources),
            "to": transition.target,
            "asks": [name for name in transition.asks if lens.may_read(name)],
            "requires": [name for name in transition.require if lens.may_read(name)],
        }
        for workflow in call.application.catalog.of("workflow").values()
        if workflow.object == definition.name and lens.may_read(workflow.field)
        for transition in workflow.transitions.values()
        if transition.name not in reserved(call.application.catalog, definition.name)
        and (not transition.roles or call.actor.roles & set(transition.roles))
    ]


def _titled(call: Call, object: str, id: int | None) -> dict[str, Any] | None:
    """A record as id and title, as far as the actor may see it."""
    if id is None:
        return None
    title = call.application.catalog.objects[object].title
    try:
        query = Query(filters={"id": id}, fields=(title,), limit=1)
        items = call.application.reader.page(call.actor, object, query).items
    except Refusal:
        items = []
    return {"id": id, "title": str(items[0].values.get(title)) if items else call.actor.name}
