"""A stage with the shipped configuration, and scenarios that tests write themselves."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import dataclass
from pathlib import Path

from assembly.kinds import KINDS
from engine.loading import load
from scenarios.loading import Scenarios, load_scenarios
from scenarios.outcomes import Outcome
from scenarios.running import Runner
from scenarios.stage import Stage, established
from support.sites import CONFIG

SHIPPED = ("company", "leads_are_assigned")
"""The shipped background, and one scenario to lay others over."""


@dataclass
class Theatre:
    """Plays scenarios over the shipped configuration; each is written to a layer in `folder`."""

    stage: Stage
    folder: Path
    runner: Runner

    def read(self, **files: str) -> Scenarios:
        """The scenarios of a layer that holds these files, over one with a few shipped ones."""
        layer = self.folder / "layer"
        for old in (layer / "scenarios").glob("*.yaml"):
            old.unlink()
        (layer / "scenarios").mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            content = textwrap.dedent(text).lstrip("\n")
            (layer / "scenarios" / f"{name}.yaml").write_text(content, encoding="utf-8")
        return load_scenarios([self.folder / "base", layer], self.stage.gate.catalog)

    def problems(self, **files: str) -> list[str]:
        """What is wrong with these files, as `line:column: code sentence`."""
        return [place_and_code(p.line()) for p in self.read(**files).problems]

    def play(self, text: str) -> Outcome:
        """What becomes of the scenario `mine`, whose text follows its head."""
        found = self.read(mine="scenario: mine\n" + textwrap.dedent(text).lstrip("\n"))
        assert [problem.line() for problem in found.problems] == []
        (scenario,) = (one for one in found.scenarios if one.name == "mine")
        return self.runner.run(scenario)

    def told(self, text: str, locale: str = "en") -> list[str]:
        """What is not as expected in the scenario, as `line:column: code sentence`."""
        failures = self.play(text).failures
        return [place_and_code(failure.problem.line(locale)) for failure in failures]


def place_and_code(line: str) -> str:
    """A problem's line without the name of its file."""
    return line.partition(".yaml:")[2]


def open_theatre(folder: Path) -> Theatre:
    """A theatre with a fresh stage in `folder`."""
    (folder / "base" / "scenarios").mkdir(parents=True)
    for name in SHIPPED:
        shutil.copy(CONFIG / "scenarios" / f"{name}.yaml", folder / "base" / "scenarios")
    stage = established(load([CONFIG], KINDS), [CONFIG], folder)
    return Theatre(stage, folder, Runner(stage))
