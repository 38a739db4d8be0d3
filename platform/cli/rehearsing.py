"""How a rehearsal is shown: what fails, and how many passed."""

from __future__ import annotations

from typing import Any

import click

from assembly.publishing import Proposal
from cli.printing import many, print_problems, problem_json
from cli.progress import progress_bar
from cli.testing_reports import outcome_json, print_outcome
from engine.schema.state import Rehearsed
from scenarios.rehearsing import Rehearsal, rehearsal

TITLE = {"en": "playing the scenarios", "zh": "执行场景"}
NOT_BACK = {
    "en": "~ the scenarios are not played: revisions keep no scenarios",
    "zh": "~ 不执行场景：版本中不保存场景",
}


def rehearsed(proposed: Proposal, locale: str, *, quietly: bool = False) -> Rehearsal | None:
    """Plays the scenarios before a plan is carried out, and shows what came of it.

    None where there are none to play. With `quietly` only what fails is shown, on standard error.
    """
    with progress_bar(TITLE[locale]) as bar:
        found = rehearsal(proposed, telling=bar)
    if found is not None:
        show(found, locale, err=quietly)
    elif proposed.layers is None and not quietly:
        click.echo(NOT_BACK[locale])
    return found


def show(found: Rehearsal, locale: str, *, err: bool = False) -> None:
    """Prints what fails, and below it how many passed; nothing where there are no scenarios."""
    print_problems(found.problems, locale, err=True)
    for outcome in found.failed:
        print_outcome(outcome, locale, err=err)
    if found.outcomes and not err:
        mark = "~" if found.passed else "!"
        said = told(found.kept("–"), locale)
        click.echo(f"{mark} {said} ({found.seconds:.1f} s)")


def told(kept: Rehearsed, locale: str) -> str:
    """How the scenarios went, in a few words."""
    count = kept.passed + len(kept.failed)
    if locale == "zh":
        return f"{count} 个场景中 {kept.passed} 个通过" if kept.failed else f"{count} 个场景通过"
    return (
        f"{kept.passed} of {many(count, 'scenario')} passed"
        if kept.failed
        else f"{many(count, 'scenario')} passed"
    )


def kept_json(kept: Rehearsed | None) -> dict[str, Any] | None:
    """What a revision keeps of it, for programs."""
    if kept is None:
        return None
    return {
        "passed": kept.passed,
        "failed": list(kept.failed),
        "off": list(kept.off),
        "despite": kept.despite or None,
    }


def rehearsal_json(found: Rehearsal, locale: str) -> dict[str, Any]:
    """The whole of it, for programs."""
    return {
        "ok": found.passed,
        "seconds": round(found.seconds, 3),
        "passed": len(found.outcomes) - len(found.failed),
        "failed": [outcome_json(outcome, locale) for outcome in found.failed],
        "off": [one.name for one in found.off],
        "problems": [problem_json(problem, locale) for problem in found.problems],
    }
