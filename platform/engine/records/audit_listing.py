"""Looking into the audit: what was done and seen, by whom, when; the latest first, by keyset."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.records.gate import Gate
from engine.schema.audit_tables import AUDIT, LOGS

Entry = sa.RowMapping


@dataclass(frozen=True, kw_only=True)
class AuditQuery:
    """Which rows of a log: those that fulfil everything that is given.

    `people` are ids of persons; `since` is included, `until` is not. `before` is the id from
    which older rows follow.
    """

    log: str = AUDIT
    object: str = ""
    record: int | None = None
    people: Sequence[int] | None = None
    action: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    before: int | None = None
    limit: int = 50


def audit_page(gate: Gate, query: AuditQuery) -> tuple[list[Entry], int | None]:
    """A page of rows, the latest first, and the id from which older ones follow."""
    t = gate.tables.system(query.log if query.log in LOGS else AUDIT)
    statement = sa.select(t).order_by(t.c.id.desc()).limit(query.limit + 1)
    known = gate.catalog.objects.get(query.object)
    given: tuple[tuple[Any, sa.ColumnElement[bool]], ...] = (
        (query.object, t.c.object.in_(known.names if known else (query.object,))),
        (query.action, t.c.action == query.action),
    )
    statement = statement.where(*(condition for value, condition in given if value))
    if query.record is not None:
        statement = statement.where(t.c.record == query.record)
    if query.people is not None:
        statement = statement.where(t.c.actor.in_(query.people))
    if query.since is not None:
        statement = statement.where(t.c.at >= query.since)
    if query.until is not None:
        statement = statement.where(t.c.at < query.until)
    if query.before is not None:
        statement = statement.where(t.c.id < query.before)
    with gate.databases.reading() as connection:
        rows = list(connection.execute(statement).mappings().all())
    following = rows[query.limit - 1]["id"] if len(rows) > query.limit else None
    return rows[: query.limit], following


def people_named(gate: Gate, words: str) -> list[int]:
    """The ids of people: of the one with that id, else of those with that title or account."""
    site = gate.catalog.site
    people = gate.catalog.objects.get(site.person)
    if words.isascii() and words.isdigit() and len(words) < 19:
        return [int(words)]
    if people is None:
        return []
    table = gate.tables.table(people.name)
    names = [n for n in (people.title, site.person_account) if n in people.fields]
    columns = [table.c[people.fields[n].column] for n in names if people.fields[n].stored]
    statement = sa.select(table.c.id).where(sa.or_(*(c == words for c in columns)))
    with gate.databases.reading() as connection:
        return list(connection.execute(statement).scalars()) if columns else []


def people_titles(gate: Gate, ids: Sequence[int]) -> dict[int, str]:
    """The names of people by id, deleted ones too."""
    people = gate.catalog.objects.get(gate.catalog.site.person)
    title = people.fields.get(people.title) if people else None
    if people is None or title is None or not title.stored or not ids:
        return {}
    table = gate.tables.table(people.name)
    statement = sa.select(table.c.id, table.c[title.column]).where(table.c.id.in_(ids))
    with gate.databases.reading() as connection:
        return {row[0]: str(row[1] or f"#{row[0]}") for row in connection.execute(statement)}
