"""Handlers: what carries out one kind of effect, and what an attempt may answer.

A handler that returns has done its work; it may be called again for the same effect after a
crash, so what it does must not be harmful twice: it writes by `Running.finish` in the very
transaction that ends the effect, or hands `Running.effect.token` to the receiver.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.problems import Problem
from engine.records.gate import Gate
from engine.records.transaction import Transaction

if TYPE_CHECKING:
    from jobs.claims import Claims


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """An effect that this process carries out: attempt number `attempt`, the first is 1."""

    id: int
    at: dt.datetime
    kind: str
    queue: str
    object: str
    record: int | None
    payload: Mapping[str, Any]
    token: str
    trace: str
    attempt: int
    holder: str
    due: dt.datetime


class LeaseLost(Exception):
    """The effect took too long and somebody else has it now; this attempt must write nothing."""


class Later(Exception):
    """This attempt failed, another one may succeed; `after` seconds, or by the usual back-off."""

    def __init__(self, problem: Problem, after: float | None = None) -> None:
        super().__init__(problem.line())
        self.problem = problem
        self.after = after


class Hopeless(Exception):
    """No other attempt would succeed: a person has to look at it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.line())
        self.problem = problem


@dataclass(eq=False)
class Running:
    """An effect on its way: what the handler works with."""

    gate: Gate
    effect: Claimed
    claims: Claims
    finished: bool = False

    def finish(self, tx: Transaction) -> None:
        """Ends the effect in the handler's own transaction: both happen, once, or neither.

        Raises LeaseLost when somebody else has the effect by now.
        """
        self.claims.finish_in(tx.connection, self.effect, tx.now)
        tx.after_commit.append(self._note)

    def beat(self, seconds: float) -> None:
        """Keeps the effect for `seconds` more from now. Raises LeaseLost when it is gone."""
        self.claims.renew(self.effect, seconds)

    def _note(self) -> None:
        self.finished = True


@dataclass(frozen=True, kw_only=True)
class Handler:
    """What carries out effects of one kind.

    `run` returns when the work is done, and raises Later, Hopeless or Refusal (hopeless, too)
    with the reason when it is not; any other exception is logged and tried again. An attempt may
    take `timeout` seconds; after `attempts` of them the effect has failed. A handler that `beats`
    renews its lease itself (`Running.beat`), so that it is missed soon when its process dies.
    """

    kind: str
    run: Callable[[Running], None]
    timeout: float = 60.0
    attempts: int = 8
    beats: bool = False
