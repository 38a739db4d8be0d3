"""The company's year: counted and stepped through like a plain walk over days, alike everywhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
import sqlalchemy as sa
from expression_world import (
    connect,
    example_context,
    example_rows,
    load,
    make_world,
    read_back,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.expressions import compile_expression, evaluate, to_sql
from engine.expressions.workdays import CompanyYear, read_year

FIRST = dt.date(2026, 1, 1)
days = st.dates(FIRST, dt.date(2026, 4, 30))
some = st.frozensets(days, max_size=25)
years = st.builds(CompanyYear.of, some, some, st.integers(1, 12))


def works(year: CompanyYear, day: dt.date) -> bool:
    return (day.weekday() < 5) is not (day.toordinal() - 1 in year.exceptions)


def walked(year: CompanyYear, day: dt.date, count: int) -> dt.date:
    step = dt.timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not works(year, day):
            day += step
    return day


@given(years, days, days, st.integers(-40, 40))
def test_like_a_walk(year: CompanyYear, start: dt.date, end: dt.date, count: int) -> None:
    """Worked days, between two dates and so many on, back from where they lead."""
    assert year.is_workday(start) is works(year, start)
    low, high = sorted((start, end))
    span = [low + dt.timedelta(days=n + 1) for n in range((high - low).days)]
    worked = sum(works(year, day) for day in span)
    assert year.between(start, end) == (worked if start <= end else -worked)
    assert year.add(start, Decimal(count)) == walked(year, start, count)
    assert read_year(year.written) == year


def test_the_ends_of_the_calendar() -> None:
    """What leads out of it is empty."""
    year = CompanyYear.of([dt.date(9999, 12, 31)], [dt.date(1, 1, 6)], 1)
    assert year.add(dt.date(9999, 12, 30), Decimal(1)) is None
    assert year.add(dt.date(9999, 12, 29), Decimal(1)) == dt.date(9999, 12, 30)
    assert year.add(dt.date(1, 1, 1), Decimal(-1)) is None
    assert year.add(dt.date(1, 1, 8), Decimal(-1)) == dt.date(1, 1, 6)
    assert year.add(FIRST, Decimal(4_000_001)) is None


@pytest.mark.parametrize(
    ("month", "day", "expected"),
    [
        (1, "2026-01-01", (2026, 1)), (1, "2026-12-31", (2026, 4)), (4, "2026-03-31", (2026, 4)),
        (4, "2026-04-01", (2027, 1)), (7, "2026-01-15", (2026, 3)), (12, "2026-12-01", (2027, 1)),
    ],
)  # fmt: skip
def test_fiscal_years(month: int, day: str, expected: tuple[int, int]) -> None:
    """Named after the year in which they end."""
    year, date = CompanyYear.of([], [], month), dt.date.fromisoformat(day)
    assert (int(year.fiscal_year(date)), int(year.fiscal_quarter(date))) == expected


class Court:
    """Databases with the same rows, and all of the language's ways to a value."""

    def __init__(self, connections: list[sa.Connection]) -> None:
        self.world = make_world()
        self.rows = example_rows(self.world)
        self.connections = connections
        for connection in connections:
            load(connection, self.rows)

    def judge(self, source: str, year: CompanyYear) -> None:
        """Fails unless Python and the databases make the same of it."""
        expression = compile_expression(source, "deal", self.world)
        assert expression.uses_settings
        context = replace(example_context(self.rows), company=lambda: year)
        row = self.rows.row("deal", 1)
        assert row is not None
        python = evaluate(expression, row, context)
        for connection in self.connections:
            table = self.world.source("deal")
            compiled = to_sql(expression, self.world, table, connection.dialect.name)
            query = sa.select(compiled.value).select_from(compiled.join_set.applied(table))
            only = query.where(table.c.id == 1)
            found = connection.execute(only, compiled.parameters(context)).scalar_one()
            assert read_back(expression, compiled, found) == python, (source, connection.dialect)


@pytest.fixture
def court(sqlite_url: str, postgres_url: str) -> Iterator[Court]:
    engines = [connect(sqlite_url), connect(postgres_url)]
    connections = [engine.connect() for engine in engines]
    yield Court(connections)
    for connection in connections:
        connection.close()
    for engine in engines:
        engine.dispose()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(year=years, start=days, end=days, count=st.integers(-60, 60))
def test_the_readings_agree(
    court: Court, year: CompanyYear, start: dt.date, end: dt.date, count: int
) -> None:
    """Whatever the calendar holds, Python and the databases say the same."""
    a, b = f'date("{start}")', f'date("{end}")'
    court.judge(f"workdays_between({a}, {b})", year)
    court.judge(f"add_workdays({a}, {count})", year)
    court.judge(f"is_workday({a})", year)
    court.judge(f"fiscal_year({a}) * 10 + fiscal_quarter({b})", year)


DIFFICULT = (
    'add_workdays(date("9999-12-30"), 1)', 'add_workdays(date("0001-01-01"), -1)',
    'add_workdays(date("0001-01-08"), -1)', 'add_workdays(date("2026-01-01"), 4000001)',
    'add_workdays(date("2026-01-01"), -999999999999)', "add_workdays(closed, quantity)",
    "workdays_between(closed, due)", "is_workday(parent.due)", "add_workdays(parent.due, 1)",
    'workdays_between(date("0001-01-01"), date("9999-12-31"))', "fiscal_year(signed)",
    'is_workday(date("0001-01-01"))', "fiscal_quarter(parent.due) is empty",
)  # fmt: skip


def test_inside_each_other(court: Court) -> None:
    """An argument is written once, so a statement grows by steps and does not double with each."""
    inner = 'date("2026-02-27")'
    for count in range(1, 9):
        inner = (
            f"add_workdays({inner}, {count} - 2 * workdays_between({inner}, signed))"
            if (count == 1)
            else f"add_workdays({inner}, {count})"
        )
    court.judge(f"fiscal_year({inner})", CompanyYear.of([dt.date(2026, 3, 2)], [], 4))
    table = court.world.source("deal")
    expression = compile_expression(inner, "deal", court.world)
    compiled = to_sql(expression, court.world, table, "postgresql")
    written = str(sa.select(compiled.value).compile(dialect=court.connections[1].dialect))
    assert written.count("signed") <= 2


def test_difficult_ones_agree(court: Court) -> None:
    """At the ends of the calendar, of members, of nothing."""
    holidays, worked = [dt.date(9999, 12, 31)], [dt.date(1, 1, 6)]
    for year in (CompanyYear(), CompanyYear.of(holidays, worked, 7)):
        for source in DIFFICULT:
            court.judge(source, year)
