"""Failed sign-ins, counted in the database, so that all processes see the same (rule 37).

An attempt is counted before the password is looked at, and forgiven when it was right: so a
hundred guesses sent at once are not all free. Names are stored as digests: mistyped passwords
end up in name fields.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from engine.expressions.folding import fold
from engine.schema.engines import Databases
from webapp.tables import SIGN_IN, insert_of

FORGOTTEN_AFTER = dt.timedelta(hours=1)
LONGEST_LOCK = dt.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Limit:
    """From `free` failures on each locks: first for `lock`, then twice as long each time."""

    free: int
    lock: dt.timedelta


NAME_LIMIT = Limit(5, dt.timedelta(minutes=1))
ADDRESS_LIMIT = Limit(50, dt.timedelta(seconds=30))
"""Many people may share an address, so it is given more attempts."""


class Attempts:
    """The counters of one database."""

    def __init__(self, databases: Databases) -> None:
        self.databases = databases
        self._insert = insert_of(databases.dialect)

    def begin(self, name: str, address: str, now: dt.datetime) -> int:
        """Counts an attempt; returns how many seconds to wait instead, 0 for none."""
        limits = {_name_key(name): NAME_LIMIT, f"address:{address}": ADDRESS_LIMIT}
        waiting = 0
        with self.databases.writing() as connection:
            for key, limit in sorted(limits.items()):
                waiting = max(waiting, self._count(connection, key, limit, now))
        return waiting

    def succeeded(self, name: str, address: str, now: dt.datetime) -> None:
        """Forgives the name its failures, and the address this one attempt."""
        with self.databases.writing() as connection:
            for key in sorted((_name_key(name), f"address:{address}")):
                if key.startswith("name:"):
                    connection.execute(sa.delete(SIGN_IN).where(SIGN_IN.c.key == key))
                else:
                    connection.execute(
                        sa.update(SIGN_IN)
                        .where(SIGN_IN.c.key == key, SIGN_IN.c.failures > 0)
                        .values(failures=SIGN_IN.c.failures - 1)
                    )
            old = SIGN_IN.c.last < now - dt.timedelta(days=1)
            connection.execute(sa.delete(SIGN_IN).where(old))

    def _count(self, connection: sa.Connection, key: str, limit: Limit, now: dt.datetime) -> int:
        connection.execute(
            self._insert(SIGN_IN).values(key=key, failures=0, last=now).on_conflict_do_nothing()
        )
        row = connection.execute(
            sa.select(SIGN_IN).where(SIGN_IN.c.key == key).with_for_update()
        ).one()
        if row.locked_until is not None and row.locked_until > now:
            return int((row.locked_until - now).total_seconds()) + 1
        failures = 1 if now - row.last > FORGOTTEN_AFTER else row.failures + 1
        locked_until = None
        if failures >= limit.free:
            lock = limit.lock * 2 ** min(failures - limit.free, 10)
            locked_until = now + min(lock, LONGEST_LOCK)
        connection.execute(
            sa.update(SIGN_IN)
            .where(SIGN_IN.c.key == key)
            .values(failures=failures, last=now, locked_until=locked_until)
        )
        return 0


def _name_key(name: str) -> str:
    return "name:" + hashlib.sha256(fold(name).encode()).hexdigest()[:32]
