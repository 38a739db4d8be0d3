"""All shipped scenarios pass: the sales system alone, and with the worked clients over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from assembly.kinds import KINDS
from engine.loading import load
from scenarios.definitions import Scenario
from scenarios.loading import Scenarios, load_scenarios
from scenarios.many import run_scenarios
from support.project import ROOT

LAYERS = {
    "config": [ROOT / "config"],
    "northstar": [ROOT / "config", ROOT / "clients" / "northstar"],
    "ruixi": [ROOT / "config", ROOT / "clients" / "ruixi"],
}
WHOLE = ("config", "northstar")
"""Layers whose scenarios are all played here; of the others those that they write."""


def loaded(name: str) -> Scenarios:
    """The scenarios of these layers, which have no problem."""
    definitions = load(LAYERS[name], KINDS)
    found = load_scenarios(LAYERS[name], definitions.catalog)
    assert [problem.line() for problem in (*definitions.problems, *found.problems)] == []
    return found


@pytest.mark.parametrize("name", LAYERS)
def test_they_pass(name: str, tmp_path: Path) -> None:
    """Nothing is otherwise than a scenario says."""
    chosen = [one for one in loaded(name).scenarios if name in WHOLE or name in one.place.file]
    outcomes = list(run_scenarios(chosen, LAYERS[name], tmp_path, jobs=2))
    said = [failure.problem.line() for outcome in outcomes for failure in outcome.failures]
    assert said == []
    assert len(outcomes) == len(chosen) >= 10


def test_they_pass_in_the_demonstration(tmp_path: Path) -> None:
    """Whoever tries the studio there publishes after these; what the demonstration brings, such as
    rates of currencies, must not stand in the way."""
    layers = [ROOT / "config", ROOT / "demo" / "layer"]
    chosen = [
        one for one in loaded("config").scenarios if "currency" in Path(one.place.file).read_text()
    ]
    outcomes = list(run_scenarios(chosen, layers, tmp_path))
    assert [f.problem.line() for outcome in outcomes for f in outcome.failures] == []
    assert len(outcomes) == len(chosen) >= 2


def test_there_are_enough() -> None:
    """At least forty for the shipped system, each with a sentence in both languages."""
    found = loaded("config").scenarios
    assert len(found) >= 40
    for one in found:
        assert one.about is not None, one.name
        assert {"en", "zh"} <= one.about.by_locale.keys(), one.name


def test_each_expects_something() -> None:
    """A scenario without an expectation could not fail."""
    idle = [one.name for name in LAYERS for one in loaded(name).scenarios if not _expects(one)]
    assert idle == []


@pytest.mark.parametrize("name", ["northstar", "ruixi"])
def test_the_client_adds_and_changes(name: str) -> None:
    """Own scenarios, changed ones, and one that is switched off with a reason."""
    base = {one.name for one in loaded("config").scenarios}
    client = loaded(name)
    names = {one.name for one in client.scenarios}
    assert len(names - base) >= 3
    changed = [one for one in client.scenarios if one.name in base and name in one.place.file]
    assert changed != []
    (off,) = client.off
    assert off.name in base - names
    assert {"en", "zh"} <= off.why.by_locale.keys()


EXPECTING = frozenset(
    ("then", "refused", "records", "only", "not", "count", "hidden", "contains", "lacks", "result",
     "may", "inbox")
)  # fmt: skip


def _expects(scenario: Scenario) -> bool:
    return any(
        key in EXPECTING or (step.act == "reads" and key == "fields")
        for step in scenario.steps
        for key, _ in step.node.items()
    )
