"""The outbox as administrators see it: how much there is of what, and page by page.

Counts stop at `CAP` and pages go by keyset, so that a million rows cost what a hundred do.
Everything here needs the right `administer`; payloads are shown redacted.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.permissions.actors import Actor
from engine.problems import Refusal, Text
from engine.records.gate import Gate
from engine.redaction import redacted, redacted_text
from jobs import state_messages as say
from jobs.tables import CANCELLED, DONE, FAILED, OUTBOX, QUEUES, RUNNING, WAITING, is_

OVER = (DONE, FAILED, CANCELLED)
STATES = (RUNNING, WAITING, FAILED, DONE, CANCELLED)
LIMIT = 50
CAP = 1_000
"""Counts go no further than this."""
LATELY = dt.timedelta(days=1)
"""What is done counts for so long."""
LONGEST_PROBLEM = 2_000
RIGHT = "administer"


@dataclass(frozen=True, slots=True)
class Count:
    """How many; `exact` is False where there are more."""

    value: int
    exact: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One effect as administrators see it. `problem` is why the last attempt failed."""

    id: int
    at: dt.datetime
    kind: str
    queue: str
    object: str
    record: int | None
    payload: Any
    key: str
    trace: str
    status: str
    attempts: int
    due: dt.datetime | None
    holder: str
    lease: dt.datetime | None
    finished: dt.datetime | None
    problem: Text | None
    code: str


@dataclass(frozen=True, kw_only=True)
class JobQuery:
    """A page of the effects of a `status`; `kind` narrows it down."""

    status: str
    kind: str = ""
    limit: int = LIMIT
    after: str = ""


@dataclass(frozen=True, slots=True)
class JobPage:
    """Effects, and the cursor of the page after them."""

    items: Sequence[Job]
    next: str | None = None


