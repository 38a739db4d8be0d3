"""JSON bodies, read strictly: what two readers could understand differently is refused."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

from flask import Request

from engine.problems import Problem, Refusal, Text
from webapp import messages as say

LARGEST = 5 * 2**20
"""Bytes of a body."""
DEEPEST = 20
"""Levels of lists and objects inside each other."""

_OBJECT = Text({"en": "an object", "zh": "一个对象"})
_EITHER = Text({"en": "an object or a list of objects", "zh": "一个对象或对象列表"})


def body_object(request: Request, *, optional: bool = False) -> dict[str, Any]:
    """The body as one object; with `optional`, no body is an empty one.

    Raises Refusal for anything else.
    """
    if optional and not request.get_data(cache=True):
        return {}
    value = read_body(request)
    if not isinstance(value, dict):
        raise Refusal(say.BAD_SHAPE(expected=_OBJECT))
    return value


def body_objects(request: Request) -> dict[str, Any] | list[dict[str, Any]]:
    """The body as one object or a list of objects. Raises Refusal for anything else."""
    value = read_body(request)
    if isinstance(value, dict):
        return value
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Refusal(say.BAD_SHAPE(expected=_EITHER))
    return value


def read_body(request: Request) -> Any:
    """The body's JSON value. Raises Refusal for another content type or unusable JSON."""
    if not request.is_json:
        raise Refusal(say.NOT_JSON(found=request.mimetype[:60]))
    return parsed(request.get_data(cache=True))


def parsed(raw: bytes) -> Any:
    """The value of a JSON text in UTF-8; numbers with a fraction are Decimals.

    Raises Refusal for syntax errors, duplicate keys, NaN and infinities, texts that no column
    can hold, and more than `DEEPEST` levels.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_constant,
            parse_float=Decimal,
        )
    except RecursionError:
        raise Refusal(_too_deep()) from None
    except UnicodeDecodeError:
        reason = Text({"en": "it is not UTF-8", "zh": "不是 UTF-8 编码"})
        raise Refusal(say.BAD_JSON(reason=reason)) from None
    except json.JSONDecodeError as error:
        where = f"{error.msg}, {error.lineno}:{error.colno}"
        raise Refusal(say.BAD_JSON(reason=where)) from None
    except (ValueError, ArithmeticError):  # numbers with thousands of digits
        reason = Text({"en": "a number is too large", "zh": "数字过大"})
        raise Refusal(say.BAD_JSON(reason=reason)) from None
    _check(value, 0)
    return value


def usable(text: str) -> bool:
    """Whether a column can hold the text: neither NUL nor half a surrogate pair."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Refusal(
            say.BAD_JSON(
                reason=Text({"en": f"{twice!r} occurs twice", "zh": f"{twice!r} 重复出现"})
            )
        )
    return result


def _no_constant(word: str) -> NoReturn:
    reason = Text({"en": f"{word} is no JSON number", "zh": f"{word} 不是 JSON 数字"})
    raise Refusal(say.BAD_JSON(reason=reason))


def _check(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise Refusal(_too_deep())
    if isinstance(value, str):
        if not usable(value):
            raise Refusal(say.BAD_CHARACTERS(name=repr(value[:40])))
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not usable(key):
                raise Refusal(say.BAD_CHARACTERS(name=repr(key[:40])))
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)


def _too_deep() -> Problem:
    reason = Text(
        {"en": f"more than {DEEPEST} levels inside each other", "zh": f"嵌套超过 {DEEPEST} 层"}
    )
    return say.BAD_JSON(reason=reason)
