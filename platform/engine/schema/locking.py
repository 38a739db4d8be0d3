"""Waiting for locks without making others wait (rule 3).

On PostgreSQL whoever waits for a lock on a table makes everyone wait who comes after. So a lock is
waited for at most `LOCK_MILLISECONDS`; then the work is taken back and tried again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from engine.problems import Message, Refusal, Text
from engine.schema.engines import Databases
from engine.schema.fence import FENCE

LOCK_MILLISECONDS = 40
TRIES = 200
"""How often a lock is tried for; with the pauses between, about half a minute."""
APPLY_LOCK = FENCE + 1
WAIT_SECONDS = 60
"""How long another apply is waited for."""
_LOST = ("55P03", "40P01")
"""PostgreSQL's codes for a lock that was not had in time, and for a deadlock."""

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

T = TypeVar("T")


@contextmanager
def alone(databases: Databases, wait: float = WAIT_SECONDS) -> Iterator[sa.Connection]:
    """A connection that holds the lock of the only apply (PostgreSQL).

    Raises Refusal where another holds it for longer than `wait` seconds.
    """
    with databases.writes.connect() as connection:
        deadline = time.monotonic() + wait
        while not _scalar(connection, f"SELECT pg_try_advisory_lock({APPLY_LOCK})"):
            if time.monotonic() >= deadline:
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
def briefly_locking(databases: Databases) -> Iterator[sa.Connection]:
    """A transaction that gives up rather than wait for a lock."""
    with databases.writing() as connection:
        if databases.dialect == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
        yield connection


def retried(
    work: Callable[[], T], what: Text | None = None, lost: Callable[[], None] = lambda: None
) -> T:
    """The result of `work`, tried again as long as it only fails to get a lock.

    `lost` is called each time that it does. Raises Refusal, naming `what`, when it never gets one.
    """
    for attempt in range(TRIES):
        try:
            return work()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") not in _LOST:
                raise
            lost()
            time.sleep(random.uniform(0.05, 0.1) if attempt else 0.02)
    raise Refusal(BUSY(what=what or "fence"))
