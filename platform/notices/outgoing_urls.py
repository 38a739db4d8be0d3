"""Addresses of outgoing requests: read once, strictly, and connected to from the same parts.

Two readers of one address that disagree about its host are a way around every check, so nothing
that has two readings is taken: no credentials, no backslashes, no control or non-ASCII characters,
no IP address in a spelling of its own (`0177.0.0.1`, `2130706433`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.problems import Place, Problem, Refusal, Text
from notices import outgoing_messages as say

PORTS = {"http": 80, "https": 443}
LONGEST = 2_000
FIRST_FREE_PORT = 1024
"""Below it other services than HTTP have their ports, and must not be sent text that we made."""

_PRINTABLE = re.compile(r"[!-\[\]-~]+")  # ASCII without spaces and the backslash
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_INTERNAL = re.compile(r"(^|\.)(localhost|local|internal|intranet|lan|home\.arpa|test)$")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. `path` begins with a slash and has the query with it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def name(self) -> str:
        """Host and port as administrators write them into the list of allowed hosts."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what may stand in a log, where a path may hold a secret."""
        return f"{self.scheme}://{self.name}"

    def in_(self, allowed: Collection[str]) -> bool:
        """Whether the list of allowed hosts (`host` or `host:port`) names it."""
        return bool({self.host, self.name, self.name.removesuffix(f":{self.port}")} & set(allowed))

    @property
    def internal(self) -> bool:
        """Whether the host's name says that it stands in a network of its own."""
        try:
            return not ipaddress.ip_address(self.host).is_global
        except ValueError:
            return "." not in self.host or bool(_INTERNAL.search(self.host))


def read_url(text: str, place: Place | None = None) -> Target:
    """The parts of an address. Raises Refusal, at `place`, when it is not usable."""
    if not _PRINTABLE.fullmatch(text) or len(text) > LONGEST:
        raise Refusal(_bad(place, say.CHARACTERS))
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refusal(_bad(place, say.HOST)) from None
    if parts.scheme not in PORTS:
        raise Refusal(_bad(place, say.SCHEME))
    if "@" in parts.netloc:
        raise Refusal(say.CREDENTIALS_IN_URL(place))
    if parts.fragment:
        raise Refusal(_bad(place, say.FRAGMENT))
    host = host.removesuffix(".")
    if not _is_host(host):
        raise Refusal(_bad(place, say.HOST))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or PORTS[parts.scheme], path)


def allowed_hosts(text: str) -> tuple[str, ...]:
    """The list of allowed hosts from its setting: `host` or `host:port`, by commas."""
    return tuple(part.strip().lower() for part in text.split(",") if part.strip())


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            return not ipaddress.IPv6Address(host).scope_id
        except ValueError:
            return False
    if not _HOST.fullmatch(host):
        return False
    last = host.rpartition(".")[2]
    if last[0].isdigit():  # a number in whatever spelling: only the usual one has one meaning
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            return False
    return True


def _bad(place: Place | None, why: Text) -> Problem:
    return say.BAD_URL(place, why=why)
