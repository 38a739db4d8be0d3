"""How long steps take, and who waits meanwhile: estimates from the number of rows.

| lock | who waits |
| --- | --- |
| none | nobody: a new table, or an index that is built beside the others' work |
| brief | everybody, for some milliseconds: the step tries again rather than make them wait |
| writers | whoever writes, until it is done; readers go on |

The rates are those of a small server, measured with rows of some twenty columns; what they are
good for is telling seconds from minutes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from engine.problems import Text
from engine.schema.steps import Phase, Step
from engine.schema.wording import both

NONE, BRIEF, WRITERS = "none", "brief", "writers"
INDEXED = {"sqlite": 700_000, "postgresql": 400_000}
"""Rows that are indexed in a second."""
REWRITTEN = {"sqlite": 12_000, "postgresql": 8_000}
"""Rows that are computed and written anew in a second."""
BEFOREHAND = {"sqlite": 4_000, "postgresql": 6_000}
"""The same, with the pauses that leave room for others."""
TOLD_FROM = 1.0
"""Seconds from which people are told."""

_WAITING = {
    NONE: Text({"en": "nobody waits", "zh": "不影响读写"}),
    BRIEF: Text({"en": "nobody waits for long", "zh": "几乎不影响读写"}),
    WRITERS: Text({"en": "writers wait meanwhile", "zh": "期间写入须等待"}),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Who waits (`lock`), and for about how many seconds the step goes on."""

    lock: str
    seconds: float

    def said(self) -> Text | None:
        """The cost for people, where it is worth telling."""
        if self.seconds < TOLD_FROM:
            return None
        return both(
            "about {seconds} s, {waiting}",
            "约 {seconds} 秒，{waiting}",
            seconds=f"{self.seconds:,.0f}",
            waiting=_WAITING[self.lock],
        )


def cost_of(step: Step, dialect: str, rows: Mapping[str, int]) -> Cost:
    """What a step costs; `rows` are those of the tables that are there already."""
    number = rows.get(step.table, 0)
    if dialect == "sqlite":  # all of an apply is one transaction of the only writer
        seconds = number / INDEXED[dialect] if step.phase == Phase.INDEX else 0.0
        return Cost(WRITERS if step.operations else NONE, seconds)
    if step.phase == Phase.INDEX:
        return Cost(NONE, number / INDEXED[dialect])
    return Cost(BRIEF if step.phase == Phase.ALTER else NONE, 0.0)


def publishing_cost(objects: Collection[str], dialect: str, rows: Mapping[str, int]) -> Cost:
    """What publishing costs that writes the rows of these tables anew, once for each mention."""
    return Cost(WRITERS, sum(rows.get(table, 0) for table in objects) / REWRITTEN[dialect])


def beforehand_cost(objects: Collection[str], dialect: str, rows: Mapping[str, int]) -> Cost:
    """What computing the rows of these tables before publishing costs, once for each mention."""
    return Cost(NONE, sum(rows.get(table, 0) for table in objects) / BEFOREHAND[dialect])


def rows_of(connection: sa.Connection, tables: Collection[str]) -> dict[str, int]:
    """About how many rows tables have: PostgreSQL's own estimate, SQLite's highest id."""
    if not tables:
        return {}
    if connection.dialect.name == "postgresql":
        known = sa.text(
            "SELECT relname, reltuples FROM pg_class WHERE relkind = 'r' AND relname = ANY(:names)"
            " AND relnamespace = current_schema()::regnamespace"
        )
        found = connection.execute(known, {"names": sorted(tables)})
        return {name: max(int(number), 0) for name, number in found}
    highest: sa.Select[tuple[int]] = sa.select(sa.func.max(sa.column("rowid")))
    return {
        name: connection.scalar(highest.select_from(sa.table(name))) or 0 for name in sorted(tables)
    }
