"""Problems: what is wrong, where, and what to do about it, in the reader's language.

A problem is a value (gathered with others, raised once at the edge), made from a declared
`Message`, so that every sentence exists in English and Chinese and carries a stable code.

    UNKNOWN_KEY = Message(
        "unknown-key",
        en="there is no key {key!r} here",
        zh="此处没有名为 {key!r} 的键",
        hint_en="did you mean {best!r}?",
        hint_zh="是否想写 {best!r}？",
    )
    UNKNOWN_KEY(place, key="lable", best="label")      -> Problem

`str(problem)` is `file:line:column: code sentence (hint)`, the form that editors can jump to.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

DEFAULT_LOCALE = "en"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something was written: a file and a one-based line and column."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def shifted(self, columns: int) -> Place:
        """The place `columns` characters further right on the same line."""
        return Place(self.file, self.line, self.column + columns)


@dataclass(frozen=True, slots=True)
class Text:
    """A text that a person reads, by locale. Plain strings serve every locale."""

    by_locale: Mapping[str, str]

    @classmethod
    def of(cls, raw: str | Mapping[str, str]) -> Text:
        """From YAML's form: a string, or a map of locales to strings."""
        return cls({"": raw} if isinstance(raw, str) else dict(raw))

    def in_(self, locale: str) -> str:
        """The text in `locale` ("zh", "zh_CN"), else its language, else English, else any."""
        for key in (locale, locale.split("_")[0].split("-")[0], "", DEFAULT_LOCALE):
            if key in self.by_locale:
                return self.by_locale[key]
        return next(iter(self.by_locale.values()), "")

    def __str__(self) -> str:
        return self.in_(DEFAULT_LOCALE)


@dataclass(frozen=True, slots=True)
class Message:
    """A kind of problem: its stable code and its sentence in each language.

    Templates use `str.format` names. A hint whose names were not all given, or were given as
    an empty value, is left out: `best=""` means that there is nothing to suggest.
    """

    code: str
    en: str
    zh: str
    hint_en: str = ""
    hint_zh: str = ""

    def __call__(self, place: Place | None = None, /, *, path: str = "", **args: Any) -> Problem:
        """A problem of this kind. `path` names the record's field, for input ("lines[2].price")."""
        return Problem(self, args, place, path)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: `message` filled with `args`, at `place` or for the field `path`."""

    message: Message
    args: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = None
    path: str = ""

    @property
    def code(self) -> str:
        """The stable word for this kind of problem."""
        return self.message.code

    def sentence(self, locale: str = DEFAULT_LOCALE) -> str:
        """What is wrong, without place and hint."""
        template = self.message.zh if _is_chinese(locale) else self.message.en
        return template.format(**self._localised(locale))

    def hint(self, locale: str = DEFAULT_LOCALE) -> str:
        """What to do about it, or an empty string."""
        template = self.message.hint_zh if _is_chinese(locale) else self.message.hint_en
        args = self._localised(locale)
        return "" if _mentions_empty(template, args) else template.format(**args)

    def line(self, locale: str = DEFAULT_LOCALE) -> str:
        """The whole problem on one line, with its place where it has one."""
        place = f"{self.place}: " if self.place else ""
        return f"{place}{self.code} {self.advice(locale)}"

    def advice(self, locale: str = DEFAULT_LOCALE) -> str:
        """What is wrong, and the hint in parentheses where there is one."""
        hint = self.hint(locale)
        return f"{self.sentence(locale)}{f' ({hint})' if hint else ''}"

    def at(self, place: Place) -> Problem:
        """The same problem at another place."""
        return replace(self, place=place)

    def on(self, path: str) -> Problem:
        """The same problem for the field `path`."""
        return replace(self, path=path)

    def _localised(self, locale: str) -> dict[str, Any]:
        return {
            key: value.in_(locale) if isinstance(value, Text) else value
            for key, value in self.args.items()
        }

    def __str__(self) -> str:
        return self.line()


class Refusal(Exception):
    """Something asked for cannot be done; `problems` say why, all of them together."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems: tuple[Problem, ...] = problems

    def __str__(self) -> str:
        return "\n".join(problem.line() for problem in self.problems)


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """The candidate that `word` was probably meant to be, or an empty string.

    Uses the standard library's Ratcliff/Obershelp similarity with its usual cut-off.
    """
    close = difflib.get_close_matches(word, list(candidates), n=1)
    return close[0] if close else ""


def _is_chinese(locale: str) -> bool:
    return locale.lower().startswith("zh")


def _mentions_empty(template: str, args: Mapping[str, Any]) -> bool:
    return any(value == "" and ("{" + key) in template for key, value in args.items())
