"""Forms with lines: what was typed as a whole, and what would come of it.

A draft passes the gate's steps in a transaction that is rolled back, so that totals, defaults,
suggestions and rules on the screen are the gate's own. No number is spent on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import MultiDict

from engine.definition.objects import Field, Object
from engine.fieldtypes.link import Lines
from engine.problems import Problem, Refusal
from engine.records.changes import CREATE, UPDATE, Batch, Change
from engine.records.query import Query
from engine.records.reading import Record
from engine.records.states import OPEN, States, states_in
from engine.records.transaction import Transaction
from webapp.screens.controls import enterable, given
from webapp.screens.here import Here
from webapp.screens.refusing import not_offered

SKIPPED = frozenset(
    (
        "number", "file copies", "series", "version", "match keys", "audit", "automations",
        "stage history",
    )
)  # fmt: skip
"""Steps that leave traces or that only matter when something is really written."""
MOST_LINES = 500


_LINE = re.compile(r"(\w+)\[(\d+)\]\.?(\w*)")


class RolledBack(Exception):
    """Ends the transaction of a draft."""


@dataclass(frozen=True)
class Draft:
    """What would come of a form: the record as it would be read, and what is wrong with it."""

    record: Record | None
    problems: tuple[Problem, ...]
    states: States = OPEN


@dataclass(frozen=True)
class Typed:
    """What a form says. `prefixes` lead from the lines that were sent to the form's own rows."""

    values: dict[str, Any]
    prefixes: Mapping[str, list[str]]

    def control(self, path: str) -> str:
        """The name of the control that a problem's path means ("lines[2].price")."""
        match = _LINE.fullmatch(path)
        if match is None:
            return path
        name, place, rest = match[1], int(match[2]), match[3]
        prefixes = self.prefixes.get(name, [])
        return f"{prefixes[place]}{rest}" if place < len(prefixes) else name


def typed_values(
    at: Here, definition: Object, typed: MultiDict[str, str], before: Record | None
) -> Typed:
    """What a form says: changed fields, and lines as a whole where one of them changed."""
    values = before.values if before is not None else {}
    fields = enterable(at, definition, before is None)
    plain = [field for field in fields if not isinstance(field.type, Lines)]
    found = given(at, plain, typed, values) | not_offered(definition, fields, typed)
    prefixes: dict[str, list[str]] = {}
    for field in fields:
        if isinstance(field.type, Lines) and f"{field.name}:lines:there" in typed:
            sent, changed = _lines(at, field, typed, values.get(field.name) or [])
            prefixes[field.name] = [prefix for prefix, _ in sent]
            if changed:
                found[field.name] = [line for _, line in sent]
    return Typed(found, prefixes)


def line_names(name: str, typed: MultiDict[str, str]) -> list[str]:
    """The prefixes of the lines that a form holds, in their order."""
    return [f"{name}.{index}." for index in typed.getlist(f"{name}:lines")][:MOST_LINES]


def _lines(
    at: Here, field: Field, typed: MultiDict[str, str], before: list[Record]
) -> tuple[list[tuple[str, dict[str, Any]]], bool]:
    """The lines as typed, empty new ones left out, and whether they differ from before."""
    assert isinstance(field.type, Lines)
    child = at.catalog.objects[field.type.of]
    fields = enterable(at, child, True)
    known = {str(line.id): line for line in before}
    sent: list[tuple[str, dict[str, Any]]] = []
    kept, changed = [], False
    for prefix in line_names(field.name, typed):
        old = known.get(typed.get(f"{prefix}id", ""))
        values = given(at, fields, typed, old.values if old else {}, prefix)
        values |= not_offered(child, fields, typed, prefix)
        if old is not None:
            kept.append(str(old.id))
            sent.append((prefix, {"id": old.id, **values}))
        elif values:
            sent.append((prefix, values))
        changed = changed or bool(values)
    return sent, changed or kept != list(known)


def draft(at: Here, definition: Object, values: Mapping[str, Any], id: int | None) -> Draft:
    """What would come of creating a record, or of changing the record `id`."""
    found: list[Draft] = []
    try:
        with at.gate.transaction(at.actor) as tx:
            found.append(_drafted(at, tx, definition, values, id))
            raise RolledBack
    except RolledBack:
        return found[0]
    except IntegrityError:
        return Draft(None, ())


def _drafted(
    at: Here, tx: Transaction, definition: Object, values: Mapping[str, Any], id: int | None
) -> Draft:
    action = CREATE if id is None else UPDATE
    change = Change(given=dict(values), id=id, action=action)
    batch = Batch(tx, definition, action, [change], tx.lens(definition.name))
    problems: list[Problem] = []
    for step in at.gate.steps:
        if action not in step.actions or step.name in SKIPPED:
            continue
        try:
            step.run(batch)
        except Refusal as refusal:
            problems += [p for p in refusal.problems if p not in problems]
            if step.name in ("permission", "before"):
                return Draft(None, tuple(problems))
    problems += [p for p in change.all_problems() if p not in problems]
    states = states_in(tx, definition, change) if change.row else OPEN
    return Draft(_as_read(at, tx, definition, change), tuple(problems), states)


def _as_read(at: Here, tx: Transaction, definition: Object, change: Change) -> Record | None:
    """The record as the actor would read it, through the reader on the draft's connection."""
    if change.id is None:
        return None
    reader, lens = at.reader, at.lens(definition.name)
    try:
        query = Query(filters={"id": change.id}, limit=1)
        items = reader._page(tx.connection, at.actor, definition, query).items
    except Refusal:
        return None
    if not items:
        return None
    for lines in definition.lines:
        if lens.may_read(lines.name):
            found = reader._lines(tx.connection, at.actor, lines, items[0].id, query.masks)
            items[0].values[lines.name] = found
    return items[0]
