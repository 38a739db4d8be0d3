"""What a database means to do for the statements of some work: told by itself, not by a clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from engine.schema.engines import Databases


def lavish(databases: Databases, table: str, work: Callable[[], object]) -> list[str]:
    """The plans of those queries of `work` that read or sort more of `table` than they give.

    The table must hold so many rows, and figures about them (ANALYZE), that an index is worth
    while.
    """
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")) and table in statement:
            asked.append((statement, parameters))

    sa.event.listen(databases.reads, "before_cursor_execute", note)
    try:
        work()
    finally:
        sa.event.remove(databases.reads, "before_cursor_execute", note)
    assert asked, f"nothing was asked of {table}"
    explain = "EXPLAIN " if databases.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    with databases.reading() as connection:
        plans = [
            "\n".join(str(row[-1]) for row in connection.exec_driver_sql(explain + text, given))
            for text, given in asked
        ]
    return [plan for plan in plans if _lavish(plan, table)]


def _lavish(plan: str, table: str) -> bool:
    """Whether the whole table is read or sorted; what a limit ends at once is neither."""
    steps = [line.strip().removeprefix("->").strip() for line in plan.splitlines()]
    return any(
        step.startswith(("Sort  (", "USE TEMP B-TREE FOR ORDER BY"))
        or step == f"SCAN {table}"
        or (step.startswith(f"Seq Scan on {table}") and not before.startswith("Limit"))
        for before, step in zip(["", *steps], steps, strict=False)
    )
