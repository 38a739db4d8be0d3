"""Names of hosts, as a setting lists them and as a request brings them."""

from __future__ import annotations

import re

from engine.problems import Message, Problem

LONGEST = 253
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_V6 = re.compile(r"\[[0-9a-f:.]{2,45}\]")
_PORT = re.compile(r":[0-9]{0,5}$")

BAD_HOST = Message(
    "site-host",
    en="FORMWRIGHT_HOSTS names {host!r}, which is no name of a host",
    zh="FORMWRIGHT_HOSTS 中的 {host!r} 不是主机名",
    hint_en="write names without scheme, port or path, separated by commas: crm.acme.com",
    hint_zh="请填写主机名，不带协议、端口和路径，以逗号分隔，例如 crm.acme.com",
)


def read_hosts(text: str, problems: list[Problem]) -> tuple[str, ...]:
    """The hosts of the setting, each once; adds to `problems` what is none."""
    found: dict[str, None] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        host = host_named(part)
        if host is None or _PORT.search(part.removesuffix("]")):
            problems.append(BAD_HOST(host=part[:80]))
        else:
            found[host] = None
    return tuple(found)


def host_named(header: str) -> str | None:
    """The host that a `Host` header names, as settings have it; None where it names none.

    The port says nothing about whose site it is. Names beyond ASCII are what the name service
    makes of them (IDNA), letters are small, and the dot of the root is left out.
    """
    host = header.strip().lower()
    if not host.startswith("[") or not host.endswith("]"):
        host = _PORT.sub("", host)
    if host.startswith("["):
        return host if _V6.fullmatch(host) else None
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    host = host.removesuffix(".")
    return host if len(host) <= LONGEST and _NAME.fullmatch(host) else None
