"""What becomes of a scenario, and a step in the words in which it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.definition.tree import Node
from engine.loading.explaining import yaml_text
from engine.problems import Place, Problem, Text

LONGEST_SHOWN = 200
"""Characters of a value in the words of a step."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Something that is not as expected: what, in which step (None: before the first one).

    `record` shows the record that the step is about, as the system reads it.
    """

    problem: Problem
    number: int | None = None
    step: str = ""
    record: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a scenario, within so many seconds.

    `about` is its own sentence. `kept` is the file of its database, where that is kept.
    """

    name: str
    place: Place
    seconds: float
    about: Text | None = None
    failures: tuple[Failure, ...] = ()
    kept: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures


def step_words(node: Node) -> str:
    """A step on one line, as it is written, without what it expects."""
    parts = [
        f"{key}: {_flow(child)}"
        for key, child in node.items()
        if key not in ("then", "about", "refused")
    ]
    return ", ".join(parts) or "then"


def _flow(node: Node) -> str:
    """A value as YAML on one line, cut where it gets long."""
    if isinstance(node.value, dict):
        inner = ", ".join(f"{key}: {_flow(child)}" for key, child in node.items())
        text = f"{{{inner}}}"
    elif isinstance(node.value, tuple):
        text = f"[{', '.join(map(_flow, node.elements()))}]"
    else:
        assert not isinstance(node.value, Mapping)
        text = yaml_text(node.value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
