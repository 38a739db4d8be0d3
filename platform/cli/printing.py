"""How commands print: problems in the reader's language, data as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click

from engine.problems import Problem
from engine.schema.findings import Number

LOCALES = ("en", "zh")
_ASKED_FOR = "formwright.locale"
_Command = TypeVar("_Command", bound=Callable[..., Any])


def locale_of(environment: Mapping[str, str]) -> str:
    """The language that the environment asks for (POSIX: LC_ALL, LC_MESSAGES, LANG)."""
    wanted = next(filter(None, map(environment.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "zh" if wanted.lower().startswith("zh") else "en"


def locale_option(help: str = "Language of the sentences.") -> Callable[[_Command], _Command]:
    """The option `--locale`; what the command refuses is printed in that language, too."""

    def remember(ctx: click.Context, _: click.Parameter, locale: str | None) -> str | None:
        ctx.meta[_ASKED_FOR] = locale
        return locale

    return click.option("--locale", type=click.Choice(LOCALES), help=help, callback=remember)


def asked_locale(ctx: click.Context) -> str | None:
    """The language that `--locale` of the command asked for; contexts share it."""
    found: str | None = ctx.meta.get(_ASKED_FOR)
    return found


def print_problems(
    problems: Iterable[Problem], locale: str | None = None, *, err: bool = False
) -> None:
    """One line per problem, to standard output or, with `err`, to standard error."""
    for problem in problems:
        click.echo(problem.line(locale or locale_of(os.environ)), err=err)


def print_json(data: Any) -> None:
    """Data for programs, to standard output."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def problem_json(problem: Problem, locale: str) -> dict[str, Any]:
    """A problem for programs."""
    place = problem.place
    return {
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "code": problem.code,
        "sentence": problem.sentence(locale),
        "hint": problem.hint(locale) or None,
    }


def many(number: int, word: str) -> str:
    """A number of things in English: "1 problem", "2 problems"."""
    return format(Number(str(number), number == 1), f"# {word}|# {word}s")
