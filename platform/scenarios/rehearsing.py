"""The rehearsal: before a plan is carried out, the scenarios play on what it leads to.

They play on a scratch database with the definitions of the plan, so that the real one is not
touched. What fails stands in the way of publishing, unless somebody says why it does not; that is
kept with the revision. The command line and the browser both begin here.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assembly.kinds import KINDS
from assembly.publishing import Proposal
from engine.loading.loading import load_trees
from engine.loading.sources import Source, folders_of
from engine.loading.storing import restore
from engine.problems import Message, Problem, Refusal
from engine.schema.state import Rehearsed
from engine.schema.targets import Target
from scenarios.definitions import SwitchedOff
from scenarios.loading import load_scenarios
from scenarios.many import run_scenarios
from scenarios.outcomes import Outcome

Telling = Callable[[int, int], object]
"""Told how many scenarios have been played, and of how many."""

FAIL = Message(
    "scenarios-fail",
    en="{failed} of {all} scenarios fail under the new definitions: {names}",
    zh="在新定义下，{all} 个场景中有 {failed} 个失败：{names}",
    hint_en='mend the definitions or the scenarios; or say why it is right: --despite "reason"',
    hint_zh='请修正定义或场景；如确属正确，请用 --despite "原因" 说明',
)
UNPLAYED = Message(
    "scenarios-unplayed",
    en="the scenarios cannot be played",
    zh="场景无法执行",
    hint_en='mend what is told; or say why it is right to go on: --despite "reason"',
    hint_zh='请修正所列问题；如确需继续，请用 --despite "原因" 说明',
)
NAMES_SHOWN = 5
"""Names of failing scenarios in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """How it went, within so many seconds. `problems` say why nothing could be played."""

    outcomes: tuple[Outcome, ...] = ()
    off: tuple[SwitchedOff, ...] = ()
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """What is not as expected."""
        return tuple(outcome for outcome in self.outcomes if not outcome.passed)

    @property
    def passed(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.problems and not self.failed

    def kept(self, despite: str = "") -> Rehearsed:
        """What the revision keeps of it. Raises Refusal when it failed and nobody says why not.

        `despite` is the reason for which it is published all the same.
        """
        if not self.passed and not despite.strip():
            raise Refusal(self._refusal())
        failed = tuple(outcome.name for outcome in self.failed)
        return Rehearsed(
            passed=len(self.outcomes) - len(failed),
            failed=failed,
            off=tuple(one.name for one in self.off),
            despite="" if self.passed else despite.strip(),
        )

    def _refusal(self) -> Problem:
        if self.problems:
            return UNPLAYED()
        names = [outcome.name for outcome in self.failed]
        more = ["…"] if len(names) > NAMES_SHOWN else []
        said = ", ".join([*names[:NAMES_SHOWN], *more])
        return FAIL(failed=len(names), all=len(self.outcomes), names=said)


def rehearsal(
    proposed: Proposal, *, jobs: int | None = None, telling: Telling = lambda done, of: None
) -> Rehearsal | None:
    """Plays the scenarios of a proposal's layers on its definitions, in `jobs` processes.

    None where there is nothing to play: there are no scenarios, or the definitions are those in
    force, or those of an earlier revision (scenarios are no definitions, so a revision does not
    keep them). Changes nothing, and never raises for what the layers hold.
    """
    if proposed.layers is None or not proposed.plan.definitions_differ:
        return None
    found = played(proposed.plan.target, proposed.layers, jobs=jobs, telling=telling)
    return found if found.outcomes or found.off or found.problems else None


def rehearse(proposed: Proposal, despite: str, telling: Telling) -> Rehearsed | None:
    """Plays the scenarios before publishing; what the revision keeps of it, None where none play.

    Raises Refusal, with what the first ones that fail say, when some do and `despite` gives no
    reason to go on.
    """
    found = rehearsal(proposed, telling=telling)
    if found is None:
        return None
    try:
        return found.kept(despite)
    except Refusal as refusal:
        told = [failure.problem for one in found.failed for failure in one.failures]
        raise Refusal(*refusal.problems, *found.problems, *told[:NAMES_SHOWN]) from None


def played(
    target: Target,
    layers: Sequence[Source],
    *,
    jobs: int | None = None,
    telling: Telling = lambda done, of: None,
) -> Rehearsal:
    """Plays the scenarios of the layers on the definitions of `target`."""
    began = time.perf_counter()
    found = load_scenarios(layers, target.tables.catalog)
    if found.problems or not found.scenarios:
        return Rehearsal(off=found.off, problems=found.problems)
    loaded = load_trees(restore(json.loads(target.stored)), KINDS)
    outcomes: list[Outcome] = []
    try:
        with tempfile.TemporaryDirectory(
            prefix="formwright-rehearsal-", ignore_cleanup_errors=True
        ) as name:
            for outcome in run_scenarios(
                found.scenarios,
                folders_of(layers),
                Path(name),
                loaded=loaded,
                jobs=jobs or processors(),
                apart=threading.active_count() > 1,
            ):
                outcomes.append(outcome)
                telling(len(outcomes), len(found.scenarios))
    except Refusal as refusal:  # they cannot even be applied to an empty database
        return Rehearsal(off=found.off, problems=refusal.problems)
    return Rehearsal(
        outcomes=tuple(sorted(outcomes, key=lambda outcome: outcome.name)),
        off=found.off,
        seconds=time.perf_counter() - began,
    )


def processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
