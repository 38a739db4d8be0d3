"""Several sites in one process: each request goes to the site of the host that it names.

1. The host is that of the `Host` header, exactly, whatever its port. `X-Forwarded-Host` is not
   read: a proxy in front passes `Host` on.
2. A host of no site is answered 421, with a sentence and nothing of any site.
3. A site that could not be opened is answered 503 until it can; the others do not notice.
4. Sites share the threads of a process. One whose requests hang (a database that does not answer)
   would soon hold all of them; so it gets no more than some while that lasts.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wsgi import ClosingIterator

from assembly.hosts import host_named
from engine.tracing import enter_site

Start = Callable[..., Any]
Environ = dict[str, Any]
Wsgi = Callable[[Environ, Start], Iterable[bytes]]

HANGS = 2.0
"""Seconds after which a request counts as one that hangs."""
REMEMBERED = 30.0
"""Seconds for which a site whose requests hung and failed is kept from taking many threads."""
FEW = 2
"""Threads that such a site may hold."""
AGAIN_AFTER = "10"

NO_SITE = (
    "421 Misdirected Request",
    "no-such-site",
    "There is no site at this address. 此地址没有站点。",
)
AWAY = (
    "503 Service Unavailable",
    "site-away",
    "This site cannot be used at the moment; please try again soon."
    " 此站点暂时无法使用，请稍后再试。",
)


@dataclass(eq=False)
class Served:
    """A site in this process; `app` is None as long as it cannot be opened."""

    name: str
    hosts: Sequence[str]
    app: Wsgi | None = None
    running: dict[int, float] = field(default_factory=dict)
    failed_at: float = float("-inf")

    def has_room(self, threads: int, now: float) -> bool:
        """Whether one more of its requests may take one of the process's threads."""
        if now - self.failed_at < REMEMBERED:
            return len(self.running) < FEW
        hanging = sum(1 for began in [*self.running.values()] if now - began > HANGS)
        return hanging < max(FEW, threads // 2)

    def ended(self, number: int, failed: bool) -> None:
        """A request has been answered, or left."""
        began = self.running.pop(number, None)
        if not failed:
            self.failed_at = float("-inf")
        elif began is not None and time.monotonic() - began > HANGS:
            self.failed_at = time.monotonic()


class Hosts:
    """The WSGI application in front of those of the sites. `threads` is how many the process has.

    `served` is replaced as a whole and never changed, so that no request sees half of it.
    """

    def __init__(self, served: Iterable[Served], threads: int) -> None:
        self.threads = threads
        self.served: Mapping[str, Served] = {}
        self.several = False
        self._numbers = itertools.count()
        self.serve(served)

    def serve(self, served: Iterable[Served]) -> None:
        """From now on these, by one assignment."""
        every = [*served]
        self.several = len(every) > 1
        self.served = {host: one for one in every for host in one.hosts}

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answers a request, or has the site do it."""
        host = host_named(environ.get("HTTP_HOST", ""))
        found = self.served.get(host) if host else None
        enter_site(found.name if found else "")
        if found is None or found.app is None:
            if environ.get("PATH_INFO") == "/healthz":  # the process lives, which is no secret
                return _said("200 OK", "", "ok", environ, start)
            return _said(*(AWAY if found else NO_SITE), environ, start)
        if self.several and not found.has_room(self.threads, _now()):
            return _said(*AWAY, environ, start)
        return self._answered(found, found.app, environ, start)

    def _answered(
        self, found: Served, app: Wsgi, environ: Environ, start: Start
    ) -> Iterable[bytes]:
        number, failed = next(self._numbers), True

        def noting(status: str, *more: Any) -> Any:
            nonlocal failed
            failed = status.startswith("5")
            return start(status, *more)

        found.running[number] = _now()
        try:
            answer = app(environ, noting)
        except BaseException:
            found.ended(number, True)
            raise
        return ClosingIterator(answer, lambda: found.ended(number, failed))


def _now() -> float:
    return time.monotonic()


def _said(status: str, code: str, sentence: str, environ: Environ, start: Start) -> Iterable[bytes]:
    """An answer that is nobody's: what it says is the same for every site and every host."""
    kind, body = "text/plain; charset=utf-8", f"{sentence}\n"
    if "text/html" not in environ.get("HTTP_ACCEPT", ""):
        kind = "application/problem+json" if code else "application/json"
        told = {"status": int(status[:3]), "code": code, "detail": sentence}
        body = json.dumps(told if code else {"status": sentence}, ensure_ascii=False) + "\n"
    encoded = body.encode()
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(encoded))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ]
    if status.startswith("503"):
        headers.append(("Retry-After", AGAIN_AFTER))
    start(status, headers)
    return [encoded]
