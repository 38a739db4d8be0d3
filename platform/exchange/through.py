"""Taking many records through the gate in chunks, none of which stops the others.

What is wrong with single records the gate says by itself, where it is lenient. What ends a whole
chunk (a unique value taken meanwhile, a cascade that is refused) is tracked down by halving it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from engine.definition.catalog import Catalog
from engine.problems import Problem, Refusal
from engine.records.conflicts import refusal_of
from engine.records.gate import ATTEMPTS
from engine.records.transaction import Transaction
from exchange import messages as say
from exchange.keeping import Said

T = TypeVar("T")
_DEADLOCKS = ("40P01", "40001")


@dataclass(slots=True)
class Tally:
    """What became of some records: counts by word, and what is to be said about single ones."""

    counts: Counter[str] = field(default_factory=Counter)
    said: list[Said] = field(default_factory=list)


@dataclass(frozen=True)
class Through(Generic[T]):
    """How records, or what stands for them, go through the gate.

    `commit` runs what it is given in one transaction together with what the result is kept by:
    it gets the records and the work. `act` does them; `refused` says of a single one why it
    could not be.
    """

    catalog: Catalog
    commit: Callable[[Sequence[T], Callable[[Transaction], Tally]], None]
    act: Callable[[Transaction, Sequence[T]], Tally]
    refused: Callable[[Transaction, T, Sequence[Problem]], Tally]

    def carry(self, items: Sequence[T]) -> None:
        """Does them all, in order."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self.commit(items, lambda tx: self.act(tx, items))
                return
            except (Refusal, IntegrityError, DataError) as error:
                if len(items) > 1:
                    self._halves(items)
                    return
                if attempt > 1 or isinstance(error, Refusal):
                    self._refuse(items[0], self._problems(error))
                    return
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", "") not in _DEADLOCKS or attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _halves(self, items: Sequence[T]) -> None:
        middle = len(items) // 2
        self.carry(items[:middle])
        self.carry(items[middle:])

    def _refuse(self, item: T, problems: Sequence[Problem]) -> None:
        self.commit([item], lambda tx: self.refused(tx, item, problems))

    def _problems(self, error: Refusal | DBAPIError) -> Sequence[Problem]:
        if isinstance(error, Refusal):
            return error.problems
        if isinstance(error, IntegrityError):
            return refusal_of(error, self.catalog).problems
        return (say.DATABASE_REFUSED(why=str(error.orig).strip().split("\n")[0]),)
