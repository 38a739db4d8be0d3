"""Running many scenarios: on one stage, or on several in processes of their own."""

from __future__ import annotations

import logging
import multiprocessing as mp
import queue
from collections.abc import Iterator, Sequence
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from assembly.kinds import KINDS
from engine.loading import Loaded, load
from scenarios import verdicts
from scenarios.definitions import Scenario
from scenarios.outcomes import Failure, Outcome
from scenarios.running import Runner
from scenarios.stage import Stage, make_template

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
    template = folder / "template.db"
    make_template(loaded or load(layers, KINDS), template)
    jobs = max(1, min(jobs, len(scenarios)))
    if jobs == 1 and not apart:
        yield from _on_one_stage(scenarios, layers, template, folder, keep)
    else:
        yield from _Several(scenarios, layers, template, folder, keep, apart).outcomes(jobs)


def _on_one_stage(
    scenarios: Sequence[Scenario],
    layers: Sequence[Path],
    template: Path,
    folder: Path,
    keep: bool,
) -> Iterator[Outcome]:
    with _Quiet():
        stage = Stage(template, layers, folder)
        try:
            runner = Runner(stage, keep=keep)
            for scenario in scenarios:
                yield runner.run(scenario)
        finally:
            stage.close()


class _Quiet:
    """Keeps the log of background work off the screen: what fails is told in the outcome."""

    def __enter__(self) -> None:
        self.log = logging.getLogger("formwright")
        self.level = self.log.level
        self.log.setLevel(logging.CRITICAL + 1)

    def __exit__(self, *raised: object) -> None:
        self.log.setLevel(self.level)


class _Several:
    """Processes that take one scenario after the other."""

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        layers: Sequence[Path],
        template: Path,
        folder: Path,
        keep: bool,
        apart: bool,
    ) -> None:
        self.scenarios, self.layers, self.template = scenarios, layers, template
        self.folder, self.keep = folder, keep
        # a forked process has everything loaded already, but threads may have left locks in it
        forks = not apart and "fork" in mp.get_all_start_methods()
        self.context = mp.get_context("fork" if forks else "spawn")

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
                process.terminate()
                process.join()

    def _process(self, context: BaseContext, number: int, wanted: Any, found: Any) -> BaseProcess:
        folder = self.folder / f"stage-{number}"
        folder.mkdir()
        arguments = (
            self.scenarios, self.layers, self.template, folder, self.keep, wanted, found,
        )  # fmt: skip
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
    layers: Sequence[Path],
    template: Path,
    folder: Path,
    keep: bool,
    wanted: Any,
    found: Any,
) -> None:
    """What each process does."""
    with _Quiet():
        stage = Stage(template, layers, folder)
        try:
            runner = Runner(stage, keep=keep)
            while (number := wanted.get()) is not None:
                found.put((number, runner.run(scenarios[number])))
        except KeyboardInterrupt:
            pass  # who asked for it tells the person
        finally:
            stage.close()
            found.close()
            found.join_thread()


def _lost(scenario: Scenario) -> Outcome:
    problem = verdicts.CRASHED(scenario.place, why="the process that ran it is gone")
    return Outcome(
        name=scenario.name, place=scenario.place, seconds=0, failures=(Failure(problem=problem),)
    )
