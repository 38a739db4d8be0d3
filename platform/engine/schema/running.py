"""Running steps of a plan: indexes beside everybody's work, and what stands in their way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic.operations import ops
from sqlalchemy.exc import DBAPIError, IntegrityError

from engine.problems import Message, Refusal, Text
from engine.schema.engines import Databases
from engine.schema.steps import Step
from engine.schema.structure import Structure

DUPLICATES = Message(
    "records-in-the-way",
    en="{what}: existing records have equal values",
    zh="{what}：现有记录存在重复值",
    hint_en="change the records first",
    hint_zh="请先修改这些记录",
)


def indexes_in(structure: Structure) -> tuple[frozenset[str], frozenset[str]]:
    """The indexes whose creation did not come to its end, and all others."""
    found = (table.indexes for table in structure.tables.values())
    return structure.invalid, frozenset(name for names in found for name in names)


def index_of(step: Step) -> str:
    """The index that a step creates."""
    created = [one for one in step.operations if isinstance(one, ops.CreateIndexOp)]
    return str(created[-1].index_name) if created else ""


def run_outside(databases: Databases, step: Step) -> None:
    """Runs a step in no transaction, as indexes need that are built concurrently."""
    with databases.writes.connect() as connection:
        outside = connection.execution_options(isolation_level="AUTOCOMMIT")
        try:
            step.run(outside)
        except DBAPIError:
            # what is left of a unique index would serve nobody, and yet refuse records
            step.tidy(outside)
            raise


@contextmanager
def no_duplicates(what: Text) -> Iterator[None]:
    """Raises Refusal, naming `what`, where records have equal values that may not."""
    try:
        yield
    except IntegrityError:
        raise Refusal(DUPLICATES(what=what)) from None
