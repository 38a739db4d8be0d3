"""Whatever stands in a file, there are problems or failures, never an exception."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.loading.schemas import SCHEMAS
from scenarios.building import ACTS, EXPECTATIONS
from support.stages import Theatre

STEP = json.loads((SCHEMAS / "scenario.schema.json").read_text(encoding="utf-8"))["$defs"]
WORDS = [*STEP["step"]["properties"], *STEP["expectation"]["properties"]]
SCALARS: list[Any] = [
    None, True, 0, -1, 10**30, 0.5, "", "empty", "lin", "acme", "q1", "customer", "quotation",
    "submit", "2026-13-45", "9999-12-31", "user.", "(" * 200, "a" * 300, "=1+1", "../x", "\u202e",
]  # fmt: skip
VALUES = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*WORDS, "name", "lines", "owner"]), inner, max_size=3)
    ),
    max_leaves=6,
)
STEPS = st.dictionaries(st.sampled_from(WORDS), VALUES, min_size=1, max_size=5)

LIKELY: dict[str, list[Any]] = {
    "as": ["lin", "chen", "admin"],
    "create": ["customer", "quotation", "contact"],
    "update": ["acme", "q1", "lin"],
    "perform": ["submit", "send"],
    "on": ["q1", "acme", "customer"],
    "of": ["q1", "acme"],
    "fields": [{}, {"name": "x" * 500}, {"customer": "acme", "lines": [{"quantity": 10**17}]},
               {"owner": "zhao"}, {"discount": "1e9"}, {"lines": [{"id": 5}, {"id": 5}]}],
    "named": ["one"],
    "where": ['name == "x"', "lines_total > 1", "owner == user"],
    "import": ["customer"],
    "rows": [[{"name": "=1"}], [{"": "x"}], [{"name": [1]}], [{"name": {"a": 1}}]],
    "pass": [{"days": 1}, {"weeks": 10**12}, {"minutes": 0}],
    "until": ["9999-12-31 23:59", "2026-03-16", "0001-01-01"],
    "may": [{"read": True}, {"import": False}],
    "version": [1, 99],
    "then": [[{"of": "acme", "that": "1 / 0 == 1"}], [{"of": "q1", "that": "gross_total > 0"}]],
    "comment": ["x" * 6000, "\u0000", "ok"],
    "refused": ["x", {"code": "x", "says": ["a"]}],
}  # fmt: skip
LIKELY_STEPS = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(values) for key, values in LIKELY.items()}
).filter(bool)


def text_of(steps: list[Any]) -> str:
    """A scenario file with these steps; JSON is YAML."""
    given_ = {"q1": {"object": "quotation", "as": "lin", "fields": {"customer": "acme"}}}
    whole = {"scenario": "mine", "background": "company", "given": given_, "steps": steps}
    return json.dumps(whole, ensure_ascii=False, default=str)


@settings(max_examples=60)
@given(st.lists(STEPS, min_size=1, max_size=3))
def test_any_step(theatre: Theatre, steps: list[Any]) -> None:
    """Known words with arbitrary values: each mistake is a problem with a place."""
    found = theatre.read(mine=text_of(steps))
    for problem in found.problems:
        assert problem.place is not None, problem.line()
        assert problem.line("zh")


@settings(max_examples=40)
@given(st.lists(LIKELY_STEPS, min_size=1, max_size=3))
def test_any_likely_step(theatre: Theatre, steps: list[Any]) -> None:
    """What reads like a scenario is played, and ends with an outcome."""
    found = theatre.read(mine=text_of(steps))
    mine = [one for one in found.scenarios if one.name == "mine"]
    if found.problems or not mine:
        return
    outcome = theatre.runner.run(mine[0])
    for failure in outcome.failures:
        assert failure.problem.place is not None
        assert "ended with an error of the program" not in failure.problem.line(), steps


@pytest.mark.parametrize("act", ACTS)
def test_an_act_alone(theatre: Theatre, act: str) -> None:
    """Each act with nothing, with a wrong kind of value, and with a name that nobody has."""
    for value in (None, "nobody", [], {}, 7):
        theatre.read(mine=text_of([{act: value}]))


@pytest.mark.parametrize("kind", EXPECTATIONS)
def test_an_expectation_alone(theatre: Theatre, kind: str) -> None:
    """Each expectation with values that it cannot have."""
    for value in (None, "nobody", [], {}, 7, {"to": "nobody"}, {"object": "nothing"}):
        theatre.read(mine=text_of([{"then": [{kind: value}]}]))


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "scenario: [", "- a\n- b", "scenario: mine", "scenario: {a: b}\nsteps: []",
     "scenario: mine\nsteps: {a: b}", "scenario: mine\nsteps: [1, [], null]",
     "scenario: mine\nbackground: [x]\nsteps: [{sees: customer}]",
     "scenario: mine\npeople: {a: null}\nsteps: [{sees: customer}]",
     "scenario: mine\ngiven: {a: {object: customer, fields: 3}}\nsteps: [{sees: customer}]",
     "object: mine\n", "background: mine\ngiven: []", "scenario: mine\nremove: true\nwhy: {}"],
)  # fmt: skip
def test_broken_files(theatre: Theatre, text: str) -> None:
    """A file that is no scenario at all is told, and the others are read."""
    found = theatre.read(mine=text)
    assert found.problems != ()
    assert [one.name for one in found.scenarios] == ["leads_are_assigned"]


def test_months_pass(theatre: Theatre) -> None:
    """Months of daily schedules are played in the order of time."""
    steps = [{"until": "2026-09-01"}, {"then": [{"of": "q1", "fields": {"lapsed": True}}]}]
    found = theatre.read(mine=text_of(steps))
    assert found.problems == ()
    (mine,) = (one for one in found.scenarios if one.name == "mine")
    assert theatre.runner.run(mine).failures == ()
