"""Redaction: data as people may be shown it in logs, screens and answers (rule 38).

Values under keys that name a secret are masked, so are passwords and tokens within addresses and
within texts that somebody wrote freely; what is long is cut, since it is shown and not used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

MASK = "•••"
CUT = "…"
LONGEST_TEXT = 500
MOST_ITEMS = 50
DEEPEST = 8

_SECRET = re.compile(
    r"passw(or)?d|passphrase|secret|token|authoriz|credential|cookie|signature"
    r"|(api|access|private|encryption|signing)[_-]?key|bearer|^pwd$",
    re.IGNORECASE,
)
_USER_IN_ADDRESS = re.compile(r"(?<=://)[^/?#\s@:]*:[^/?#\s]*(?=@)")
"""Up to the last @ before the path: a password may hold one, a host may not (RFC 3986, 3.2)."""
_PARAMETER = re.compile(r"(?<=[?&])([^=&#\s]{1,60})=([^&#\s]*)")
_VALUE = rf"(?!['\"]?{MASK})(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s'\"]+)"
_HEADER = re.compile(
    rf"(?i)\b(authorization['\"]?\s*[=:]\s*)(['\"]?)(?:[a-z][a-z0-9-]*[ \t]+)?{_VALUE}"
)
_SCHEME = re.compile(
    r"(?i)\b(bearer[ \t]+|basic[ \t]+(?=[A-Za-z0-9+/_-]*[0-9=]))[A-Za-z0-9._~+/=-]{6,}"
)
"""Credentials as RFC 6750 and RFC 7617 write them; most words after "basic" are just words."""
_ASSIGNED = re.compile(
    r"(?i)((?:passw(?:or)?d|passphrase|\bpwd|secret|token"
    r"|(?:api|access|private|encryption|signing)[_-]?key)\w{0,40}['\"]?\s*[=:]\s*)" + _VALUE
)


def names_secret(key: str) -> bool:
    """Whether what stands under this key is nobody's to read."""
    return _SECRET.search(key) is not None


def redacted(value: Any, longest: int = LONGEST_TEXT) -> Any:
    """A copy of plain JSON data without secrets: texts of at most `longest` characters, lists and
    maps of at most `MOST_ITEMS` items and `DEEPEST` levels."""
    return _redacted(value, longest, 0)


def redacted_text(text: str, longest: int = LONGEST_TEXT) -> str:
    """A text without what looks like a secret, in addresses and elsewhere, of at most `longest`
    characters."""
    if "://" in text:
        text = _USER_IN_ADDRESS.sub(MASK, text)
        text = _PARAMETER.sub(
            lambda found: f"{found[1]}={MASK if names_secret(found[1]) else found[2]}", text
        )
    text = _HEADER.sub(rf"\1\2{MASK}", text)
    text = _SCHEME.sub(rf"\1{MASK}", text)
    text = _ASSIGNED.sub(rf"\1{MASK}", text)
    return text if len(text) <= longest else text[:longest] + CUT


def secrets_within(address: str) -> list[str]:
    """The passwords and tokens that an address holds, as they are written and decoded."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return []
    found = [parts.password or ""]
    found += [value for key, value in parse_qsl(parts.query) if names_secret(key)]
    return [text for text in {*found, *map(unquote, found)} if text]


def _redacted(value: Any, longest: int, depth: int) -> Any:
    if isinstance(value, str):
        return redacted_text(value, longest)
    if isinstance(value, Mapping):
        return CUT if depth >= DEEPEST else _map(value, longest, depth)
    if isinstance(value, list | tuple):
        if depth >= DEEPEST:
            return CUT
        items = [_redacted(item, longest, depth + 1) for item in value[:MOST_ITEMS]]
        return [*items, CUT] if len(value) > MOST_ITEMS else items
    return value


def _map(value: Mapping[Any, Any], longest: int, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, (key, item) in enumerate(value.items()):
        if number == MOST_ITEMS:
            found[CUT] = len(value) - MOST_ITEMS
            break
        name = redacted_text(str(key), longest)
        hidden = names_secret(name) and item not in (None, "", False)
        found[name] = MASK if hidden else _redacted(item, longest, depth + 1)
    return found
