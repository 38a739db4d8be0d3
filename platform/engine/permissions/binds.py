"""The bind parameters that a statement needs from whoever runs it, collected while it is built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol

import sqlalchemy as sa

from engine.expressions.among import among_ids, among_words
from engine.expressions.sqltypes import Day
from engine.permissions.actors import Actor


class Compiled(Protocol):
    """An expression's SQL reading, as far as its parameters go."""

    def parameters(self, context: Any) -> dict[str, Any]:
        """Values of its bind parameters in an evaluation context."""


_PLUS: Any = sa.sql.operators.custom_op("+")


class Binds:
    """Collects what a statement needs: parameters about the actor, and of expressions.

    While `walking`, another order leads to the records, and SQLite is kept from looking for those
    of an owner: it uses no index for the operand of a unary plus.
    """

    walking = False

    def __init__(self, prefix: str = "") -> None:
        """`prefix` keeps what is bound of several people apart."""
        self.prefix = prefix
        self._principals: dict[int, Binds] = {}
        self._compiled: list[Compiled] = []
        self._needs_actor = False
        self._needs_today = False
        self._holders: frozenset[str] | None = None

    def actor(self, name: str) -> sa.BindParameter[Any]:
        """The bind parameter with that fact about the actor."""
        self._needs_actor = True
        return sa.bindparam(self.prefix + name, type_=sa.BigInteger())

    def owner(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """The column of owners or departments, for a condition about it."""
        return sa.UnaryExpression(column, operator=_PLUS) if self.walking else column

    def among(
        self, column: sa.ColumnElement[Any], name: str, dialect: str
    ) -> sa.ColumnElement[bool]:
        """Whether a link points into one of the sets of ids about the actor."""
        self._needs_actor = True
        return among_ids(column, self.prefix + name, dialect)

    def holding(
        self, column: sa.ColumnElement[Any], roles: Iterable[str], dialect: str
    ) -> sa.ColumnElement[bool]:
        """Whether something is meant for the actor, or for one of these roles of theirs."""
        self._holders = (self._holders or frozenset()).union(roles)
        return among_words(column, f"{self.prefix}actor_holders", dialect)

    def today(self) -> sa.BindParameter[Any]:
        """The bind parameter with the date."""
        self._needs_today = True
        return sa.bindparam(f"{self.prefix}actor_today", type_=Day())

    def of_principal(self, number: int) -> Binds:
        """What is bound about the person at this place among those whom the actor stands in for."""
        found = self._principals.setdefault(number, Binds(f"{self.prefix}for{number}_"))
        found.walking = self.walking
        return found

    def add(self, compiled: Compiled) -> None:
        """Adds an expression's parameters."""
        self._compiled.append(compiled)

    def values(self, actor: Actor, context: Any) -> dict[str, Any]:
        """The values for one execution. More than the statement needs may be among them."""
        values = actor.parameters() if self._needs_actor else {}
        if self._holders is not None:
            values["actor_holders"] = sorted({*actor.holders(), *self._holders})
        if self._needs_today:
            values["actor_today"] = context.today
        if self.prefix:
            values = {self.prefix + name: value for name, value in values.items()}
        for compiled in self._compiled:
            values.update(compiled.parameters(context))
        for number, binds in self._principals.items():
            principal = actor.principals[number].actor
            user = context.user and context.user.other(principal.person)
            values.update(binds.values(principal, replace(context, user=user)))
        return values
