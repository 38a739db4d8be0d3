"""Log lines: one JSON object each, with a trace, and without a secret."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from engine import logs
from engine.tracing import traced
from support.project import PLATFORM

log = logging.getLogger("formwright.test")


class Terminal(io.StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Where lines go; afterwards the loggers are as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    """What was written; each line must be an object."""
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_word_and_facts(out: io.StringIO) -> None:
    """The message is the event; extras stand beside it; the trace is the current one."""
    logs.install("json", stream=out)
    with traced("t-1"):
        log.info("done", extra={"effect": 7, "seconds": 0.25, "object": "order", "record": 3})
    log.debug("not told")
    (line,) = lines(out)
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info", "logger": "formwright.test", "event": "done", "trace": "t-1",
        "effect": 7, "seconds": 0.25, "object": "order", "record": 3,
    }  # fmt: skip


def test_sentences(out: io.StringIO) -> None:
    """A sentence stands beside its event; texts of any kind stay on one line."""
    logs.install("json", stream=out)
    log.warning("Two\nlines with \x1b[31m%s", "“quotes”", extra={"event": "odd"})
    logging.getLogger("library").error("Some sentence.")
    first, second = lines(out)
    assert (first["event"], first["sentence"]) == ("odd", "Two\nlines with \x1b[31m“quotes”")
    assert (second["event"], second["sentence"]) == ("message", "Some sentence.")


def test_errors(out: io.StringIO) -> None:
    """The kind of the error and its traceback, without the values of a statement."""
    logs.install("json", stream=out)
    told = "wrong\n[parameters: {'mobile': '13800138000'}]\nDETAIL: Key (a)=(b)"
    try:
        raise ValueError(told)
    except ValueError:
        log.exception("unexpected")
    (line,) = lines(out)
    assert (line["event"], line["error"]) == ("unexpected", "ValueError")
    assert "logs_test.py" in line["traceback"]
    assert "13800138000" not in line["traceback"] and "(b)" not in line["traceback"]


@pytest.mark.parametrize("style", ["json", "text"])
def test_secrets(out: io.StringIO, style: str) -> None:
    """Neither under their names, nor in addresses, nor by their values, nor in sentences."""
    logs.install(style, stream=out, hide=['a "quoted" hunter2', "in"])
    log.info("sent", extra={"password": "hunter2-1", "headers": {"Authorization": "hunter2-2"}})
    log.info("sent", extra={"url": "https://u:hunter2-3@a.com/?api_key=hunter2-4&b=visible"})
    log.info('It said a "quoted" hunter2, Bearer hunter2.5abc and token=hunter2-6, indeed.')
    try:
        raise RuntimeError('a "quoted" hunter2')
    except RuntimeError:
        log.exception("unexpected", extra={"answer": 'a "quoted" hunter2'})
    assert "hunter2" not in out.getvalue()
    assert "visible" in out.getvalue() and "indeed" in out.getvalue()


def test_for_a_terminal(out: io.StringIO) -> None:
    """`auto` writes short lines to a terminal, and JSON to whatever else."""
    terminal = Terminal()
    logs.install(stream=terminal)
    with traced("t-2"):
        log.warning("again", extra={"effect": 7})
    assert terminal.getvalue().split()[1:] == ["warning", "again", "trace=t-2", "effect=7"]
    logs.install(stream=out)
    log.info("done")
    assert lines(out)[0]["event"] == "done"


def test_no_value_is_a_line(out: io.StringIO) -> None:
    """Neither a fact, a sentence nor an error's words begin a line, or steer the terminal."""
    logs.install("text", stream=out)
    forged = "a\n12:00:00 error   forged\r\x1b[2J\u2028\x85b"
    log.warning("done", extra={"why": forged})
    log.warning("It said: %s", forged)
    try:
        raise ValueError(forged)
    except ValueError:
        log.exception("unexpected")
    lines = out.getvalue().splitlines()
    begun = [line for line in lines if not line.startswith("    ")]
    assert [line.split()[1] for line in begun] == ["warning", "warning", "error"]
    assert "why=a\\n12:00:00 error   forged\\r\\x1b[2J\\u2028\\x85b" in lines[0]
    assert "\x1b" not in out.getvalue()


def test_levels(out: io.StringIO) -> None:
    """What lies below the level is not told."""
    logs.install("json", stream=out, level="warning")
    log.info("done")
    log.warning("again")
    assert [line["event"] for line in lines(out)] == ["again"]


def test_what_is_no_json(out: io.StringIO) -> None:
    """Whatever a library gives as an extra."""
    logs.install("json", stream=out)
    log.info("odd", extra={"thing": object, "bytes": b"\xff", "half": "\ud800"})
    assert lines(out)[0]["event"] == "odd"


def test_nothing_happens_when_imported() -> None:
    """Neither a handler nor a level is set by importing the whole application."""
    program = (
        "import logging, cli.serve, cli.worker, webapp.app, engine.logs\n"
        "print(logging.getLogger().handlers, logging.getLogger().level)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(PLATFORM)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert told.stdout.strip() == "[] 30", told.stderr
