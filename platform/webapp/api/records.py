"""The calls on records: lists, single records, and every way of writing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Response, request, url_for

from engine.definition.objects import Object
from engine.expressions.folding import fold
from engine.problems import Problem, Refusal
from engine.records import messages as records
from engine.records.changes import CREATE, UPDATE, Change
from engine.records.query import Query
from engine.records.reading import Record
from engine.records.revealing import reveal_all
from engine.records.rights import not_found
from engine.records.serial import to_json
from engine.records.transaction import Transaction
from engine.schema.tables import DELETED
from webapp import messages as say
from webapp.answers import JSON, answer
from webapp.api.bodies import body_object, body_objects, usable
from webapp.api.call import Call
from webapp.api.idempotency import IdempotencyKey, Repeated
from webapp.api.queries import read_parameters, read_query, sealed
from webapp.api.versions import etag, expected_version, not_modified

T = TypeVar("T")

MOST_AT_ONCE = 1_000
"""Records that one request may create."""


def list_records(call: Call, object: str) -> Response:
    """GET o/<object>: one page."""
    call.object(object)
    query = read_query(request, call.lens(object), call.shell.keys)
    page = call.application.reader.page(call.actor, object, query)
    catalog = call.application.catalog
    result: dict[str, Any] = {
        "items": [to_json(catalog, record) for record in page.items],
        "next": sealed(page.next, object, call.shell.keys),
    }
    if page.count is not None:
        result["count"] = {"value": page.count.value, "exact": page.count.exact}
    return answer(result)


def get_record(call: Call, object: str, record: str) -> Response:
    """GET o/<object>/<record>: one record with its lines; `reveal=` names secrets to be shown."""
    wanted = read_parameters(request, "reveal").get("reveal", "")
    found = one(call, object, record)
    if wanted:
        shown = to_json(call.application.catalog, found)
        return answer(shown | reveal_all(call.application.gate, call.actor, found, wanted))
    if found.version and not_modified(request, found.version):
        return answer_of(call, found, 304)
    return answer_of(call, found)


def create_records(call: Call, object: str) -> Response:
    """POST o/<object>: one record with its lines, or a list of records, all or nothing."""
    read_parameters(request)
    definition = call.object(object)
    given = body_objects(request)
    many = given if isinstance(given, list) else [given]
    if len(many) > MOST_AT_ONCE:
        raise Refusal(say.TOO_MANY(found=len(many), limit=MOST_AT_ONCE))
    changes = [Change(given=values) for values in many]
    if isinstance(given, list):
        for index, change in enumerate(changes):
            change.path = f"[{index}]."
    key = IdempotencyKey.of(request, call.caller.account.id)

    def respond(ids: list[int]) -> Response:
        if isinstance(given, list):
            return answer({"items": _several(call, definition, ids)}, 201)
        return written(call, object, ids[0], 201)

    return carried_out(call, definition, CREATE, changes, key, respond)


def update_record(call: Call, object: str, record: str) -> Response:
    """PATCH o/<object>/<record>: changes the given fields."""
    read_parameters(request)
    id = id_of(call, object, record)
    version = expected_version(request)
    values = body_object(request)
    with_names(call, object, id, version, lambda: _update(call, object, id, values, version))
    return written(call, object, id, 200)


def delete_record(call: Call, object: str, record: str) -> Response:
    """DELETE o/<object>/<record>: moves it to the recycle bin."""
    read_parameters(request)
    id = id_of(call, object, record)
    version = expected_version(request)
    gate = call.application.gate
    with_names(call, object, id, version, lambda: gate.delete(call.actor, object, [id], version))
    call.changed(object)
    return Response(status=204)


def transition_record(call: Call, object: str, record: str, transition: str) -> Response:
    """POST o/<object>/<record>/do/<transition>: with the fields that the transition asks for."""
    read_parameters(request)
    definition = call.object(object)
    id = id_of(call, object, record)
    version = expected_version(request)
    values = body_object(request, optional=True)
    change = Change(given=values, id=id, expected_version=version, transition=transition)
    key = IdempotencyKey.of(request, call.caller.account.id)

    def respond(ids: list[int]) -> Response:
        return written(call, object, id, 200)

    return with_names(
        call, object, id, version,
        lambda: carried_out(call, definition, UPDATE, [change], key, respond),
    )  # fmt: skip


def put_by_field(call: Call, object: str, field: str, value: str) -> Response:
    """PUT o/<object>/by/<field>/<value>: creates or updates the record with that value."""
    read_parameters(request)
    definition = call.object(object)
    _check_identifying(call, definition, field, value)
    version = expected_version(request)
    values = body_object(request)
    type_ = definition.fields[field].type
    if field in values and type_.read(values[field]) != type_.read(value):
        raise Refusal(say.OTHER_VALUE(field=definition.fields[field].label).on(field))
    given = {name: found for name, found in values.items() if name != field}
    for attempt in (1, 2):
        id = _identified(call, object, field, value)
        if id is not None:
            _update_by(call, object, id, given, version)
            return written(call, object, id, 200)
        if version is not None:
            raise Refusal(not_found(call.lens(object), value))
        try:
            change = call.application.gate.create(call.actor, object, [{**given, field: value}])[0]
        except Refusal as refusal:
            # somebody was quicker: then it is there now, unless the actor may not see it
            if attempt == 2 or any(p.code not in _TAKEN for p in refusal.problems):
                raise
            continue
        call.changed(object)
        assert change.id is not None
        return written(call, object, change.id, 201)
    raise AssertionError("unreachable")


_TAKEN = ("not-available", "not-unique")


def one(call: Call, object: str, record: str) -> Record:
    """A record that the actor may see, by id or number. Raises Refusal (not-found)."""
    call.object(object)
    if not usable(record):
        raise Refusal(not_found(call.lens(object), repr(record)))
    return call.application.reader.one(call.actor, object, record, masks=True)


def id_of(call: Call, object: str, record: str) -> int:
    """The id behind an id or number; whether the actor may see it, the gate finds out."""
    call.object(object)
    if record.isascii() and record.isdigit():
        if len(record) <= 18:
            return int(record)
        raise Refusal(not_found(call.lens(object), record))
    return one(call, object, record).id


def answer_of(call: Call, record: Record, status: int = 200) -> Response:
    """A record as an answer, with its version as ETag."""
    if status == 304:
        response = Response(status=304)
    else:
        response = answer(to_json(call.application.catalog, record), status)
    if record.version:
        response.headers["ETag"] = etag(record.version)
    return response


def with_names(call: Call, object: str, id: int, version: int | None, work: Callable[[], T]) -> T:
    """Runs the change; where its version is stale, the refusal gets a problem per changed field."""
    try:
        return work()
    except Refusal as refusal:
        stale = next((p for p in refusal.problems if p.code == records.STALE.code), None)
        if stale is None or version is None:
            raise
        gate = call.application.gate
        with gate.databases.reading() as connection:
            names = gate.audit.changed_since(connection, object, id, version)
        lens = call.lens(object)
        fields: list[Problem] = [stale.on(name) for name in names if lens.may_read(name)]
        raise Refusal(*(fields or [stale])) from None


def _update(
    call: Call, object: str, id: int, values: Mapping[str, Any], version: int | None
) -> None:
    call.application.gate.update(call.actor, object, id, values, version)
    call.changed(object)


def _update_by(
    call: Call, object: str, id: int, values: Mapping[str, Any], version: int | None
) -> None:
    with_names(call, object, id, version, lambda: _update(call, object, id, values, version))


def carried_out(
    call: Call,
    definition: Object,
    action: str,
    changes: list[Change],
    key: IdempotencyKey | None,
    respond: Callable[[list[int]], Response],
) -> Response:
    """Takes the changes through the gate, once for each idempotency key."""
    gate = call.application.gate

    def work(tx: Transaction) -> list[int]:
        fresh = [_again(change) for change in changes]
        if key is not None:
            key.enter(tx)
        batch = gate.pass_steps(tx, definition.name, action, fresh)
        ids = [change.id for change in batch.changes if change.id is not None]
        if key is not None:
            key.note(tx, ids)
        return ids

    try:
        ids = gate.write(call.actor, work)
    except Repeated as repeated:
        response = respond(repeated.records)
        if repeated.answer is not None:
            response = Response(
                repeated.answer, response.status_code, response.headers, content_type=JSON
            )
        response.headers["Idempotency-Replayed"] = "true"
        return response
    call.changed(definition.name)
    response = respond(ids)
    if key is not None:
        key.keep(gate.databases, response.get_data())
    return response


def _again(change: Change) -> Change:
    """The change as it was asked for: a transaction that is repeated begins with fresh ones."""
    return Change(
        given=dict(change.given),
        id=change.id,
        expected_version=change.expected_version,
        path=change.path,
        transition=change.transition,
    )


def written(call: Call, object: str, id: int, status: int) -> Response:
    """The record as it was written; where the actor may not see it (any more), its id only."""
    try:
        found = call.application.reader.one(call.actor, object, id, masks=True)
    except Refusal:
        return answer({"id": id}, status)
    response = answer_of(call, found, status)
    if status == 201:
        response.headers["Location"] = url_for("api.one_record", object=object, record=id)
    return response


def _several(call: Call, definition: Object, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Records by id in the given order, without lines; only the id of what cannot be seen."""
    if not ids or not call.lens(definition.name).may("read"):
        return [{"id": id} for id in ids]
    query = Query(filters={"id": list(ids)}, limit=len(ids), masks=True)
    page = call.application.reader.page(call.actor, definition.name, query)
    found = {r.id: to_json(call.application.catalog, r) for r in page.items}
    return [found.get(id, {"id": id}) for id in ids]


