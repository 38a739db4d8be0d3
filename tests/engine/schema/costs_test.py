"""How long steps take and who waits, from the number of rows."""

from __future__ import annotations

from engine.problems import Text
from engine.schema.costs import BRIEF, NONE, WRITERS, Cost, cost_of, publishing_cost
from engine.schema.steps import Phase, Step, statement

ROWS = {"book": 2_800_000}


def step(phase: Phase) -> Step:
    return Step(
        kind="x", text=Text.of("x"), phase=phase, table="book", operations=(statement("x"),)
    )


def test_steps() -> None:
    """PostgreSQL lets others go on; SQLite has one writer, who is us."""
    found = {p.name: cost_of(step(p), "postgresql", ROWS) for p in Phase}
    assert found["ALTER"] == Cost(BRIEF, 0.0)
    assert found["INDEX"] == Cost(NONE, 7.0)
    assert cost_of(step(Phase.INDEX), "sqlite", ROWS) == Cost(WRITERS, 4.0)
    assert cost_of(step(Phase.ALTER), "sqlite", ROWS) == Cost(WRITERS, 0.0)


def test_said() -> None:
    """Only what goes on for a while is told; a table that is written twice counts twice."""
    assert cost_of(step(Phase.ALTER), "postgresql", ROWS).said() is None
    said = publishing_cost(["book", "book", "new"], "postgresql", ROWS).said()
    assert said is not None
    assert str(said) == "about 700 s, writers wait meanwhile"
    assert said.in_("zh") == "约 700 秒，期间写入须等待"
