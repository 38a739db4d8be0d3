"""From a list's address to a `Query`; a parameter that means nothing is an error, never ignored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Request

from engine.fieldtypes.link import Collection
from engine.permissions.lens import Lens
from engine.problems import Problem, Refusal, Text, did_you_mean
from engine.records import messages as records
from engine.records.query import LIMIT, Query
from webapp import messages as say
from webapp.api.bodies import usable
from webapp.keys import Keys, same
from webapp.languages import PARAMETER

WORDS = ("where", "sort", "fields", "q", "limit", "after", "count")
"""The parameters of lists; every other one is a field to filter by."""
_SEAL_LENGTH = 16


def read_query(request: Request, lens: Lens, keys: Keys) -> Query:
    """The query that the address asks for. Raises Refusal with everything that is wrong."""
    problems: list[Problem] = []
    given = _parameters(request, (*WORDS, PARAMETER), problems)
    filters: dict[str, Any] = {}
    for name, values in given.items():
        if name in WORDS or name == PARAMETER:
            continue
        if lens.may_read(name):
            filters[name] = values[0] if len(values) == 1 else values
        else:
            names = [*WORDS, *(n for n in lens.definition.fields if lens.may_read(n))]
            problems.append(say.UNKNOWN_PARAMETER(name=name[:60], best=did_you_mean(name, names)))
    one = {name: given[name][0] for name in WORDS if name in given}
    limit = _limit(one.get("limit"), problems)
    fields = _names(one["fields"]) if "fields" in one else None
    for name in fields or ():
        found = lens.definition.fields.get(name)
        beside = found is not None and isinstance(found.type, Collection)
        if beside and found not in lens.definition.many and lens.may_read(name):
            expected = Text({"en": "fields of the records themselves", "zh": "记录自身的字段"})
            problems.append(records.BAD_QUERY(key="fields", found=name, expected=expected))
    if problems:
        raise Refusal(*problems)
    return Query(
        where=one.get("where", ""),
        filters=filters,
        sort=_names(one.get("sort", "")),
        words=one.get("q", ""),
        fields=fields,
        limit=limit,
        after=opened(one.get("after", ""), lens.definition.name, keys),
        count=one.get("count", "none"),
        masks=True,
    )


def read_parameters(request: Request, *known: str) -> dict[str, str]:
    """The parameters of a call that has only these. Raises Refusal for any other."""
    problems: list[Problem] = []
    given = _parameters(request, (*known, PARAMETER), problems)
    for name in given:
        if name not in known and name != PARAMETER:
            problems.append(say.UNKNOWN_PARAMETER(name=name[:60], best=did_you_mean(name, known)))
    if problems:
        raise Refusal(*problems)
    return {name: values[0] for name, values in given.items()}


def read_limit(text: str | None) -> int:
    """The parameter `limit` as a number."""
    problems: list[Problem] = []
    limit = _limit(text, problems)
    if problems:
        raise Refusal(*problems)
    return limit


def sealed(cursor: str | None, object: str, keys: Keys) -> str | None:
    """A cursor with a seal: it holds values of the database, so only our own are accepted."""
    return f"{cursor}.{_seal(cursor, object, keys)}" if cursor else None


def opened(text: str, object: str, keys: Keys) -> str:
    """The cursor from a text that `sealed` made. Raises Refusal for any other text."""
    if not text:
        return ""
    cursor, _, seal = text.rpartition(".")
    if not same(seal, _seal(cursor, object, keys)):
        expected = Text({"en": "the `next` of the page before", "zh": "上一页的 `next`"})
        raise Refusal(records.BAD_QUERY(key="after", found=text[:40], expected=expected))
    return cursor


def _seal(cursor: str, object: str, keys: Keys) -> str:
    return keys.sign("cursor", f"{object}:{cursor}")[:_SEAL_LENGTH]


def _parameters(
    request: Request, once: Iterable[str], problems: list[Problem]
) -> dict[str, list[str]]:
    given = request.args.to_dict(flat=False)
    for name, values in given.items():
        if name in once and len(values) > 1:
            problems.append(say.REPEATED_PARAMETER(name=name, count=len(values)))
        if not all(usable(text) for text in (name, *values)):
            problems.append(say.BAD_CHARACTERS(name=repr(name[:40])))
    return given


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _limit(text: str | None, problems: list[Problem]) -> int:
    if text is None:
        return LIMIT
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    expected = Text({"en": "a number", "zh": "数字"})
    problems.append(records.BAD_QUERY(key="limit", found=text[:40], expected=expected))
    return LIMIT
