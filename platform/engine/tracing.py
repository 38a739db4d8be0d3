"""One id that goes with a piece of work, from the request that asked for it to its last effect.

A request, a command or a job sets it; log lines, outbox rows and outgoing requests carry it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("trace", default="")
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