def _check_identifying(call: Call, definition: Object, field: str, value: str) -> None:
    lens = call.lens(definition.name)
    unique = [
        f.name
        for f in definition.fields.values()
        if f.unique and f.writable and lens.may_read(f.name)
    ]
    if field not in unique:
        found = definition.fields.get(field) if lens.may_read(field) else None
        raise Refusal(
            say.NOT_A_KEY_FIELD(
                field=found.label if found else repr(field),
                object=definition.label,
                possible=", ".join(unique),
            )
        )
    if not usable(value) or not value.strip():
        raise Refusal(say.BAD_CHARACTERS(name=repr(value[:40])))


def _identified(call: Call, object: str, field: str, value: str) -> int | None:
    """The id of the record with the value, if there is one that the actor may see.

    Texts are compared as the unique key compares them: without regard to case and width.
    """
    application = call.application
    found = application.catalog.objects[object].fields[field]
    table = application.tables.table(object)
    wanted = found.type.read(value)
    column = table.c[found.column]
    if found.folded:
        column, wanted = table.c[found.folded], fold(wanted)
    statement = sa.select(table.c.id).where(column == wanted, table.c[DELETED].is_(None))
    with application.databases.reading() as connection:
        id = connection.execute(statement).scalar()
    if id is None or not call.lens(object).may("read"):
        return None
    query = Query(filters={"id": id}, fields=("id",), limit=1)
    return id if application.reader.page(call.actor, object, query).items else None
