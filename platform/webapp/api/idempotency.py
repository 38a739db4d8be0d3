"""`Idempotency-Key`: the same request sent twice is carried out once.

The key is written in the transaction of the change itself, so there is no moment in which one
exists without the other. The answer follows in a second, short transaction; if that never
happened, it is made anew from the records' ids.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import re
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Request

from engine.problems import Refusal
from engine.records.transaction import Transaction
from engine.schema.engines import Databases
from webapp import messages as say
from webapp.tables import IDEMPOTENCY, insert_of

KEPT = dt.timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class Repeated(Exception):
    """The request was carried out before: its `records`, and its `answer` where it was kept."""

    def __init__(self, records: list[int], answer: str | None) -> None:
        super().__init__(records)
        self.records = records
        self.answer = answer


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The key of one request of one account, with the digest of what it asks for."""

    account: int
    key: str
    digest: str

    @classmethod
    def of(cls, request: Request, account: int) -> IdempotencyKey | None:
        """The request's key, if it has one. Raises Refusal when it is unusable."""
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return None
        if not _KEY.fullmatch(key):
            raise Refusal(say.BAD_KEY())
        asked = f"{request.method} {request.path}\n".encode() + request.get_data(cache=True)
        return cls(account, key, hashlib.sha256(asked).hexdigest())

    def enter(self, tx: Transaction) -> None:
        """Takes the key within the transaction of the change.

        Raises Repeated when the request was carried out before, and Refusal when the key was
        used for another one. A request with the same key that is being carried out is waited for.
        """
        insert = insert_of(tx.dialect)
        values = {"account": self.account, "key": self.key, "digest": self.digest, "at": tx.now}
        if random.random() < 0.01:
            old = IDEMPOTENCY.c.at < tx.now - KEPT
            tx.connection.execute(sa.delete(IDEMPOTENCY).where(old))
        taken = insert(IDEMPOTENCY).values(values).on_conflict_do_nothing()
        if tx.connection.execute(taken.returning(IDEMPOTENCY.c.key)).first() is not None:
            return
        row = tx.connection.execute(sa.select(IDEMPOTENCY).where(self._row())).one()
        if row.digest != self.digest:
            raise Refusal(say.KEY_REUSED())
        raise Repeated(json.loads(row.records or "[]"), row.answer)

    def note(self, tx: Transaction, records: list[int]) -> None:
        """Notes which records the change was about."""
        tx.connection.execute(
            sa.update(IDEMPOTENCY).where(self._row()).values(records=json.dumps(records))
        )

    def keep(self, databases: Databases, answer: bytes) -> None:
        """Keeps the answer."""
        with databases.writing() as connection:
            connection.execute(
                sa.update(IDEMPOTENCY).where(self._row()).values(answer=answer.decode())
            )

    def _row(self) -> sa.ColumnElement[bool]:
        return sa.and_(IDEMPOTENCY.c.account == self.account, IDEMPOTENCY.c.key == self.key)
