"""`formwright test`: run the scenarios of the layers, each on a scratch database."""

from __future__ import annotations

import fnmatch
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click

from assembly.kinds import KINDS
from cli.layers import chosen_layers
from cli.printing import locale_of, locale_option, print_problems
from cli.testing_reports import junit, print_outcome, print_summary, report_json
from engine.loading import Loaded, load
from scenarios.definitions import Scenario
from scenarios.loading import Scenarios, load_scenarios
from scenarios.many import run_scenarios
from scenarios.outcomes import Outcome
from scenarios.rehearsing import processors


@click.command()
@click.argument("layers", nargs=-1, type=click.Path(path_type=Path))
@click.option("--match", metavar="PATTERN", help="Only scenarios with such a name (`quotation*`).")
@click.option("--jobs", type=click.IntRange(1), help="Processes that run them side by side.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option(
    "--junit", "junit_file", type=click.Path(path_type=Path, dir_okay=False),
    help="Write the outcome as JUnit XML, for build servers.",
)  # fmt: skip
@click.option("--keep", is_flag=True, help="Keep the databases of scenarios that fail.")
@locale_option()
@click.pass_context
def test(
    ctx: click.Context,
    layers: tuple[Path, ...],
    match: str | None,
    jobs: int | None,
    as_json: bool,
    junit_file: Path | None,
    keep: bool,
    locale: str | None,
) -> None:
    """Run the scenarios in LAYERS, lowest first, each on a scratch database of its own.

    Without LAYERS those of FORMWRIGHT_LAYERS, else `config`. Exits 1 when the layers have
    problems or something is not as a scenario says.
    """
    folders = chosen_layers(layers)
    locale = locale or locale_of(os.environ)
    loaded = load(folders, KINDS)
    found = load_scenarios(folders, loaded.catalog)
    if problems := (*loaded.problems, *found.problems):
        print_problems(problems, locale, err=as_json)
        ctx.exit(1)
    chosen = _chosen(found, match)
    began = time.perf_counter()
    outcomes = _run(
        chosen, folders, loaded, jobs or processors(), keep, None if as_json else locale
    )
    seconds = time.perf_counter() - began
    if as_json:
        report_json(outcomes, found.off, seconds, locale)
    else:
        print_summary(outcomes, found.off, seconds, locale)
    if junit_file is not None:
        _write(junit_file, junit(outcomes, found.off, seconds, locale))
    ctx.exit(0 if all(outcome.passed for outcome in outcomes) else 1)


def _chosen(found: Scenarios, match: str | None) -> list[Scenario]:
    if match is None:
        return list(found.scenarios)
    pattern = match if any(sign in match for sign in "*?[") else f"*{match}*"
    chosen = [one for one in found.scenarios if fnmatch.fnmatchcase(one.name, pattern)]
    if not chosen:
        raise click.UsageError(f"No scenario is called like {match!r}.")
    return chosen


def _run(
    scenarios: Sequence[Scenario],
    layers: Sequence[Path],
    loaded: Loaded,
    jobs: int,
    keep: bool,
    locale: str | None,
) -> list[Outcome]:
    """Runs them; in a `locale` each is told as soon as it is over."""
    outcomes = []
    folder = Path(tempfile.mkdtemp(prefix="formwright-test-"))
    try:
        for outcome in run_scenarios(
            scenarios, layers, folder, loaded=loaded, jobs=jobs, keep=keep
        ):
            outcomes.append(outcome)
            if locale is not None:
                print_outcome(outcome, locale)
    finally:
        if not any(outcome.kept for outcome in outcomes):
            shutil.rmtree(folder, ignore_errors=True)
    return sorted(outcomes, key=lambda outcome: outcome.name)


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(file), hint=error.strerror or str(error)) from None
