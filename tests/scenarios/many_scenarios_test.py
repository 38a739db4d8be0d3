"""Several processes give what one gives, also when one of them dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from assembly.kinds import KINDS
from engine.loading import load
from engine.problems import Refusal
from scenarios import many
from scenarios.loading import load_scenarios
from scenarios.many import run_scenarios
from scenarios.outcomes import Outcome
from scenarios.running import Runner
from support.sites import CONFIG

BACKGROUND = "background: company\n"
FILES = {
    "fails": BACKGROUND + "steps: [{then: [{of: acme, fields: {grade: d}}]}]",
    "is_refused": BACKGROUND + "steps: [{as: lin, delete: acme}]",
    "cannot_begin": "given: {a: {object: contact}}\nsteps: [{sees: contact}]",
    "passes": BACKGROUND + "steps: [{as: lin, sees: customer, only: [acme]}]",
    "is_alone": "steps: [{sees: region, count: 8}]",
}


@pytest.fixture
def layers(tmp_path: Path) -> list[Path]:
    """The shipped layer, and one with a few scenarios that end in different ways."""
    layer = tmp_path / "layer"
    (layer / "scenarios").mkdir(parents=True)
    for name, text in FILES.items():
        (layer / "scenarios" / f"{name}.yaml").write_text(f"scenario: {name}\n{text}\n")
    return [CONFIG, layer]


def outcomes(
    layers: list[Path], folder: Path, jobs: int, *, apart: bool = False
) -> dict[str, Outcome]:
    """What became of the layer's own scenarios."""
    folder.mkdir()
    found = load_scenarios(layers, load(layers, KINDS).catalog)
    assert found.problems == ()
    chosen = [one for one in found.scenarios if one.name in FILES]
    found_out = run_scenarios(chosen, layers, folder, jobs=jobs, apart=apart)
    return {one.name: one for one in found_out}


def test_parallel_equals_serial(layers: list[Path], tmp_path: Path) -> None:
    """The same outcomes, whoever runs them in whichever order: forked, or apart from threads."""
    one, two = (outcomes(layers, tmp_path / str(jobs), jobs) for jobs in (1, 2))
    apart = outcomes(layers, tmp_path / "apart", 1, apart=True)
    assert one.keys() == two.keys() == apart.keys() == FILES.keys()
    for name in FILES:
        told = [[f.problem.line() for f in outcome[name].failures] for outcome in (one, two, apart)]
        assert told[0] == told[1] == told[2]
        assert one[name].failures == two[name].failures
    assert {name for name, outcome in one.items() if outcome.passed} == {"passes", "is_alone"}


def test_a_process_that_dies(
    layers: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it was to run has failed; nobody waits for it."""

    def die(self: Runner, scenario: object) -> Outcome:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")

    monkeypatch.setattr(many.Runner, "run", die)
    found = outcomes(layers, tmp_path / "scratch", 2)
    assert found.keys() == FILES.keys()
    for outcome in found.values():
        (failure,) = outcome.failures
        assert failure.problem.code == "scenario-crashed"


def test_layers_that_cannot_be_applied(layers: list[Path], tmp_path: Path) -> None:
    """They are refused with their problems, before anything runs."""
    found = load_scenarios(layers, load(layers, KINDS).catalog)
    (layers[1] / "objects").mkdir()
    (layers[1] / "objects" / "bad.yaml").write_text("object: bad\n")
    with pytest.raises(Refusal):
        list(run_scenarios(found.scenarios, layers, tmp_path))


def test_nothing_is_left_behind(layers: list[Path], tmp_path: Path) -> None:
    """The stages take their databases with them; with `keep` those of failures stay."""
    outcomes(layers, tmp_path / "gone", 2)
    assert list((tmp_path / "gone").glob("stage-*/stage.db*")) == []
