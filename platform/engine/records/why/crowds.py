"""The one predicate, asked for many people in one statement.

A predicate is compiled once per object and set of roles, with everything about the actor bound
(rule 27). Here the same statement is made for a whole set of people who have the same roles:

1. The parameters are worked out for each person; people with the same ones are asked once.
2. Those that differ between people become columns of a relation with one row per person, which is
   itself bound as one JSON text; the others stay what they are.
3. In the statement each of these parameters is replaced by its column.

So nothing is decided a second time, whatever ways to a record there are or will be.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import visitors

from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.records.contexts import Contexts
from engine.records.gate import Gate

_CROWD = "crowd_"
"""What statements call the relation."""
_MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Crowd:
    """People with the same roles, as a relation to be joined.

    `source` has the column `n`, the number of the group; `groups` are the people by that number.
    Statements name it among their tables.
    """

    gate: Gate
    source: sa.FromClause
    groups: tuple[tuple[Actor, ...], ...]
    columns: Mapping[str, sa.ColumnElement[Any]]
    parameters: Mapping[str, Any]

    def placed(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """The statement with the parameters about people replaced by their columns."""

        def replaced(element: Any, **_: Any) -> Any:
            if isinstance(element, sa.BindParameter) and element.key in self.columns:
                return self.columns[element.key]
            return None

        found = visitors.replacement_traverse(statement, {}, replaced)
        return cast("sa.Select[Any]", found)

    def rows(self, connection: sa.Connection, statement: sa.Select[Any]) -> list[Any]:
        """The rows of a statement that was made for these people."""
        return list(connection.execute(self.placed(statement), dict(self.parameters)))


def by_roles(actors: Iterable[Actor]) -> Mapping[frozenset[str], list[Actor]]:
    """People by their set of roles."""
    found: dict[frozenset[str], list[Actor]] = defaultdict(list)
    for actor in actors:
        found[actor.roles].append(actor)
    return found


def crowd_of(
    gate: Gate,
    connection: sa.Connection,
    contexts: Contexts,
    actors: Sequence[Actor],
    binds: Binds,
    statement: sa.Select[Any],
) -> Crowd:
    """The relation of these people for a statement that was built with `binds`."""
    used = {
        element.key: element
        for element in visitors.iterate(statement)
        if isinstance(element, sa.BindParameter)
    }
    groups: dict[str, list[Actor]] = defaultdict(list)
    rows: dict[str, dict[str, Any]] = {}
    for actor in actors:
        values = binds.values(actor, contexts.of(actor))
        row = {name: values[name] for name in used if name in values}
        key = json.dumps(_in_database(gate, used, row), default=_plain, sort_keys=True)
        groups[key].append(actor)
        rows[key] = row
    keys = list(groups)
    known = [_in_database(gate, used, rows[key]) for key in keys]
    first = known[0]
    varying = [name for name in first if any(row[name] != first[name] for row in known)]
    data = [[n, *(row[name] for name in varying)] for n, row in enumerate(known)]
    source = _relation(gate, {name: used[name] for name in varying}, data)
    same = {name: value for name, value in rows[keys[0]].items() if name not in varying}
    return Crowd(
        gate,
        source,
        tuple(tuple(groups[key]) for key in keys),
        # by their text: however deep they stand, they bring no table along
        {n: sa.literal_column(f"{_CROWD}.p{at}", used[n].type) for at, n in enumerate(varying)},
        same,
    )


def _in_database(gate: Gate, used: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as the driver would be given them."""
    dialect, found = gate.databases.reads.dialect, {}
    for name, value in row.items():
        processor = used[name].type.dialect_impl(dialect).bind_processor(dialect)
        found[name] = processor(value) if processor else value
    return found


def _relation(gate: Gate, types: Mapping[str, Any], data: Sequence[Sequence[Any]]) -> sa.FromClause:
    """One row per group: its number `n`, and a column `p0`, `p1` … for each parameter."""
    bound = sa.literal(json.dumps(_named(data), default=_plain, ensure_ascii=False), sa.Text())
    columns = [sa.column("n", sa.BigInteger())]
    columns += [sa.column(f"p{at}", bind.type) for at, bind in enumerate(types.values())]
    if gate.dialect == "postgresql":
        made = sa.func.jsonb_to_recordset(sa.cast(bound, JSONB))
        return made.table_valued(*columns).render_derived(name=_CROWD, with_types=True)
    each = sa.func.json_each(bound).table_valued("value")
    read = [
        sa.type_coerce(sa.func.json_extract(each.c.value, f"$.{c.name}"), c.type).label(c.name)
        for c in columns
    ]
    return sa.select(*read).select_from(each).cte(_CROWD)


def _named(data: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    return [{"n": row[0]} | {f"p{at}": value for at, value in enumerate(row[1:])} for row in data]


def _plain(value: Any) -> Any:
    """What JSON has no word for, as both databases read it."""
    if isinstance(value, dt.timedelta):
        return f"{value // _MICROSECOND} microseconds"
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} stands in no parameter")
