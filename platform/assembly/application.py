"""The application: everything that one revision is, frozen, built from the database alone.

What runs is the applied revision that the database holds, not the files (rule 5).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from assembly.kinds import TABLES, kinds_with
from automation.steps import automation_steps
from engine.definition.catalog import Catalog
from engine.loading.loading import Loaded, load_stored
from engine.matching.steps import matching_steps
from engine.pausing import collector_paused
from engine.problems import Message, Refusal
from engine.records.gate import Gate
from engine.records.reading import Reader
from engine.schema.engines import Databases
from engine.schema.fence import current_revision
from engine.schema.state import Applied, Keys, current, read_keys
from engine.schema.tables import Tables, running_tables
from workflow.approvals.steps import approval_steps
from workflow.conversions.steps import conversion_steps
from workflow.steps import workflow_steps

NOTHING_APPLIED = Message(
    "nothing-applied",
    en="nothing has been applied to this database yet",
    zh="此数据库尚未应用任何定义",
    hint_en="run `formwright apply`",
    hint_zh="请运行 `formwright apply`",
)


Clock = Callable[[], dt.datetime]
"""Tells the time, aware and in UTC; tests and scenarios turn it (rule 20)."""


def utc_now() -> dt.datetime:
    """The real time."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Application:
    """One revision: its definitions, its tables, and the database that they are in.

    `loaded` is what the next one takes from it that has not changed.
    """

    revision: int
    digest: str
    catalog: Catalog
    tables: Tables
    databases: Databases
    gate: Gate
    reader: Reader
    loaded: Loaded = field(repr=False)


@collector_paused()
def build_application(
    databases: Databases,
    clock: Clock = utc_now,
    before_transaction: Callable[[], None] = lambda: None,
    former: Application | None = None,
) -> Application:
    """The application of the revision in force.

    What it has in common with `former`, an earlier one, is taken from there: it is the same, only
    made in less time. Raises Refusal when there is none, or when its definitions are no longer
    understood.
    """
    with databases.reading() as connection:
        applied, keys = _consistent(connection)
    loaded, tables = compiled(applied.definitions, keys, former)
    catalog = tables.catalog
    steps = automation_steps(approval_steps(conversion_steps(workflow_steps())))
    steps = matching_steps(steps)
    gate = Gate(catalog, tables, databases, applied.id, clock, steps, before_transaction)
    return Application(
        revision=applied.id,
        digest=applied.digest,
        catalog=catalog,
        tables=tables,
        databases=databases,
        gate=gate,
        reader=Reader(gate),
        loaded=loaded,
    )


def compiled(
    definitions: str, keys: Keys, former: Application | None = None
) -> tuple[Loaded, Tables]:
    """What stored definitions and their physical keys mean: a pure function of the two.

    Raises Refusal when the definitions are no longer understood.
    """
    before = former.loaded if former else None
    loaded = load_stored(json.loads(definitions), kinds_with(keys), before)
    if loaded.catalog is None:
        raise Refusal(*loaded.problems)
    return loaded, running_tables(loaded.catalog, TABLES, former.tables if former else None)


def _consistent(connection: sa.Connection) -> tuple[Applied, Keys]:
    """A revision and its keys: read again if another one was published in between."""
    while True:
        applied = current(connection)
        if applied is None:
            raise Refusal(NOTHING_APPLIED())
        keys = read_keys(connection)
        if current_revision(connection) == applied.id:
            return applied, keys
