"""Text for machines: a piece of code, kept as it is, and JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from engine.fieldtypes.base import not_readable
from engine.fieldtypes.text import MULTILINE_LIMIT, TextType
from engine.problems import Message, Refusal

DEEPEST = 50
NOT_JSON = Message(
    "not-json",
    en="this is no JSON: {why} in line {line}, column {column}",
    zh="不是有效的 JSON：第 {line} 行第 {column} 列，{why}",
)
TOO_DEEP = Message(
    "json-too-deep",
    en="the JSON is nested more than {most} levels deep",
    zh="JSON 嵌套超过 {most} 层",
)


@dataclass(frozen=True, kw_only=True)
class Code(TextType):
    """Text of several lines whose blanks matter, shown in letters of one width."""

    name = "code"
    control = "code"
    textual = False
    multiline: bool = True

    def read(self, raw: Any) -> str | None:
        if raw is not None and not isinstance(raw, str):
            raise not_readable(raw, "a text", "文本")
        if raw is None or not raw.strip():
            return None
        return self.limited(self._cleaned(raw).strip("\n"))


@dataclass(frozen=True, kw_only=True)
class Json(TextType):
    """A JSON value. Records hold it as text in one form, so that equal values are equal texts."""

    name = "json"
    control = "code"
    textual = False
    multiline: bool = True
    max_length: int = MULTILINE_LIMIT

    def read(self, raw: Any) -> str | None:
        value = raw
        if isinstance(raw, str):
            if not raw.strip():
                return None
            value = _parsed(self.limited(raw))
        if value is None:
            return None
        _check_depth(value, DEEPEST)
        try:
            text = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
        except (TypeError, ValueError):
            raise not_readable(raw, "JSON", " JSON") from None
        return self.limited(self._cleaned(text))

    def to_json(self, value: Any) -> Any:
        return None if value is None else json.loads(value)


def _parsed(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise not_readable(constant, "a JSON value", " JSON 值")

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        problem = NOT_JSON(why=error.msg, line=error.lineno, column=error.colno)
        raise Refusal(problem) from None
    except RecursionError:
        raise Refusal(TOO_DEEP(most=DEEPEST)) from None


def _check_depth(value: Any, left: int) -> None:
    if left == 0:
        raise Refusal(TOO_DEEP(most=DEEPEST))
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            _check_depth(inner, left - 1)
