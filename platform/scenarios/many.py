"""Running many scenarios: on one stage, or on several in processes of their own."""

from __future__ import annotations

import logging
import multiprocessing as mp
import queue
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from assembly.kinds import KINDS
from engine.loading import Loaded, load
from engine.pausing import freeze
from scenarios import verdicts
from scenarios.definitions import Scenario
from scenarios.outcomes import Failure, Outcome
from scenarios.running import Runner
from scenarios.stage import established, like

PASSING = 10
"""So many other steps take about as long as one in which time passes."""
GRACE = 10.0
"""Seconds in which a process tidies up after its last scenario."""
LOOK_EVERY = 0.5
"""Seconds after which is looked whether the processes are still there."""


def run_scenarios(
    scenarios: Sequence[Scenario],
    layers: Sequence[Path],
    folder: Path,
    *,
    loaded: Loaded | None = None,
    jobs: int = 1,
    keep: bool = False,
    apart: bool = False,
) -> Iterator[Outcome]:
    """Runs the scenarios of the layers with scratch databases in `folder`, in `jobs` processes.

    Gives each outcome as soon as it is there. `loaded` are the definitions that they play on, if
    not those of the layers. With `keep` the databases of those that fail stay. A process with
    threads asks for `apart`: a process for each job, which none of them is copied into.
    Raises Refusal when the layers cannot be applied.
    """
    if not scenarios:
        return
    jobs = max(1, min(jobs, len(scenarios)))
    ordered = sorted(scenarios, key=_weight, reverse=True)
    stage = established(loaded or load(layers, KINDS), layers, folder)
    try:
        if apart or (jobs > 1 and "fork" not in mp.get_all_start_methods()):
            begin = _Like(stage.bare.file, tuple(layers), keep)
            yield from _Several(ordered, folder, begin, "spawn").outcomes(jobs)
            return
        with _Quiet():
            runner = Runner(stage, keep=keep)
            if jobs == 1:
                yield from map(runner.run, ordered)
            else:
                runner.prepare(ordered)
                # a forked process has everything loaded, built and compiled already
                yield from _Several(ordered, folder, _Moved(runner), "fork").outcomes(jobs)
    finally:
        stage.close()


def _weight(scenario: Scenario) -> int:
    """About how long it plays: the longest ones begin, so that no process waits for another."""
    passing = sum(step.act in ("pass", "until") for step in scenario.steps)
    return len(scenario.steps) + PASSING * passing


class _Quiet:
    """Keeps the log of background work off the screen: what fails is told in the outcome."""

    def __enter__(self) -> None:
        self.log = logging.getLogger("formwright")
        self.level = self.log.level
        self.log.setLevel(logging.CRITICAL + 1)

    def __exit__(self, *raised: object) -> None:
        self.log.setLevel(self.level)


@dataclass(frozen=True)
class _Moved:
    """A runner in a process that was forked: it goes on in a folder of its own."""

    runner: Runner

    def __call__(self, folder: Path) -> Runner:
        self.runner.stage.move(folder)
        return self.runner


@dataclass(frozen=True)
class _Like:
    """A runner in a process that knows nothing yet, on a copy of the database `file`."""

    file: Path
    layers: tuple[Path, ...]
    keep: bool

    def __call__(self, folder: Path) -> Runner:
        return Runner(like(self.file, self.layers, folder), keep=self.keep)


class _Several:
    """Processes that take one scenario after the other."""

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        folder: Path,
        begin: Callable[[Path], Runner],
        method: str,
    ) -> None:
        """`begin` makes a process's runner in its folder; processes are started by `method`."""
        self.scenarios, self.folder, self.begin = scenarios, folder, begin
        self.context = mp.get_context(method)

    def outcomes(self, jobs: int) -> Iterator[Outcome]:
        """The outcomes in the order in which they come."""
        context = self.context
        wanted: Any = context.Queue()
        found: Any = context.Queue()
        for number in range(len(self.scenarios)):
            wanted.put(number)
        for _ in range(jobs):
            wanted.put(None)
        processes = [self._process(context, number, wanted, found) for number in range(jobs)]
        try:
            for process in processes:
                process.start()
            yield from self._gathered(processes, found)
            for process in processes:
                process.join(GRACE)
        finally:
            for process in processes:
                if process.pid is not None:
                    process.terminate()
                    process.join()
            wanted.cancel_join_thread()  # whoever was to read the rest is gone

    def _process(self, context: BaseContext, number: int, wanted: Any, found: Any) -> BaseProcess:
        folder = self.folder / f"stage-{number}"
        folder.mkdir()
        arguments = (self.scenarios, self.begin, folder, wanted, found)
        process: BaseProcess = context.Process(target=_work, args=arguments, daemon=True)  # type: ignore[attr-defined]
        return process

    def _gathered(self, processes: Sequence[BaseProcess], found: Any) -> Iterator[Outcome]:
        missing = set(range(len(self.scenarios)))
        while missing:
            try:
                number, outcome = found.get(timeout=LOOK_EVERY)
            except queue.Empty:
                if any(process.is_alive() for process in processes):
                    continue
                yield from (_lost(self.scenarios[number]) for number in sorted(missing))
                return
            missing.discard(number)
            yield outcome


def _work(
    scenarios: Sequence[Scenario],
    begin: Callable[[Path], Runner],
    folder: Path,
    wanted: Any,
    found: Any,
) -> None:
    """What each process does."""
    freeze()  # what was there before stays, so nobody need look at it again
    with _Quiet():
        runner = begin(folder)
        try:
            while (number := wanted.get()) is not None:
                found.put((number, runner.run(scenarios[number])))
        except KeyboardInterrupt:
            pass  # who asked for it tells the person
        finally:
            runner.stage.close()
            found.close()
            found.join_thread()


def _lost(scenario: Scenario) -> Outcome:
    problem = verdicts.CRASHED(scenario.place, why="the process that ran it is gone")
    return Outcome(
        name=scenario.name, place=scenario.place, seconds=0, failures=(Failure(problem=problem),)
    )