class Jobs:
    """The outbox of one database, for one gate."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.table = gate.tables.system(OUTBOX)

    def counts(self, actor: Actor) -> Mapping[str, Count]:
        """How many effects there are of each status; done ones of the last day."""
        self.gate.require_right(actor, RIGHT)
        t = self.table
        lately = self.gate.clock() - LATELY
        with self.gate.databases.reading() as connection:
            found = {
                status: _counted(connection, being(t, status))
                for status in (RUNNING, FAILED, CANCELLED)
            }
            found[DONE] = _counted(connection, being(t, DONE), t.c.finished >= lately)
            # by queue, as the index has them
            waiting = [
                _counted(connection, is_(t, WAITING), t.c.queue == queue) for queue in QUEUES
            ]
        total = sum(count.value for count in waiting)
        exact = total <= CAP and all(count.exact for count in waiting)
        return found | {WAITING: Count(min(total, CAP), exact)}

    def failed(self) -> Count:
        """How many effects failed; asks for no right, since it says nothing about any of them."""
        with self.gate.databases.reading() as connection:
            return _counted(connection, being(self.table, FAILED))

    def failed_kinds(self, actor: Actor) -> Mapping[str, int]:
        """How many of the last effects that failed there are of each kind."""
        self.gate.require_right(actor, RIGHT)
        t = self.table
        some = sa.select(t.c.kind).where(being(t, FAILED)).limit(CAP).subquery()
        statement = (
            sa.select(some.c.kind, sa.func.count()).group_by(some.c.kind).order_by(some.c.kind)
        )
        with self.gate.databases.reading() as connection:
            return {kind: number for kind, number in connection.execute(statement)}

    def page(self, actor: Actor, query: JobQuery) -> JobPage:
        """Waiting effects by when they are due, running ones by their lease, others latest first.

        Raises Refusal for an unknown status and for a cursor that is none.
        """
        self.gate.require_right(actor, RIGHT)
        if query.status not in STATES:
            raise Refusal(say.NO_STATUS(found=query.status[:40], possible=", ".join(STATES)))
        limit = max(1, min(query.limit, CAP))
        with self.gate.databases.reading() as connection:
            rows = _rows(connection, self.table, query, limit + 1)
        more = len(rows) > limit
        rows = rows[:limit]
        following = _cursor(rows[-1][_ORDER[query.status]], rows[-1]["id"]) if more else None
        return JobPage([_job(row) for row in rows], following)

    def one(self, actor: Actor, id: int) -> Job:
        """One effect. Raises Refusal when there is none."""
        self.gate.require_right(actor, RIGHT)
        with self.gate.databases.reading() as connection:
            statement = sa.select(self.table).where(self.table.c.id == id)
            row = connection.execute(statement).mappings().first()
        if row is None:
            raise Refusal(say.NO_JOB(id=id))
        return _job(row)


_ORDER = {WAITING: "due", RUNNING: "lease"} | dict.fromkeys((FAILED, DONE, CANCELLED), "finished")
"""The column by which the effects of each status are listed."""


def being(table: sa.Table, status: str) -> sa.ColumnElement[bool]:
    """Effects of a status, said so that the index of it is used.

    SQLite takes the index of what is over only where the query says the index's own condition.
    """
    if status not in OVER:
        return is_(table, status)
    over = table.c.status.in_([sa.literal_column(f"'{one}'") for one in OVER])
    return sa.and_(is_(table, status), over)


def _counted(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> Count:
    """Counts up to `CAP`."""
    some = sa.select(sa.literal(1)).where(*conditions).limit(CAP + 1).subquery()
    number = int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())
    return Count(min(number, CAP), number <= CAP)


def _rows(
    connection: sa.Connection, table: sa.Table, query: JobQuery, most: int
) -> list[sa.RowMapping]:
    """The rows of a page: waiting ones are read from each queue's part of the index and merged."""
    column = table.c[_ORDER[query.status]]
    rising = query.status in (WAITING, RUNNING)
    statement = sa.select(table).where(being(table, query.status)).limit(most)
    if query.kind:
        statement = statement.where(table.c.kind == query.kind)
    if query.after:
        moment, id = _opened(query.after)
        beyond = sa.tuple_(column, table.c.id)
        place = sa.tuple_(sa.literal(moment, column.type), sa.literal(id))
        statement = statement.where(beyond > place if rising else beyond < place)
    order = [column.asc(), table.c.id.asc()] if rising else [column.desc(), table.c.id.desc()]
    statement = statement.order_by(*order)
    if query.status != WAITING:
        return list(connection.execute(statement).mappings())
    found = [
        row
        for queue in QUEUES
        for row in connection.execute(statement.where(table.c.queue == queue)).mappings()
    ]
    return sorted(found, key=lambda row: (row["due"], row["id"]))[:most]


def _cursor(moment: dt.datetime, id: int) -> str:
    packed = json.dumps([moment.isoformat(), id])
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def _opened(text: str) -> tuple[dt.datetime, int]:
    try:
        padded = text + "=" * (-len(text) % 4)
        moment, id = json.loads(base64.urlsafe_b64decode(padded.encode()))
        found = dt.datetime.fromisoformat(moment)
        if found.tzinfo is not None and type(id) is int and abs(id) < 2**63:
            return found.astimezone(dt.UTC), id
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError):
        pass
    raise Refusal(say.NO_CURSOR(found=text[:40]))


def _job(row: sa.RowMapping) -> Job:
    problem, code = _problem(row["problem"])
    return Job(
        id=row["id"],
        at=row["at"],
        kind=row["kind"],
        queue=row["queue"],
        object=row["object"] or "",
        record=row["record"],
        payload=redacted(json.loads(row["payload"] or "{}")),
        key=redacted_text(row["key"] or ""),
        trace=row["trace"] or "",
        status=row["status"],
        attempts=row["attempts"],
        due=row["due"],
        holder=row["holder"] or "",
        lease=row["lease"],
        finished=row["finished"],
        problem=problem,
        code=code,
    )


def _problem(stored: str | None) -> tuple[Text | None, str]:
    if not stored:
        return None, ""
    said = json.loads(stored)
    texts = {
        locale: redacted_text(said[locale], LONGEST_PROBLEM)
        for locale in ("en", "zh")
        if said.get(locale)
    }
    return Text(texts), said.get("code", "")
