"""How commands print: problems in the reader's language, data as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

import click

from engine.problems import Problem

LOCALES = ("en", "zh")


def locale_of(environment: Mapping[str, str]) -> str:
    """The language that the environment asks for (POSIX: LC_ALL, LC_MESSAGES, LANG)."""
    wanted = next(filter(None, map(environment.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "zh" if wanted.lower().startswith("zh") else "en"


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
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
