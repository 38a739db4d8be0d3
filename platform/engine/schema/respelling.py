"""Telephone numbers that were kept before they had one form are brought to it.

Numbers of earlier versions, and texts whose field has become one of telephone numbers, stand as
somebody typed them (021-55583153). Nobody would find them by number, and a unique field would
take them twice. The plan tells of every field that holds some; publishing writes them anew.

What is no telephone number stays as it is, and so does what a unique field would then have twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from engine.definition.objects import Field, Object
from engine.fieldtypes.phone import Phone
from engine.problems import Refusal
from engine.schema import wording
from engine.schema.steps import Step
from engine.schema.structure import Structure
from engine.schema.targets import Fill, Target


def respelled(
    connection: sa.Connection, target: Target, structure: Structure
) -> tuple[list[Step], list[Fill]]:
    """One step for every field with numbers to be written anew, and what that has computed."""
    steps: list[Step] = []
    fills: list[Fill] = []
    for definition in target.tables.catalog.objects.values():
        known = structure.tables.get(definition.table)
        for field in phone_fields(definition):
            if known is None or field.column not in known.columns:
                continue
            table = sa.table(definition.table, sa.column("id"), sa.column(field.column))
            if next(new_forms(connection, table, definition, field), None) is not None:
                text = wording.respelled(definition, field)
                steps.append(Step(kind="phone-numbers", text=text))
                fills.append(Fill(definition.name, field.name, field.column))
                fills.append(Fill(definition.name, field.name, ""))
    return steps, fills


def phone_fields(definition: Object) -> Sequence[Field]:
    """The fields of telephone numbers that people fill in."""
    return [f for f in definition.stored_fields if isinstance(f.type, Phone) and not f.derived]


def new_forms(
    connection: sa.Connection, table: sa.FromClause, definition: Object, field: Field
) -> Iterator[Mapping[int, str]]:
    """The numbers that are not in their form, in it, by the record's id: a thousand at a time."""
    column, last = table.c[field.column], 0
    statement = sa.select(table.c.id, column).where(sa.not_(column.like("+%")))
    statement = statement.order_by(table.c.id).limit(1_000)
    while rows := connection.execute(statement.where(table.c.id > last)).all():
        last = rows[-1][0]
        found = {id: form for id, text in rows if (form := _form(field, text))}
        if field.unique or any(field.name in names for names in definition.unique):
            found = _once(connection, column, found)
        if found:
            yield found


def _form(field: Field, text: str) -> str:
    try:
        return str(field.type.read(text) or "")
    except Refusal:
        return ""


def _once(
    connection: sa.Connection, column: sa.ColumnElement[str], found: Mapping[int, str]
) -> dict[int, str]:
    """Those that no other record has, the first of several alike."""
    taken = set(connection.scalars(sa.select(column).where(column.in_(set(found.values())))))
    result: dict[int, str] = {}
    for id, form in found.items():
        if form not in taken:
            result[id] = form
            taken.add(form)
    return result
