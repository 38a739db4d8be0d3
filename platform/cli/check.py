"""`formwright check`: load the layers and print every problem; needs no database."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from assembly.kinds import KINDS
from cli.choosing import sites_problems
from cli.layers import chosen_sources
from cli.printing import locale_of, locale_option, many, print_json, print_problems, problem_json
from engine.definition.catalog import Catalog
from engine.loading import Loaded, load
from engine.permissions.exposures import exposures as exposures_of
from engine.permissions.exposures import unmentioned
from engine.problems import Problem
from scenarios.loading import load_scenarios


@click.command()
@click.argument("layers", nargs=-1, type=click.Path(path_type=Path))
@click.option("--browser", is_flag=True, help="With what was made in the browser, over them all.")
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
@click.option("--exposures", is_flag=True, help="List what roles read without its source.")
@click.option("--strict-fields", is_flag=True, help="List fields that roles do not mention.")
@locale_option()
@click.pass_context
def check(
    ctx: click.Context,
    layers: tuple[Path, ...],
    browser: bool,
    as_json: bool,
    exposures: bool,
    strict_fields: bool,
    locale: str | None,
) -> None:
    """Load LAYERS, lowest first, and print every problem as file:line:column.

    Scenarios are looked at as well, but not run. Without LAYERS those of FORMWRIGHT_LAYERS, else
    `config`; then the settings of several sites are looked at, too, where there are some. Exits 1
    when there are problems; warnings about permissions change nothing in that.
    """
    folders = chosen_sources(layers, browser)
    locale = locale or locale_of(os.environ)
    loaded = load(folders, KINDS)
    found = load_scenarios(folders, loaded.catalog)
    problems = (*loaded.problems, *found.problems, *(() if layers else sites_problems()))
    catalog = None if problems else loaded.catalog
    warnings = tuple(warned(catalog, strict_fields)) if catalog else ()
    if as_json:
        listed = [problem_json(problem, locale) for problem in problems]
        print_json(
            {
                "ok": not listed,
                "definitions": _counts(loaded),
                "problems": listed,
                "warnings": [problem_json(found, locale) for found in warnings],
            }
        )
    else:
        print_problems(problems, locale)
        print_warnings(warnings, exposures or strict_fields, locale)
    click.echo(_summary(loaded, problems, len(folders), locale), err=True)
    ctx.exit(1 if problems else 0)


def warned(catalog: Catalog, strict: bool) -> Iterator[Problem]:
    """What roles read without its source, and fields that explicit roles do not mention."""
    yield from unmentioned(catalog, strict)
    for found in exposures_of(catalog):
        yield found.problem(catalog)


def print_warnings(warnings: Sequence[Problem], whole: bool, locale: str) -> None:
    """The warnings one by one, or how many there are and how to see them."""
    word = "警告" if locale == "zh" else "warning"
    if whole:
        for problem in warnings:
            click.echo(f"{word}: {problem.line(locale)}")
    elif warnings:
        found = len(warnings)
        counted = f"{found} 条权限" if locale == "zh" else many(found, "permission warning")
        click.echo(f"{word}: {counted} (formwright check --exposures)", err=True)


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
