"""The step that writes down what was changed.

An audit row holds who, when, by which door and why, the record's values before and after, and
a digest over all of it. Rows are inserted unchained; a job seals them in batches (rule 11).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import operator
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from engine.fieldtypes.duration import iso
from engine.records.changes import DELETE, RESTORE, Batch, Change
from engine.schema.tables import DELETED, POSITION, Tables
from engine.vault import DOTS, Hidden

QUIET = frozenset(("version", "changed_on", "changed_by", POSITION, DELETED, "deleted_by"))
"""Changes that say nothing by themselves."""


FOR = "for"
"""Names in the data for whom somebody acted as a deputy, by their ids; also in a change's notes."""
_PLAIN = frozenset((str, int, bool))
_encode_spaced = json.JSONEncoder(ensure_ascii=False).encode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def plain(value: Any) -> Any:
    """A value as JSON holds it in the audit."""
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return iso(value)
    if isinstance(value, tuple):
        return list(value)
    return DOTS if isinstance(value, Hidden) else value


def difference(change: Change) -> dict[str, list[Any]]:
    """What changed, by field name: the value before and after."""
    if change.before is None:
        return {
            name: [None, plain(value)]
            for name, value in sorted(change.row.items(), key=_by_name)
            if value is not None and name not in _UNSAID
        }
    before, after = change.before, change.row
    if change.action == DELETE:  # a removed line: the row stays, but what it was shall be read here
        after = {}
    names = {n for n in {*before, *after} if before.get(n) != after.get(n)} - _UNSAID
    return {name: [plain(before.get(name)), plain(after.get(name))] for name in sorted(names)}


_UNSAID = QUIET | {"id"}
_by_name = operator.itemgetter(0)


def audit(batch: Batch) -> None:
    """Writes one audit row per record, its lines included."""
    tx = batch.tx
    rows = []
    for change in batch.changes:
        if "unchanged" in change.notes:
            continue
        data = _encode(_data(batch, change))
        row = {
            "at": tx.now,
            "actor": tx.actor.person,
            "via": tx.actor.via,
            "cause": tx.cause or None,
            "batch": tx.batch,
            "object": batch.name,
            "record": change.id,
            "action": batch.action,
            "version": change.row.get("version"),
            "data": data,
        }
        rows.append(row | digests(row))
    tx.insert(tx.tables.system("fw_audit"), rows)


def digests(row: dict[str, Any]) -> dict[str, str]:
    """The digests that a row is written with: of its data, and of everything else with that.

    The data have one of their own, so that they can be erased and the row still verifies
    (rules 11 and 40). The id is covered by the row's seal (`chaining`).
    """
    inner = hashlib.sha256((row["data"] or "").encode()).hexdigest()
    return {"data_digest": inner, "digest": digest(row, inner)}


def digest(row: Mapping[str, Any], inner: str) -> str:
    """The SHA-256 over an audit row whose data have the digest `inner`."""
    return _hashed([*(plain(row[name]) for name in _DIGESTED), inner])


def earlier_digest(row: Mapping[str, Any], inner: str) -> str:
    """The same, as it was before rows were sealed; cause and batch are covered by the seal."""
    return _hashed([*(plain(row[name]) for name in _DIGESTED_EARLIER), inner])


_DIGESTED_EARLIER = ("at", "actor", "via", "object", "record", "action", "version")
_DIGESTED = (*_DIGESTED_EARLIER, "cause", "batch")


def _hashed(parts: list[Any]) -> str:
    return hashlib.sha256(_encode_spaced(parts).encode()).hexdigest()


def _data(batch: Batch, change: Change) -> dict[str, Any]:
    data: dict[str, Any] = {FOR: change.notes[FOR]} if FOR in change.notes else {}
    if batch.action in (DELETE, RESTORE):
        return data
    data["fields"] = difference(change)
    for field in batch.definition.lines:
        lines = [
            {"id": line.id, "action": line.action, "fields": difference(line)}
            for line in change.lines.get(field.name, ())
            if line.action == DELETE or line.changed() - QUIET
        ]
        if lines:
            data.setdefault("lines", {})[field.name] = lines
    if "transition" in change.notes:
        data["transition"] = change.notes["transition"]
    return data


class Audit:
    """What the audit says about a record."""

    def __init__(self, tables: Tables) -> None:
        self.table = tables.system("fw_audit")
        self.objects = tables.catalog.objects

    def changed_since(
        self, connection: sa.Connection, object: str, record: int, version: int
    ) -> list[str]:
        """The fields that changed after `version`, in the order of their names."""
        statement = sa.select(self.table.c.data).where(
            self.table.c.object.in_(self.objects[object].names),
            self.table.c.record == record,
            self.table.c.version > version,
        )
        names: set[str] = set()
        for (data,) in connection.execute(statement):
            content = json.loads(data or "{}")
            names.update(content.get("fields", {}), content.get("lines", {}))
        renamed = self.objects[object].renamed
        return sorted(renamed.get(name, name) for name in names)
