"""Carrying out a plan, as a journal of expand, publish and contract (rules 3 and 4).

1. *Expand* adds what is missing; the running revision does not see it. PostgreSQL: each table in
   a short transaction of its own that waits for locks at most `LOCK_MILLISECONDS` and tries
   again, because readers queue up behind a waiting ALTER; indexes on existing tables are built
   concurrently. What was done stays done: after a failure the next plan holds the rest.
2. *Publish* is one transaction under the exclusive fence: computed columns, keys, whatever the
   rooms above have to do (roles, seeds), the revision.
3. *Contract* drops indexes that nothing asks for any more.

SQLite does all three in one transaction. Before anything is done, and again before publishing,
the plan is made anew: if the database is no longer as it was shown, nothing is carried out.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from engine.problems import Message, Refusal, Text
from engine.schema.converting import PENDING
from engine.schema.differences import digest_of
from engine.schema.engines import Databases
from engine.schema.fence import FENCE, exclusive
from engine.schema.findings import Severity
from engine.schema.planning import Plan
from engine.schema.state import Rehearsed, keep_state, read_keys, write_keys, write_revision
from engine.schema.steps import Phase, Step
from engine.schema.targets import Filling

LOCK_MILLISECONDS = 40
TRIES = 200
"""How often a lock is tried for; with the pauses between, about half a minute."""
APPLY_LOCK = FENCE + 1
WAIT_SECONDS = 60
"""How long another apply is waited for."""

DRIFTED = Message(
    "plan-drifted",
    en="the database or the definitions have changed since this plan was made",
    zh="自生成此计划以来，数据库或定义已发生变化",
    hint_en="make the plan again and look at it",
    hint_zh="请重新生成计划并确认",
)
LOSES = Message(
    "plan-loses",
    en="this would hide data that people see now: {what}",
    zh="这将隐藏用户当前可见的数据：{what}",
    hint_en="if something was renamed, write `was: old_name`; otherwise add --allow-loss",
    hint_zh="如为改名，请写 `was: 旧名称`；否则请加上 --allow-loss",
)
ASKS = Message(
    "plan-asks",
    en="{what}",
    zh="{what}",
    hint_en="write `was:` as the plan shows; if it is something else, add --allow-loss",
    hint_zh="请按计划所示写 `was:`；如确为不同的东西，请加上 --allow-loss",
)
BUSY = Message(
    "table-busy",
    en="{what}: the table is in use by a long transaction, nothing was changed there",
    zh="{what}：该表被长事务占用，未做修改",
    hint_en="try again when it is over; what has been done so far is harmless",
    hint_zh="请稍后重试；已完成的部分不影响运行",
)
APPLYING = Message(
    "already-applying",
    en="another apply is running on this database",
    zh="此数据库上正在执行另一个应用操作",
    hint_en="wait for it, then make the plan again",
    hint_zh="请等待其完成后重新生成计划",
)
DUPLICATES = Message(
    "records-in-the-way",
    en="{what}: existing records have equal values",
    zh="{what}：现有记录存在重复值",
    hint_en="change the records first",
    hint_zh="请先修改这些记录",
)

T = TypeVar("T")


class Replan(Protocol):
    """Makes the plan for the same target anew, on the database as it is now."""

    def __call__(self, connection: sa.Connection, *, findings: bool = True) -> Plan:
        """The plan; without `findings` nothing is counted, as is quicker."""


Hook = Callable[[sa.Connection, Plan], None]
"""What a room above does while a revision is published; an exception takes everything back."""


@dataclass(frozen=True, kw_only=True)
class Publishing:
    """Who publishes, when, and what else happens in that transaction.

    `rehearsed` is how the scenarios went that were played before, None where none were.
    """

    by: str
    now: dt.datetime
    fill: Filling
    hooks: Sequence[Hook] = ()
    message: str = ""
    rehearsed: Rehearsed | None = None


def apply_plan(
    databases: Databases,
    shown: Plan,
    replan: Replan,
    publishing: Publishing,
    *,
    allow_loss: bool = False,
    answered: bool = False,
) -> int | None:
    """Carries out the plan that was shown; returns the new revision, None if nothing was to do.

    `replan(connection)` makes the plan for the same target anew. Raises Refusal when the plan
    has problems, hides data without `allow_loss`, asks something that nobody has `answered`
    (nor allowed), or no longer fits the database.
    """
    if shown.problems:
        raise Refusal(*shown.problems)
    asking = [] if answered else [f.text for f in shown.findings if f.severity == Severity.ASKS]
    if asking and not allow_loss:
        raise Refusal(*(ASKS(what=text) for text in asking))
    if shown.loses and not allow_loss:
        losses = [step.text for step in shown.steps if step.loses]
        losses += [found.text for found in shown.findings if found.severity == Severity.LOSES]
        joined = {lang: "; ".join(t.in_(lang) for t in losses) for lang in ("en", "zh")}
        raise Refusal(LOSES(what=Text(joined)))
    if databases.dialect == "sqlite":
        return _in_one_transaction(databases, shown, replan, publishing)
    with _alone(databases) as holder:
        with holder.begin():
            plan = replan(holder)
        if not _still(plan, shown):
            return None
        _expand(databases, plan)
        revision = _publish(databases, plan, replan, publishing)
        for step in plan.of(Phase.DROP):
            _retried(partial(_outside_transaction, databases, step), step)
        return revision


def _in_one_transaction(
    databases: Databases, shown: Plan, replan: Replan, publishing: Publishing
) -> int | None:
    with databases.writing() as connection:
        plan = replan(connection)
        if not _still(plan, shown):
            return None
        for step in plan.of(Phase.CREATE, Phase.ALTER):
            step.run(connection)
        batch = publishing.fill(connection, plan.target.tables, plan.fills, plan.fixes)
        for step in plan.of(Phase.INDEX, Phase.DROP):
            with _no_duplicates(step.text):
                step.run(connection)
        return _write(connection, plan, publishing, batch)


def _still(plan: Plan, shown: Plan) -> bool:
    """Whether the plan is still the one that was shown; not when it was carried out meanwhile."""
    if plan.digest == shown.digest:
        return not plan.empty
    if plan.empty:
        return False
    raise Refusal(DRIFTED())


def _expand(databases: Databases, plan: Plan) -> None:
    creating = plan.of(Phase.CREATE)

    def create() -> None:
        with _briefly_locking(databases) as connection:
            for step in creating:
                step.run(connection)
            # with the tables, so that after a failure we still know them as ours; what has a key
            # keeps it until publishing, for the revision that runs
            write_keys(connection, {**plan.target.keys, **read_keys(connection)})

    _retried(create, creating[0] if creating else None)
    for step in plan.of(Phase.ALTER):
        _retried(partial(_alter, databases, step), step)
    for step in plan.of(Phase.INDEX):
        with _no_duplicates(step.text):
            _outside_transaction(databases, step)


def _alter(databases: Databases, step: Step) -> None:
    with _briefly_locking(databases) as connection:
        step.run(connection)


def _publish(databases: Databases, plan: Plan, replan: Replan, publishing: Publishing) -> int:
    def publish() -> int:
        with _briefly_locking(databases) as connection:
            exclusive(connection)
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            now = replan(connection, findings=False)
            same = (
                now.target.keys == plan.target.keys
                and (now.applied and now.applied.id) == (plan.applied and plan.applied.id)
                and digest_of(now.target.definitions) == digest_of(plan.target.definitions)
            )
            if not same or now.of(Phase.CREATE, Phase.ALTER, Phase.INDEX):
                raise Refusal(DRIFTED())
            batch = publishing.fill(connection, plan.target.tables, plan.fills, plan.fixes)
            return _write(connection, plan, publishing, batch)

    with _no_duplicates(Text({"en": "computing columns", "zh": "计算字段值"})):
        return _retried(publish, None)


def _write(connection: sa.Connection, plan: Plan, publishing: Publishing, batch: int | None) -> int:
    if plan.applied is not None:
        keep_state(connection, plan.applied.id, read_keys(connection))
    keys = {name: key for name, key in plan.target.keys.items() if PENDING not in name[2]}
    write_keys(connection, keys)
    for hook in publishing.hooks:
        hook(connection, plan)
    return write_revision(
        connection,
        definitions=plan.target.stored,
        digest=digest_of(plan.target.definitions),
        by=publishing.by,
        now=publishing.now,
        keys=keys,
        message=publishing.message,
        batch=batch,
        layers=plan.target.layers(connection),
        rehearsed=publishing.rehearsed,
    )


@contextmanager
def _alone(databases: Databases) -> Iterator[sa.Connection]:
    """A connection that holds the lock of the only apply (PostgreSQL)."""
    with databases.writes.connect() as connection:
        deadline = time.monotonic() + WAIT_SECONDS
        while not _scalar(connection, f"SELECT pg_try_advisory_lock({APPLY_LOCK})"):
            if time.monotonic() > deadline:
                raise Refusal(APPLYING())
            time.sleep(0.1)
        try:
            yield connection
        finally:
            _scalar(connection, f"SELECT pg_advisory_unlock({APPLY_LOCK})")


def _scalar(connection: sa.Connection, sql: str) -> object:
    with connection.begin():
        return connection.exec_driver_sql(sql).scalar()


@contextmanager
def _briefly_locking(databases: Databases) -> Iterator[sa.Connection]:
    with databases.writing() as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
        yield connection


def _outside_transaction(databases: Databases, step: Step) -> None:
    with databases.writes.connect() as connection:
        outside = connection.execution_options(isolation_level="AUTOCOMMIT")
        try:
            step.run(outside)
        except DBAPIError:
            # what is left of a unique index would serve nobody, and yet refuse records
            step.tidy(outside)
            raise


def _retried(work: Callable[[], T], step: Step | None) -> T:
    """The result of `work`, tried again as long as it only fails to get a lock."""
    for attempt in range(TRIES):
        try:
            return work()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") not in ("55P03", "40P01"):
                raise
            time.sleep(random.uniform(0.05, 0.1) if attempt else 0.02)
    raise Refusal(BUSY(what=step.text if step else "fence"))


@contextmanager
def _no_duplicates(what: Text) -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise Refusal(DUPLICATES(what=what)) from None
