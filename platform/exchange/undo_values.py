"""What has to be given to the gate so that a record goes back to what it was.

A value goes back where it still is what the batch wrote. One that is already what it was before
needs nothing. Any other has been changed since, and stays: that is a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from operator import itemgetter
from typing import Any

from engine.definition.objects import Field, Object
from engine.fieldtypes.currency import ExchangeRate
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import NumberType
from engine.fieldtypes.secret import Secret
from engine.problems import Problem
from engine.records.auditing import plain
from engine.records.inputs import HISTORICAL_FIELDS
from engine.records.joins import named_ids
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.schema.tables import POSITION
from engine.vault import Hidden
from exchange import messages as say
from exchange.undo_net import Net, NetLine, Values

FOLLOWS = frozenset(("department", "changed_on", "changed_by"))
"""Fields that follow from others unless history is written."""


@dataclass(slots=True)
class Back:
    """The way back of one record: input for the gate, and what cannot go back.

    `rates` are the exchange rates that stood, by their fields.
    """

    net: Net
    given: dict[str, Any] = field(default_factory=dict)
    rates: dict[str, Decimal] = field(default_factory=dict)
    conflicts: list[Problem] = field(default_factory=list)


def way_back(tx: Transaction, definition: Object, net: Net, row: Row) -> Back:
    """What to give for the record, whose present row is `row`."""
    back = Back(net)
    for name, (before, after) in net.fields.items():
        if _is_rate(definition, name):
            if before is not None:
                back.rates[name] = Decimal(before)
        elif before != after or _is_secret(definition, name):
            _value_back(tx, definition, name, before, after, row, back.given, back.conflicts)
    for name, lines in net.lines.items():
        found = definition.fields.get(name)
        if found is None:
            back.conflicts.append(say.FIELD_GONE(name=name).on(name))
            continue
        entries = _lines_back(tx, definition, found, lines, net.record, back.conflicts)
        if entries is not None:
            back.given[name] = entries
    return back


def _value_back(
    tx: Transaction,
    definition: Object,
    name: str,
    before: Any,
    after: Any,
    row: Row,
    given: dict[str, Any],
    conflicts: list[Problem],
) -> None:
    found = definition.fields.get(name)
    if found is None:
        conflicts.append(say.FIELD_GONE(name=name).on(name))
        return
    if found.derived or (found.system and not _input(tx, found)):
        return  # it follows from what goes back
    if isinstance(found.type, Secret) and before is not None:
        conflicts.append(say.SECRET_GONE(field=found.label).on(name))
        return
    current = plain(_current(tx, found, row))
    if _same(found, current, before):
        return
    if _same(found, current, after):
        given[name] = before
    else:
        conflicts.append(say.CHANGED_SINCE(field=found.label).on(name))


def _is_rate(definition: Object, name: str) -> bool:
    found = definition.fields.get(name)
    return found is not None and isinstance(found.type, ExchangeRate)


def _is_secret(definition: Object, name: str) -> bool:
    """Whether the audit tells of the field that it changed, and not what it was."""
    found = definition.fields.get(name)
    return found is not None and isinstance(found.type, Secret)


def _current(tx: Transaction, found: Field, row: Row) -> Any:
    """What the record holds now: lists of links stand beside its row."""
    if isinstance(found.type, Links) and found.name not in row:
        return named_ids(tx, found, row["id"])
    return row.get(found.name)


def _input(tx: Transaction, found: Field) -> bool:
    """Whether a field of the system takes input now."""
    if tx.historical:
        return found.name in HISTORICAL_FIELDS
    return found.name not in FOLLOWS and found.name in ("owner", *HISTORICAL_FIELDS)


def _same(found: Field, one: Any, other: Any) -> bool:
    if one == other:
        return True
    if isinstance(found.type, NumberType) and None not in (one, other):
        try:
            return Decimal(str(one)) == Decimal(str(other))
        except InvalidOperation:
            return False
    return False


def _lines_back(
    tx: Transaction,
    definition: Object,
    found: Field,
    lines: Mapping[int, NetLine],
    record: int,
    conflicts: list[Problem],
) -> list[dict[str, Any]] | None:
    """The whole list of lines as it shall be; None when nothing of it goes back."""
    child = tx.gate.line_object(definition, found.name)
    live = [view.row for view in tx.collection(child.name, child.parent, record)]
    kept: list[tuple[int, dict[str, Any]]] = []
    coming: list[tuple[int, int, dict[str, Any]]] = []
    changed = False
    for row in live:
        assert row is not None
        entry: dict[str, Any] = {"id": row["id"]}
        line = lines.get(row["id"])
        if line is not None:
            one = _line_back(tx, child, found, line, row, conflicts)
            changed |= one is None or bool(one)
            if one is None:
                continue
            entry |= one
        kept.append((row.get(POSITION) or 0, entry))
    known = {row["id"] for row in live if row is not None}
    for id, line in lines.items():
        if line.before and id not in known:
            if line.after:  # others have removed it since
                conflicts.append(say.LINE_CHANGED_SINCE(field=found.label).on(found.name))
                continue
            changed = True
            gone = tx.fetch(child.name, [id]).get(id, {})
            entry = _whole_line(child, found, line.fields, gone, conflicts)
            coming.append((gone.get(POSITION) or 0, id, entry))
    if not changed:
        return None
    entries = [entry for _, entry in sorted(kept, key=itemgetter(0))]
    for position, _, entry in sorted(coming, key=itemgetter(0, 1)):
        entries.insert(position, entry)  # where it stood among all of them
    return entries


def _line_back(
    tx: Transaction,
    child: Object,
    field: Field,
    line: NetLine,
    row: Row,
    conflicts: list[Problem],
) -> dict[str, Any] | None:
    """What to give for a line that is there; None when it goes."""
    given: dict[str, Any] = {}
    own: list[Problem] = []
    for name, (before, after) in line.fields.items():
        if (before != after or _is_secret(child, name)) and name != child.parent:
            _value_back(tx, child, name, before, after, row, given, own)
    if own:
        conflicts.append(say.LINE_CHANGED_SINCE(field=field.label).on(field.name))
        return {}
    return given if line.before else None


def _whole_line(
    child: Object, field: Field, fields: Values, gone: Row, conflicts: list[Problem]
) -> dict[str, Any]:
    """A line that was removed, as input for a new one; its secrets stand in the row that went."""
    entry = {
        name: before
        for name, (before, _) in fields.items()
        if name in child.fields and child.fields[name].writable and name != child.parent
    }
    for name in [name for name, before in entry.items() if _is_secret(child, name) and before]:
        entry[name] = secret = gone.get(name)
        if not isinstance(secret, Hidden) or not secret.readable:
            del entry[name]
            conflicts.append(say.SECRET_GONE(field=child.fields[name].label).on(field.name))
    return entry
