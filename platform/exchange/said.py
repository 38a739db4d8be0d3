"""What is said about single rows: why they were refused, in both languages."""

from __future__ import annotations

from collections.abc import Iterable

from engine.problems import Problem


def in_one_line(problem: Problem, locale: str) -> str:
    """A row's problem: the field, the sentence and what to do."""
    hint = problem.hint(locale)
    field = f"{problem.path}: " if problem.path else ""
    return f"{field}{problem.sentence(locale)}{f' ({hint})' if hint else ''}"


def reasons(problems: Iterable[Problem], locale: str) -> str:
    """All problems of a row."""
    return "; ".join(in_one_line(problem, locale) for problem in problems)


def in_both(problems: Iterable[Problem]) -> dict[str, str]:
    """All problems of a row by language."""
    found = tuple(problems)
    return {locale: reasons(found, locale) for locale in ("en", "zh")}
