"""A database that an earlier version of the platform made gets the tables that this one needs.

Definitions stay as they were applied (rule 5): what is planned is the revision in force against
itself, so only the platform's own tables, columns, indexes and triggers are missing. They are
added, never taken away, and processes of the earlier version go on beside them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from assembly.application import Clock, utc_now
from assembly.filling import filler
from assembly.kinds import KINDS, TABLES
from assembly.noting import noting_apply
from assembly.proposing import planner
from engine.loading.loading import load_trees
from engine.loading.storing import restore
from engine.schema.applying import apply_plan
from engine.schema.engines import Databases
from engine.schema.guards import GUARDED, guards_of
from engine.schema.publishing import Publishing
from engine.schema.state import Applied
from engine.schema.structure import read_structure
from engine.schema.tables import platform_tables


def catch_up(
    databases: Databases,
    applied: Applied,
    extra: Callable[[], Sequence[sa.MetaData]],
    *,
    by: str,
    clock: Clock = utc_now,
) -> bool:
    """Adds what is missing for the revision in force; returns whether anything was.

    `extra` gives the tables of libraries (accounts). Raises Refusal where the definitions are no
    longer understood, or the plan has problems.
    """
    with databases.reading() as connection:
        if not behind(connection):
            return False
    loaded = load_trees(restore(json.loads(applied.definitions)), KINDS)
    replan = planner(loaded, extra(), tidy=False)
    with databases.reading() as connection:
        plan = replan(connection)
    now = clock()
    hooks = (noting_apply(by, now),)
    publishing = Publishing(by=by, now=now, fill=filler(databases, clock), hooks=hooks)
    return apply_plan(databases, plan, replan, publishing) is not None


def behind(connection: sa.Connection) -> bool:
    """Whether the database lacks tables, columns or triggers of the platform's own."""
    needed = platform_tables(TABLES)
    found = read_structure(connection)
    for table in needed.values():
        there = found.tables.get(table.name)
        if there is None or not there.columns.issuperset(table.columns.keys()):
            return True
    dialect = connection.dialect.name
    guards = (name for n in GUARDED for name in guards_of(needed[n], dialect))
    return not found.triggers.issuperset(guards)
