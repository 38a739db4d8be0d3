"""Possible duplicates as answers: what a person or program may know of each candidate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.definition.duplicates import CONFIRM
from engine.matching.finding import Candidate
from engine.problems import Problem


def candidate_json(candidate: Candidate, locale: str) -> dict[str, Any]:
    """One candidate; of a record that one may not see only what the definition reveals."""
    return {
        "object": candidate.object,
        "id": candidate.id,
        "title": candidate.title or None,
        "restricted": candidate.id is None,
        "rule": candidate.rule.name,
        "reason": candidate.rule.label.in_(locale),
        "similarity": candidate.similarity if candidate.id is not None else None,
        "shown": {label.in_(locale): value.in_(locale) for label, value in candidate.reveal},
    }


def candidates_of(problems: Iterable[Problem]) -> list[Candidate]:
    """The candidates that problems are about, each once."""
    found: dict[tuple[str, int], Candidate] = {}
    for problem in problems:
        for candidate in problem.args.get("candidates", ()):
            found.setdefault((candidate.object, candidate.record), candidate)
    return list(found.values())


def told_of(problems: Sequence[Problem], locale: str) -> Mapping[str, Any]:
    """What an answer says besides: the candidates, and how to go on where that is possible."""
    found = [candidate_json(one, locale) for one in candidates_of(problems)]
    if not found and not any("candidates" in problem.args for problem in problems):
        return {}
    confirmable = all(problem.code == "possible-duplicate" for problem in problems)
    return {"candidates": found} | ({"confirm": {CONFIRM: True}} if confirmable else {})
