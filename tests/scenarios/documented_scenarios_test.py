"""The consultant guide: its examples are read from the page, and pass."""

from __future__ import annotations

import re
from pathlib import Path

from assembly.kinds import KINDS
from engine.loading import load
from scenarios.building import ACTS, EXPECTATIONS
from scenarios.loading import load_scenarios
from scenarios.many import run_scenarios
from support.project import ROOT
from support.sites import CONFIG

PAGE = ROOT / "docs" / "consultant" / "scenarios.md"


def test_examples_pass(tmp_path: Path) -> None:
    """Five worked examples and the first one, over the shipped definitions."""
    folder, scratch = tmp_path / "layer" / "scenarios", tmp_path / "scratch"
    folder.mkdir(parents=True)
    scratch.mkdir()
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    for block in blocks:
        head = re.search(r"^(?:scenario|background): (\w+)$", block, re.M)
        assert head is not None, block
        if "remove: true" not in block:
            (folder / f"{head[1]}.yaml").write_text(block, encoding="utf-8")
    catalog = load([CONFIG], KINDS).catalog
    found = load_scenarios([tmp_path / "layer"], catalog)
    assert [problem.line() for problem in found.problems] == []
    assert len(found.scenarios) == 6
    outcomes = list(run_scenarios(found.scenarios, [CONFIG], scratch))
    said = [failure.problem.line() for outcome in outcomes for failure in outcome.failures]
    assert said == []


def test_every_act_and_expectation_is_described() -> None:
    """The guide names every key that a step can begin with, and every expectation."""

    text = PAGE.read_text(encoding="utf-8")
    assert [key for key in (*ACTS, *EXPECTATIONS) if f"`{key}" not in text] == []
