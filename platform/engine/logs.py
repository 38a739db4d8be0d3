"""Log lines: one JSON object each for machines, or one short line for a terminal.

    log = logging.getLogger("formwright.jobs")
    log.info("done", extra={"effect": 7, "seconds": 0.02})
    -> {"at": "…", "level": "info", "logger": "formwright.jobs", "event": "done", "trace": "…",
        "effect": 7, "seconds": 0.02}

A message that is one word is the event; a sentence stands beside an event of its own
(`extra={"event": …}`). The trace is that of `engine.tracing`, so one id leads from a request to
everything that came of it. What names a secret, and the values given as such, are masked
(rule 38). Nothing is set up until a process calls `install`.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, TextIO

from engine.redaction import MASK, redacted, redacted_text
from engine.tracing import current_site, current_trace

STYLES = ("json", "text", "auto")
MOST = 16_000
"""Characters of a traceback that are kept: its end, where the error is."""
SHORTEST_SECRET = 6
"""Shorter texts are no secrets worth masking; they would mask half a line."""

_WORD = re.compile(r"[a-z][a-z0-9_-]*")
_ROW_VALUES = re.compile(r"(?m)^(\[parameters: |DETAIL:).*$")
"""How SQLAlchemy and PostgreSQL tell the values that a statement was about."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What would end a line, or steer a terminal."""
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "event", "taskName"}
"""What a record has by itself; whatever else it has was given as `extra`."""


class JsonLines(logging.Formatter):
    """A record as one line of JSON. `hide` are texts that no line may hold."""

    def __init__(self, hide: Collection[str] = ()) -> None:
        super().__init__()
        self.hide = _escaped(hide)

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = json.dumps(facts(record), ensure_ascii=False, default=str)
        return _masked(line, self.hide)


class ShortLines(logging.Formatter):
    """A record as a line for people: time, level, event, facts; a traceback below it, indented.

    Control characters are escaped, so that no value looks like a line of its own.
    """

    def __init__(self, hide: Collection[str] = ()) -> None:
        super().__init__()
        self.hide = tuple(hide)

    def format(self, record: logging.LogRecord) -> str:
        """The text, without its end."""
        found = facts(record)
        moment = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        trouble = found.pop("traceback", "")
        said = found.pop("sentence", "") or found["event"]
        rest = " ".join(
            f"{name}={value}"
            for name, value in found.items()
            if name not in ("at", "level", "logger", "event")
        )
        text = " ".join(filter(None, (moment, record.levelname.lower().ljust(7), said, rest)))
        text = _on_one_line(text)
        trouble = "\n".join(f"    {_on_one_line(line)}" for line in trouble.split("\n"))
        trouble = trouble.rstrip()
        return _masked(f"{text}\n{trouble}" if trouble else text, self.hide)


def facts(record: logging.LogRecord) -> dict[str, Any]:
    """What a record says, without secrets."""
    said = record.getMessage()
    word = _WORD.fullmatch(said) is not None
    event = getattr(record, "event", None) or (said if word else "message")
    moment = datetime.fromtimestamp(record.created, UTC)
    found: dict[str, Any] = {
        "at": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": event,
    }
    if not word:
        found["sentence"] = _free(said)
    if site := current_site():
        found["site"] = site
    if trace := current_trace():
        found["trace"] = trace
    extras = {name: value for name, value in vars(record).items() if name not in _OWN}
    found |= {k: v for k, v in redacted(extras).items() if k not in found}
    if record.exc_info and record.exc_info[0] is not None:
        found["error"] = record.exc_info[0].__name__
        found["traceback"] = _free("".join(traceback.format_exception(*record.exc_info)))[-MOST:]
    return found


def install(
    style: str = "auto",
    *,
    level: str = "info",
    stream: TextIO | None = None,
    hide: Collection[str] = (),
) -> None:
    """Sends all log lines of this process to `stream` (standard error), and to nowhere else.

    `style` is json, text, or auto: text for a terminal. `level` is the least that is told, `hide`
    are values of secrets.
    """
    out = stream or sys.stderr
    if style == "auto":
        style = "text" if out.isatty() else "json"
    secrets = sorted((text for text in hide if len(text) >= SHORTEST_SECRET), key=len, reverse=True)
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines(secrets) if style == "json" else ShortLines(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)


def _free(text: str) -> str:
    """A text that somebody wrote freely, without what looks like a secret."""
    text = _ROW_VALUES.sub(rf"\1 {MASK}", text)
    return redacted_text(text, longest=10 * MOST)


def _on_one_line(text: str) -> str:
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _escaped(hide: Collection[str]) -> tuple[str, ...]:
    """Texts as they stand within JSON."""
    return tuple(json.dumps(text, ensure_ascii=False)[1:-1] for text in hide)


def _masked(text: str, hide: Collection[str]) -> str:
    for secret in hide:
        text = text.replace(secret, MASK)
    return text
