"""Where exchange writes, and who keeps how far it came: long work, or nobody.

`jobs.work_ongoing.Ongoing` is the keeper of long work. What runs without a row of its own (tests,
dry runs, programs) has `Unkept`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from engine.permissions.actors import Actor
from engine.records.gate import Gate
from engine.records.transaction import Transaction

Said = tuple[str, Mapping[str, Any]]
"""What is to be said about a single row: its sort, and plain JSON."""


class Keeper(Protocol):
    """What carries transactions, and remembers how far they came."""

    cursor: dict[str, Any]
    counts: dict[str, int]
    done: int

    def chunk(self, **mode: Any) -> AbstractContextManager[Transaction]:
        """A transaction of the gate."""

    def save(
        self,
        tx: Transaction,
        *,
        cursor: Mapping[str, Any] | None = None,
        counts: Mapping[str, int] | None = None,
        done: int | None = None,
        total: int | None = None,
        batch: int | None = None,
        rows: Sequence[Said] = (),
    ) -> None:
        """Writes how far the work is, in the transaction; what is None stays as it is."""

    def glance(self, done: int, total: int | None) -> None:
        """Between two parts of one long transaction: shows how far it is, and ends it if that is
        wanted."""


class Unkept:
    """Keeps nothing: what was written by a crash stays, and nobody knows where to go on."""

    def __init__(self, gate: Gate, actor: Actor) -> None:
        self.gate = gate
        self.actor = actor
        self.cursor: dict[str, Any] = {}
        self.counts: dict[str, int] = {}
        self.done = 0

    @contextmanager
    def chunk(self, **mode: Any) -> Iterator[Transaction]:
        """A transaction of the gate."""
        with self.gate.transaction(self.actor, **mode) as tx:
            yield tx

    def save(self, tx: Transaction, **state: Any) -> None:
        """Nothing is kept."""

    def glance(self, done: int, total: int | None) -> None:
        """Nobody looks."""
