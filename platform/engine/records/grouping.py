"""Groups of a list: how many records each has and what they come to, in one statement.

1. The rows are those of the list, with the same conditions and masks, up to a cap: nobody waits
   for a million rows to be counted. Beyond it the answer says that it is not exact.
2. They are grouped around that; titles of linked records are joined to the few groups only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.expressions import JoinSet
from engine.fieldtypes.amounts import Amount
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.date import Date
from engine.fieldtypes.link import Collection, Link
from engine.permissions.actors import Actor
from engine.problems import Refusal
from engine.records.plans import Plan
from engine.records.prepared import Prepared
from engine.records.query import Query
from engine.records.reading import Reader
from engine.records.rights import forbidden

MOST = 10_000
"""Rows that are grouped and added up; of more, the figures are a part only."""


@dataclass(frozen=True, slots=True)
class Group:
    """The records with one value: its title where it is a link, how many, and their sums."""

    key: Any
    title: str
    count: int
    sums: tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """All groups of a list; `exact` unless there were more rows than are counted."""

    groups: tuple[Group, ...]
    exact: bool


def grouped(
    reader: Reader,
    actor: Actor,
    object: str,
    query: Query,
    by: str = "",
    sums: Sequence[str] = (),
    most: int = MOST,
) -> Groups:
    """The groups of the query's records by the stored field `by`, dates by their month.

    Without `by` there is one group of all. A link to a record that the actor may not see counts
    as empty (rule 31). Raises Refusal like the list itself.
    """
    gate, definition = reader.gate, reader.object(object)
    lens = gate.lenses.lens(object, None if actor.is_system else actor.roles)
    if not lens.may(query.action) or not lens.may("read"):
        raise Refusal(forbidden(lens, query.action, actor.roles))
    gate.before_transaction()
    with gate.databases.reading() as connection:
        context = reader.context(connection, actor)
        plan = reader._plan(connection, definition, query, actor)
        added = tuple(map(definition.in_company_currency, sums))
        statement = _prepared(plan, by, added)
        parameters = dict(plan.parameters)
        for read in plan.readers:
            parameters |= read(query)
        parameters |= plan.builder.binds.values(actor, context)
        rows = statement.rows(connection, parameters | {"cap_": most + 1})
    decode = gate.shapes[object].decode.get(by, lambda value: value)
    own = [name != other for name, other in zip(sums, added, strict=True)]
    company = gate.catalog.site.currency
    groups = tuple(
        Group(decode(row[0]), str(row[2] or ""), int(row[1]), _sums(row[3:], own, company))
        for row in rows
    )
    total = sum(group.count for group in groups)
    return Groups(groups, total <= most)


def _sums(
    values: Sequence[Decimal | None], own: Sequence[bool], company: str
) -> tuple[Decimal | None, ...]:
    """The sums; those of amounts in currencies of their own know that they are the company's."""
    return tuple(
        Amount.of(value, company) if foreign and value is not None else value
        for value, foreign in zip(values, own, strict=True)
    )


def _prepared(plan: Plan, by: str, sums: tuple[str, ...]) -> Prepared:
    key = ("grouped", by, sums)
    if key not in plan._compiled:
        statement = _statement(plan, by, sums)
        plan._compiled[key] = plan.builder.gate.statements.prepared(statement)
    return plan._compiled[key]


def _statement(plan: Plan, by: str, sums: tuple[str, ...]) -> sa.Select[Any]:
    builder = plan.builder
    found = builder.readable(by, "group") if by else None
    column = found.column if found is not None else "key_"
    value = _key(plan, found) if found is not None else sa.literal(0)
    added = [builder.value(builder.readable(name, "sums")) for name in sums]
    rows = (
        sa.select(value.label(column), *(a.label(f"a_{n}") for n, a in enumerate(added)))
        .select_from(builder.joins.applied(builder.source))
        .where(*builder.conditions)
        .limit(sa.bindparam("cap_", type_=sa.BigInteger()))
        .subquery("rows_")
    )
    groups = (
        sa.select(
            rows.c[column],
            sa.func.count().label("n_"),
            *(sa.func.sum(rows.c[f"a_{n}"]).label(f"s_{n}") for n in range(len(sums))),
        )
        .group_by(rows.c[column])
        .subquery("groups_")
    )
    title: sa.ColumnElement[Any] = sa.null()
    outer = JoinSet()
    if found is not None and isinstance(found.type, Link):
        _, title = builder.title_of(found, groups, outer)
    columns = [groups.c[f"s_{n}"] for n in range(len(sums))]
    return sa.select(groups.c[column], groups.c.n_, title.label("t_"), *columns).select_from(
        outer.applied(groups)
    )


def _key(plan: Plan, found: Field) -> sa.ColumnElement[Any]:
    """What the rows are grouped by: the value, of a date its month, of a link what is seen."""
    builder = plan.builder
    column = builder.value(found)
    if isinstance(found.type, Date):
        return month_of(column, builder.gate.dialect)
    if isinstance(found.type, Link):
        seen = builder._target_seen(found, column)
        return column if seen is None else sa.case((seen, column), else_=None)
    return column


def month_of(column: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """The month of a date as "2026-03"."""
    if dialect == "sqlite":
        return sa.func.strftime("%Y-%m", column, type_=sa.String())
    return sa.func.to_char(column, "YYYY-MM", type_=sa.String())


def groupable(found: Field) -> bool:
    """Whether a list can be grouped by the field."""
    return found.stored and not isinstance(found.type, Collection)


def order_of(found: Field, groups: Sequence[Group]) -> list[Group]:
    """The groups as people expect them: options as declared, months falling, links by title."""
    if isinstance(found.type, Choice):
        places = {option.name: place for place, option in enumerate(found.type.options)}
        return sorted(groups, key=lambda g: places.get(g.key, len(places)))
    if isinstance(found.type, Date):
        dated = sorted((g for g in groups if g.key), key=lambda g: str(g.key), reverse=True)
        return dated + [g for g in groups if not g.key]
    return sorted(groups, key=lambda g: (g.key is None, -g.count, g.title))
