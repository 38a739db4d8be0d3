"""The law of the expression language: its two readings agree, on both databases.

Hypothesis writes expressions; a fixed table of difficult rows is what they are about. For every
row the Python value, SQLite's and PostgreSQL's must be the same, as a value and as a condition,
plain and under `not`; or all must refuse. Where only a part that Python did not need outgrows 18
digits, a database may refuse as well: SQL promises no order of evaluation.

`make fuzz` looks for new expressions instead of always the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import expression_grammar as grammar
import pytest
import sqlalchemy as sa
from expression_rows import make_rows
from expression_world import (
    NOW,
    SHANGHAI,
    Record,
    Rows,
    connect,
    load,
    make_world,
    read_back,
)
from hypothesis import HealthCheck, assume, given, settings

from engine.expressions import Compiled, Context, Expression, Kind, compile_expression, to_sql
from engine.expressions.evaluation import closure
from engine.expressions.functions import arithmetic
from engine.expressions.nodes import Aggregate, Call, Get, Node, OneOf, walk
from engine.problems import Refusal

FUZZING = settings().max_examples > 1_000
EXAMPLES = settings().max_examples if FUZZING else 400
ERROR = "error"


@dataclass(repr=False)
class Court:
    """The rows, and every database that holds them."""

    rows: Rows
    connections: list[sa.Connection]
    context: Context

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("court")  # not all of its rows, when Hypothesis reports

    def judge(self, source: str) -> None:
        """Fails unless all readings of `source` agree."""
        expression = self.compiled(source)
        python = {row.id: self.python(expression, row) for row in self.rows.all("deal")}
        for connection in self.connections:
            Trial(self, connection, expression, python).hold()

    def compiled(self, source: str) -> Expression:
        """The expression; one that is too large by chance does not count."""
        try:
            return compile_expression(source, "deal", self.rows.world)
        except Refusal as refusal:
            codes = {problem.code for problem in refusal.problems}
            assume(not codes & {"expression-too-large", "bad-number"})
            raise

    def python(self, expression: Expression, row: Record) -> Any:
        """The Python value, records as their ids."""
        try:
            value = expression.program(self.context, row)
        except ArithmeticError:
            return ERROR
        return value.id if isinstance(value, Record) else value

    def may_fail(self, expression: Expression) -> set[int]:
        """The rows on which some part of the expression cannot be computed."""
        spare = [None] * expression.slots
        return {
            row.id
            for row in self.rows.all("deal")
            if _fails_somewhere(expression.tree, [self.context, row, *spare])
        }


@dataclass(repr=False)
class Trial:
    """One expression before one database."""

    court: Court
    connection: sa.Connection
    expression: Expression
    python: dict[int, Any]

    def hold(self) -> None:
        failing = {id for id, value in self.python.items() if value == ERROR}
        risky: set[int] = set()
        try:
            found = self.values() if not failing else None
        except sa.exc.DBAPIError:
            found = None
        if found is None:
            risky = self.court.may_fail(self.expression)
            assert risky or self._loops(), (
                f"only {self.connection.dialect.name} refuses {self.expression.source}"
            )
            sound = set(self.python) - risky
            try:
                found = self.values(sound) if sound else {}
            except sa.exc.DBAPIError:
                assert self._loops()
                return
        for id, value in found.items():
            assert self._same(value, self.python[id]), self._difference(id, value)
        if failing and not self._may_skip():
            with pytest.raises(sa.exc.DBAPIError):
                self.values({min(failing)})
        if self.expression.type.kind is Kind.BOOLEAN and not risky:
            self._conditions()

    def _conditions(self) -> None:
        true = {id for id, value in self.python.items() if value}
        opposite = self.court.compiled(f"not ({self.expression.source})")
        try:
            found, others = self.ids(self.expression), self.ids(opposite)
        except sa.exc.DBAPIError:
            assert self.court.may_fail(self.expression) or self._loops()
            return
        assert found == true, self._difference(0, "condition")
        assert others == set(self.python) - true, self._difference(0, "negation")

    def _loops(self) -> bool:
        """Whether a planner may compute parts for records that no row of ours leads to.

        PostgreSQL works an EXISTS out for the whole table at once where it expects that to be
        cheaper, so a record fails that Python never looks at.
        """
        return any(isinstance(node, Aggregate) for node in walk(self.expression.tree))

    def _may_skip(self) -> bool:
        """Whether SQL may give a value without computing the part on which Python failed.

        An empty bound value makes what stands beside it needless, so does a constant divisor of
        0 or a condition between constants, and EXISTS stops at the first record that it meets.
        """
        nodes = list(walk(self.expression.tree))
        forms = {node.name for node in nodes if isinstance(node, Aggregate)}
        constant = any(_divides_by_constant(node) or _is_settled(node) for node in nodes)
        return self.expression.uses_user or constant or bool(forms & {"any", "all", "exists"})

    def _same(self, sql: Any, python: Any) -> bool:
        if self.expression.type.kind is Kind.NUMBER and python is not None:
            # Decimals included: 1.50 is not 1.5.
            return str(sql) == str(python)
        return sql == python and type(sql) is type(python)

    def _difference(self, id: int, found: Any) -> str:
        return (
            f"{self.expression.source}\n  deal {id}: {self.connection.dialect.name} gives"
            f" {found!r}, Python {self.python.get(id)!r}"
        )

    def values(self, ids: set[int] | None = None) -> dict[int, Any]:
        """The SQL values by id."""
        source, compiled = self.translated(self.expression)
        statement = sa.select(source.c.id, compiled.value).select_from(
            compiled.join_set.applied(source)
        )
        if ids is not None:
            statement = statement.where(source.c.id.in_(sorted(ids)))
        rows = self._run(statement, compiled)
        return {id: read_back(self.expression, compiled, value) for id, value in rows}

    def ids(self, expression: Expression) -> set[int]:
        """The rows that a positive WHERE finds."""
        source, compiled = self.translated(expression)
        statement = sa.select(source.c.id).select_from(compiled.join_set.applied(source))
        return {id for (id,) in self._run(statement.where(compiled.condition), compiled)}

    def translated(self, expression: Expression) -> tuple[sa.FromClause, Compiled]:
        world = self.court.rows.world
        source = world.source("deal")
        return source, to_sql(expression, world, source, self.connection.dialect.name)

    def _run(self, statement: sa.Select[Any], compiled: Compiled) -> list[Any]:
        try:
            parameters = compiled.parameters(self.court.context)
            return [tuple(row) for row in self.connection.execute(statement, parameters)]
        except sa.exc.DBAPIError:
            self.connection.rollback()
            raise


LOOKING_FOR = frozenset(("contains", "starts_with", "ends_with"))


def _divides_by_constant(node: Node) -> bool:
    return (
        isinstance(node, Call)
        and node.function is arithmetic.DIVIDE
        and not any(isinstance(part, Get) for part in walk(node.args[1]))
    )


def _is_settled(node: Node) -> bool:
    """Whether a planner can tell a condition, or one way to fulfil it, from constants alone.

    Every text contains the empty one, whatever text it is.
    """
    if isinstance(node, Call) and node.function.name in LOOKING_FOR:
        return not any(isinstance(part, Get) for part in walk(node.args[1]))
    if isinstance(node, OneOf):
        return not any(isinstance(part, Get) for part in walk(node.item))
    return node.type.kind is Kind.BOOLEAN and not any(isinstance(part, Get) for part in walk(node))


def _fails_somewhere(node: Node, frame: list[Any]) -> bool:
    try:
        _computed(node, frame)
    except ArithmeticError:
        return True
    if isinstance(node, Aggregate):
        return _fails_in_loop(node, frame)
    if isinstance(node, Get) and node.member.formula is not None:
        record = _computed(node.base, frame)
        inner = [frame[0], record, *[None] * node.member.formula.slots]
        return record is not None and _fails_somewhere(node.member.formula.tree, inner)
    return any(_fails_somewhere(part, frame) for part in node.parts())


def _fails_in_loop(node: Aggregate, frame: list[Any]) -> bool:
    inner = [part for part in (node.element, node.condition) if part is not None]
    for record in [*(_computed(node.records, frame) or ()), None]:
        frame[node.slot] = record
        if any(_fails_somewhere(part, frame) for part in inner):
            return True
    return False


def _computed(node: Node, frame: list[Any]) -> Any:
    """The node's value; None for what only has meaning for a loop's record, where there is none."""
    try:
        return closure(node)(frame)
    except AttributeError:
        return None


@pytest.fixture(scope="module")
def rows() -> Rows:
    return make_rows(make_world())


@pytest.fixture
def court(rows: Rows, sqlite_url: str, postgres_url: str) -> Iterator[Court]:
    engines = [connect(sqlite_url), connect(postgres_url)]
    connections = [engine.connect() for engine in engines]
    for connection in connections:
        load(connection, rows)
    user = rows.row("person", 1)
    yield Court(rows, connections, Context(NOW, SHANGHAI, user, rows.below))
    for connection in connections:
        connection.close()
    for engine in engines:
        engine.dispose()


law = settings(
    max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), parent=settings.default
)


@law
@given(source=grammar.values())
def test_values_agree(court: Court, source: str) -> None:
    """Any expression gives the same value in Python, on SQLite and on PostgreSQL."""
    court.judge(source)


@law
@given(source=grammar.sources(grammar.boolean))
def test_conditions_agree(court: Court, source: str) -> None:
    """Any condition finds the same records, and its negation all others."""
    court.judge(source)


def test_without_a_user_all_agree(court: Court) -> None:
    """Nobody signed in: what depends on `user` is empty, on every side."""
    court.context = dataclasses.replace(court.context, user=None)
    for source in ("owner == user", "under(owner, user)", "user.budget", "user.deals is empty"):
        court.judge(source)


def test_the_law_catches_a_planted_difference(court: Court) -> None:
    """Rounding quotients down in one database's SQL is noticed."""
    honest = arithmetic.DIVIDE.postgresql

    def careless(writing: arithmetic.Writing) -> arithmetic.Column:
        raw = writing.args[0] / sa.func.nullif(writing.args[1], 0)
        return sa.cast(sa.func.trunc(raw, writing.call.type.scale), sa.Numeric(18, 6))

    object.__setattr__(arithmetic.DIVIDE, "postgresql", careless)
    try:
        with pytest.raises(AssertionError, match="postgresql gives"):
            court.judge("amount / 3")
    finally:
        object.__setattr__(arithmetic.DIVIDE, "postgresql", honest)
