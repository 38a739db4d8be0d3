"""ETag and If-Match: a record's version over HTTP (RFC 9110, sections 8.8.3 and 13.1)."""

from __future__ import annotations

import re

from flask import Request

from engine.problems import Refusal
from webapp import messages as say

_ONE = re.compile(r'\s*"([0-9]{1,18})"\s*', re.ASCII)


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def expected_version(request: Request) -> int | None:
    """The version that the change was made from; None when any will do.

    Raises Refusal when `If-Match` is there and is neither `*` nor one of our tags.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    match = _ONE.fullmatch(header)
    if match is None:
        raise Refusal(say.BAD_IF_MATCH(example=etag(7)))
    return int(match[1])


def not_modified(request: Request, version: int) -> bool:
    """Whether `If-None-Match` names the version, so that the client has it already."""
    header = request.headers.get("If-None-Match", "")
    return any(part.strip().removeprefix("W/") == etag(version) for part in header.split(","))
