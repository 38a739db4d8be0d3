"""docs/reference/expressions.md is true: each of its examples is executed, and none is missing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from expression_world import (
    World,
    connect,
    example_context,
    example_rows,
    load,
    make_world,
    read_back,
)

from engine.expressions import (
    DEFINITION_LIMITS,
    WHERE_LIMITS,
    Kind,
    compile_expression,
    describe_functions,
    evaluate,
    to_sql,
)
from engine.expressions.documenting import with_functions
from engine.problems import Refusal

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "expressions.md"
TEXT = PAGE.read_text(encoding="utf-8")


def table(column: str) -> list[tuple[str, str]]:
    """All rows of the tables that are headed `expression | {column}`."""
    rows, inside = [], False
    for line in TEXT.splitlines():
        if not line.startswith("|"):
            inside = False
        elif line == f"| expression | {column} |":
            inside = True
        elif inside and (cells := re.fullmatch(r"\| `(.+)` \| `(.+)` \|", line)):
            rows.append((cells[1], cells[2]))
    return rows


EXAMPLES, REFUSED = table("gives"), table("problem")


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


@pytest.fixture
def connection(world: World, database_url: str) -> Iterator[sa.Connection]:
    engine = connect(database_url)
    with engine.connect() as connection:
        load(connection, example_rows(world))
        yield connection
    engine.dispose()


def in_python(world: World, source: str) -> Any:
    """What the page's record gives, in Python."""
    rows = example_rows(world)
    expression = compile_expression(source, "deal", world)
    value = evaluate(expression, rows.row("deal", 1), example_context(rows))  # type: ignore[arg-type]
    return str(value) if expression.type.kind is Kind.NUMBER and value is not None else value


def meant(world: World, gives: str) -> Any:
    """A value as the page writes it: an expression, or a time."""
    if gives.endswith("Z"):
        return dt.datetime.fromisoformat(gives)
    return in_python(world, gives)


def test_the_page_has_examples() -> None:
    """The tables are found at all."""
    assert len(EXAMPLES) > 100
    assert len(REFUSED) > 25


@pytest.mark.parametrize(("source", "gives"), EXAMPLES)
def test_example_in_python(world: World, source: str, gives: str) -> None:
    """Every example gives what it says, decimals included."""
    assert in_python(world, source) == meant(world, gives)


def test_examples_in_sql(world: World, connection: sa.Connection) -> None:
    """Every example gives in SQL what it gives in Python."""
    context = example_context(example_rows(world))
    for source, _ in EXAMPLES:
        deal, expression = world.source("deal"), compile_expression(source, "deal", world)
        compiled = to_sql(expression, world, deal, connection.dialect.name)
        statement = sa.select(compiled.value).select_from(compiled.join_set.applied(deal))
        found = connection.execute(
            statement.where(deal.c.id == 1), compiled.parameters(context)
        ).scalar_one()
        value = read_back(expression, compiled, found)
        if expression.type.kind is Kind.NUMBER and value is not None:
            value = str(value)
        assert value == in_python(world, source), source


@pytest.mark.parametrize(("source", "code"), REFUSED)
def test_refused_examples(world: World, source: str, code: str) -> None:
    """Every refused example is refused for the reason given."""
    with pytest.raises(Refusal) as caught:
        compile_expression(source, "deal", world)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_the_functions_are_current() -> None:
    """The part about functions is as `python -m engine.expressions.documenting` writes it."""
    assert with_functions(TEXT) == TEXT


@pytest.mark.parametrize("function", describe_functions(), ids=lambda function: function.name)
def test_every_function_is_documented(function: Any) -> None:
    """Both languages, a form and an example."""
    assert function.does.in_("en") != function.does.in_("zh")
    assert function.form
    assert function.examples


def test_the_limits_are_current() -> None:
    """The table of limits shows what is in force."""
    section = TEXT.partition("## Limits")[2]
    shown = re.findall(r"\| ([\d,]+) \| ([\d,]+) \|", section)
    numbers = [tuple(int(cell.replace(",", "")) for cell in row) for row in shown]
    pairs = zip(
        dataclasses.astuple(DEFINITION_LIMITS), dataclasses.astuple(WHERE_LIMITS), strict=True
    )
    assert numbers == list(pairs)
