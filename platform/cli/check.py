"""`formwright check`: load the layers and print every problem; needs no database."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from assembly.kinds import KINDS
from cli.layers import chosen_layers
from cli.printing import locale_of, locale_option, many, print_json, print_problems, problem_json
from engine.loading import Loaded, load
from engine.problems import Problem
from scenarios.loading import load_scenarios


@click.command()
@click.argument("layers", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
@locale_option()
@click.pass_context
def check(ctx: click.Context, layers: tuple[Path, ...], as_json: bool, locale: str | None) -> None:
    """Load LAYERS, lowest first, and print every problem as file:line:column.

    Scenarios are looked at as well, but not run. Without LAYERS those of FORMWRIGHT_LAYERS, else
    `config`. Exits 1 when there are problems.
    """
    folders = chosen_layers(layers)
    locale = locale or locale_of(os.environ)
    loaded = load(folders, KINDS)
    found = load_scenarios(folders, loaded.catalog)
    problems = (*loaded.problems, *found.problems)
    if as_json:
        listed = [problem_json(problem, locale) for problem in problems]
        print_json({"ok": not listed, "definitions": _counts(loaded), "problems": listed})
    else:
        print_problems(problems, locale)
    click.echo(_summary(loaded, problems, len(folders), locale), err=True)
    ctx.exit(1 if problems else 0)


def _counts(loaded: Loaded) -> dict[str, int]:
    return {kind: len(things) for kind, things in loaded.trees.items()}


def _summary(loaded: Loaded, problems: Sequence[Problem], layers: int, locale: str) -> str:
    things = sum(_counts(loaded).values())
    found = len(problems)
    files = len({problem.place.file for problem in problems if problem.place})
    if locale == "zh":
        outcome = f"{files} 个文件中有 {found} 个问题" if found else "没有问题"
        return f"{outcome}（{layers} 层，{things} 项定义）"
    outcome = f"{many(found, 'problem')} in {many(files, 'file')}" if found else "no problems"
    return f"{outcome} ({many(things, 'definition')} in {many(layers, 'layer')})"
