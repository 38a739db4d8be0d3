"""Refusals against what a step expects, and texts by language."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definition.tree import Node
from engine.problems import Problem, Refusal, Text
from scenarios import verdicts as say
from scenarios.definitions import EMPTY, Step


def text_of(node: Node | None, locale: str) -> tuple[str, ...]:
    """The texts that `says` asks for, in a language."""
    plain = node.to_plain() if node is not None else None
    if isinstance(plain, dict):
        return (str(Text.of(plain).in_(locale)),)
    if isinstance(plain, list):
        return tuple(map(str, plain))
    return () if plain is None else (str(plain),)


def refusal_problems(step: Step, refusal: Refusal, locale: str) -> Iterator[Problem]:
    """How a refusal differs from the one that the step expects; it expects one."""
    node = step.refusal or EMPTY
    expected = node if isinstance(node.value, str) else node.get("code") or EMPTY
    codes = [problem.code for problem in refusal.problems]
    if expected.value not in codes:
        yield say.OTHER_REFUSAL(
            expected.place,
            expected=expected.value,
            found=", ".join(dict.fromkeys(codes)),
            sentence=said(refusal),
        )
        return
    meant = [problem for problem in refusal.problems if problem.code == expected.value]
    on = node.get("on")
    if on is not None:
        if not any(problem.path == on.value for problem in meant):
            found = ", ".join(problem.path or "–" for problem in meant)
            yield say.REFUSAL_FIELD(on.place, expected=on.value, found=found)
        meant = [problem for problem in meant if problem.path == on.value] or meant
    says = node.get("says")
    for text in text_of(says, locale):
        sentences = [problem.sentence(locale) for problem in meant]
        if says is not None and not any(text in sentence for sentence in sentences):
            yield say.REFUSAL_TEXT(says.place, expected=text, found="; ".join(sentences))


def said(refusal: Refusal) -> Text:
    """What a refusal says, in each language."""
    return Text(
        {
            locale: "; ".join(
                f"{problem.path}: {problem.sentence(locale)}"
                if problem.path
                else problem.sentence(locale)
                for problem in refusal.problems
            )
            for locale in ("en", "zh")
        }
    )
