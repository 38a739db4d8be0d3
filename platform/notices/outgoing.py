"""Outgoing requests that definitions ask for, sent safely (rule 34).

1. The address is read strictly (`outgoing_urls`); what is not encrypted, and ports below 1024 that
   are not those of HTTP, need an administrator's word.
2. The name is resolved once. One address that is not public refuses them all: a mixed answer is
   an attack or a mistake.
3. The connection goes to exactly one of those addresses, so that a name which leads elsewhere a
   moment later (DNS rebinding) changes nothing; the certificate is still the name's.
4. No redirect is followed, no proxy is taken from the environment, nothing is kept between two
   requests. Time is capped from the first connection to the last byte, whatever the receiver
   does in between, and so is what is read of the answer.

Hosts that an administrator names in FORMWRIGHT_OUTGOING_ALLOW are exempt from 1 and 2.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from engine.problems import Problem, Refusal
from notices import outgoing_messages as say
from notices.outgoing_addresses import is_public
from notices.outgoing_urls import FIRST_FREE_PORT, PORTS, Target, read_url

MOST_READ = 64 * 1024
"""Bytes of an answer that are read; the rest is left unread."""
AGENT = "Formwright"
_WENT_WRONG = (OSError, http.client.HTTPException, HTTPError)

Resolve = Callable[[str, int], Sequence[str]]
"""The IP addresses of a host for a port. Raises OSError."""


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host by the system's resolver, each once, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class NotSent(Exception):
    """There was no answer; another time there may be one."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.line())
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said; `body` is cut where it was too long or came too slowly."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header's value, or an empty string. `name` is in small letters."""
        return self.headers.get(name, "")


@dataclass(eq=False)
class Client:
    """Sends requests. `allowed` are the hosts (`host` or `host:port`) that may be internal.

    Certificates are judged by the system's authorities, or by those in SSL_CERT_FILE.
    """

    allowed: Collection[str] = ()
    resolve: Resolve = field(default=resolved, repr=False)

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float = 10.0
    ) -> Answer:
        """Sends `body` and gives the answer, whatever its status, within `timeout` seconds.

        Raises Refusal for an address that must not be called, NotSent where there is no answer.
        The time counts from the moment at which the name is resolved.
        """
        target = read_url(url)
        addresses = self._addresses(target)
        deadline = time.monotonic() + timeout
        opened = _opened(target, addresses, deadline)
        with _Guard(opened, deadline) as guard:
            try:
                connection = self._connection(target, opened, timeout)
                return _answer(connection, guard, target.path, body, headers)
            except ssl.SSLCertVerificationError as error:
                why = error.verify_message or str(error)
                raise NotSent(say.BAD_CERTIFICATE(origin=target.origin, why=why)) from None
            except _WENT_WRONG as error:
                if guard.ended or isinstance(error, TimeoutError):
                    problem = say.NO_ANSWER(origin=target.origin, seconds=f"{timeout:g}")
                else:
                    problem = say.NOT_REACHED(origin=target.origin, why=_reason(error))
                raise NotSent(problem) from None

    def _addresses(self, target: Target) -> Sequence[str]:
        """The addresses that the target may be reached at."""
        exempt = target.in_(self.allowed)
        about = {"origin": target.origin, "host": target.host}
        if not exempt:
            if target.scheme == "http":
                raise Refusal(say.NOT_ENCRYPTED(**about))
            if target.port < FIRST_FREE_PORT and target.port not in PORTS.values():
                raise Refusal(say.PORT_REFUSED(**about))
        try:
            found = self.resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            why = _reason(error)
            raise NotSent(say.NO_ADDRESS(origin=target.origin, why=why)) from None
        if not exempt:
            for address in found:
                if not is_public(address):
                    raise Refusal(say.ADDRESS_NOT_PUBLIC(address=address, **about))
        return found

    def _connection(self, target: Target, opened: socket.socket, timeout: float) -> HTTPConnection:
        made: _Plain | _Encrypted
        if target.scheme == "https":
            made = _Encrypted(target.host, target.port, timeout=timeout, ssl_context=self._context)
        else:
            made = _Plain(target.host, target.port, timeout=timeout)
        made.opened = opened
        return made

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context()


class _Plain(HTTPConnection):
    """A connection over a socket that is open already, whatever the host's name leads to by now."""

    opened: socket.socket

    def _new_conn(self) -> socket.socket:
        return self.opened


class _Encrypted(HTTPSConnection):
    """The same with TLS: the certificate must be the host's."""

    opened: socket.socket

    def _new_conn(self) -> socket.socket:
        return self.opened


class _Guard:
    """Ends a connection at its deadline, wherever it hangs.

    A time-out of the socket alone begins anew with every byte that a receiver lets drip.
    """

    def __init__(self, opened: socket.socket, deadline: float) -> None:
        self.ended = False
        self._opened = opened
        self._twin = opened.dup()  # TLS takes the socket itself away from us
        self._timer = threading.Timer(max(deadline - time.monotonic(), 0), self._end)
        self._timer.daemon = True

    def __enter__(self) -> _Guard:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._twin.close()
        self._opened.close()

    def _end(self) -> None:
        self.ended = True
        with contextlib.suppress(OSError):
            self._twin.shutdown(socket.SHUT_RDWR)


def _opened(target: Target, addresses: Sequence[str], deadline: float) -> socket.socket:
    """A connection to the first of the addresses that takes one."""
    why = "no address"
    for address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((address, target.port), timeout=left)
        except OSError as error:
            why = _reason(error)
    raise NotSent(say.NOT_REACHED(origin=target.origin, why=why))


def _answer(
    connection: HTTPConnection, guard: _Guard, path: str, body: bytes, headers: Mapping[str, str]
) -> Answer:
    with contextlib.closing(connection):
        sent = {"User-Agent": AGENT, "Connection": "close", **headers}
        connection.request("POST", path, body, sent, preload_content=False, decode_content=False)
        response = connection.getresponse()
        if guard.ended:  # half a head looks like a whole one to the library
            raise TimeoutError
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, found, _beginning(response))


def _beginning(response: BaseHTTPResponse) -> bytes:
    """The beginning of the body; what follows an interruption is not missed."""
    parts: list[bytes] = []
    size = 0
    with contextlib.suppress(*_WENT_WRONG):
        while size < MOST_READ and (part := response.read1(MOST_READ - size)):
            parts.append(part)
            size += len(part)
    return b"".join(parts)


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
