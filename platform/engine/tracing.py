"""One id that goes with a piece of work, from the request that asked for it to its last effect.

A request, a command or a job sets it; log lines, outbox rows and outgoing requests carry it.
Where a process serves several sites, log lines say for which of them it worked, too.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("trace", default="")
_site: ContextVar[str] = ContextVar("site", default="")
_USABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def current_trace() -> str:
    """The id of what is being done, or an empty string outside of `traced`."""
    return _current.get()


def new_trace() -> str:
    """A fresh id of 16 hexadecimal digits."""
    return secrets.token_hex(8)


@contextmanager
def traced(trace: str = "") -> Iterator[str]:
    """Everything within goes under `trace`; a fresh id where it is missing or unusable."""
    used = trace if _USABLE.fullmatch(trace) else new_trace()
    token = _current.set(used)
    try:
        yield used
    finally:
        _current.reset(token)


def current_site() -> str:
    """The name of the site that is worked for, or an empty string where there is only one."""
    return _site.get()


def enter_site(name: str) -> None:
    """From here on this thread works for that site."""
    _site.set(name)
