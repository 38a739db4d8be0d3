"""From the asking process: jobs handed to rendering processes, and PDFs taken back.

A rendering process starts with the first document and stays for the next ones, so that only the
first waits for WeasyPrint to load; this process never loads it. It gets plain data (JSON), no
settings and no secrets, and is ended when a job exceeds its limits or its time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from documents import messages as say
from engine.problems import Place, Problem, Refusal

_ROOT = Path(__file__).resolve().parents[1]
_PROGRAM = "import sys; sys.path.insert(0, {root!r}); from documents.worker import main; main()"
_PASSED_ON = (
    "PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
    "XDG_DATA_HOME", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH",
)  # fmt: skip
MB = 1024 * 1024
PATIENCE = 60.0
"""Seconds to wait for a free process, where nobody looks at a screen meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one document may take: seconds of CPU and of waiting, bytes of memory, HTML and PDF."""

    cpu: int = 20
    wait: float = 60.0
    memory: int = 512 * MB
    html: int = 20 * MB
    size: int = 50 * MB


@dataclass(frozen=True, kw_only=True)
class Job:
    """One document to be made: templates by file name, which of them, content, assets (base64).

    `background` is a picture that repeats under the text of every page, as a `data:` address.
    """

    template: str
    templates: Mapping[str, str]
    content: Mapping[str, Any]
    assets: Mapping[str, str] = field(default_factory=dict)
    background: str = ""


class Busy(Refusal):
    """All rendering processes were at work for as long as somebody would wait."""


class Renderer:
    """A small pool of rendering processes. Safe to be used from several threads."""

    def __init__(self, limits: Limits | None = None, size: int = 2, documents: int = 500) -> None:
        """`size` processes at most; each is replaced after so many `documents`."""
        self.limits = limits or Limits()
        self.documents = documents
        self._places = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._owner = os.getpid()

    def render(self, job: Job, patience: float = PATIENCE) -> bytes:
        """The PDF. Raises Refusal with the reason where there is none.

        It waits at most `patience` seconds for a free process, and raises Busy when there is none.
        """
        limits = self.limits
        request = json.dumps(
            {
                "template": job.template,
                "templates": dict(job.templates),
                "content": job.content,
                "assets": dict(job.assets),
                "background": job.background,
                "most": limits.html,
                "limits": {"cpu": limits.cpu, "memory": limits.memory, "size": limits.size},
            }
        ).encode()
        if not self._places.acquire(timeout=patience):
            raise Busy(say.BUSY())
        try:
            answer = self._answer(request)
        finally:
            self._places.release()
        if answer[:1] == b"P":
            return answer[1:]
        raise Refusal(_problem(json.loads(answer[1:]), limits))

    def _answer(self, request: bytes) -> bytes:
        process = self._taken()
        try:
            answer = process.ask(request, self.limits)
        except BaseException:
            process.close()
            raise
        if answer[:1] == b"E":
            process.close()
        else:
            self._put_back(process)
        return answer

    def close(self) -> None:
        """Ends the processes that wait for work."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.close()

    def _taken(self) -> _Process:
        with self._lock:
            if self._owner != os.getpid():  # after a fork: those are the parent's
                self._idle, self._owner = [], os.getpid()
            while self._idle:
                process = self._idle.pop()
                if process.alive and process.answered < self.documents:
                    return process
                process.close()
        return _Process()

    def _put_back(self, process: _Process) -> None:
        with self._lock:
            self._idle.append(process)


class _Process:
    """One rendering process."""

    def __init__(self) -> None:
        self.answered = 0
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM.format(root=str(_ROOT))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            cwd="/",
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: bytes, limits: Limits) -> bytes:
        """The answer. Raises Refusal when the process was ended instead of answering."""
        process, late = self._process, threading.Event()
        assert process.stdin and process.stdout

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(limits.wait, end)
        timer.start()
        try:
            process.stdin.write(len(request).to_bytes(8, "big") + request)
            process.stdin.flush()
            head = process.stdout.read(8)
            length = int.from_bytes(head, "big")
            if length > limits.size + MB:
                raise Refusal(say.TOO_LARGE(limit=limits.size // MB))
            answer = process.stdout.read(length) if len(head) == 8 else b""
        except BrokenPipeError:
            answer = b""
        finally:
            timer.cancel()
        self.answered += 1
        if answer:
            return answer
        raise Refusal(self._ended(late.is_set(), limits))

    def _ended(self, late: bool, limits: Limits) -> Problem:
        """Why the process ended without an answer."""
        self.close()
        status = self._process.returncode
        if late:
            return say.TOO_SLOW(seconds=f"{limits.wait:g}")
        if status == -signal.SIGXCPU:
            return say.TOO_SLOW(seconds=limits.cpu)
        if status in (-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGKILL, -signal.SIGSEGV):
            return say.TOO_MUCH_MEMORY(limit=limits.memory // MB)
        return say.FAILED(why=f"status {status}")

    def close(self) -> None:
        """Ends the process: it has nothing to put in order."""
        if self.alive:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass  # it held a request that nobody read


def _problem(failure: Mapping[str, Any], limits: Limits) -> Problem:
    """What a rendering process answered, as a problem."""
    match failure["kind"]:
        case "template":
            place = Place(f"templates/documents/{failure['file']}", int(failure["line"] or 1))
            return say.TEMPLATE_FAILED(place, why=failure["why"])
        case "address":
            return say.ADDRESS_REFUSED(address=failure["address"])
        case "font":
            return say.NO_CHINESE_FONT()
        case "library":
            return say.NO_LIBRARY(why=failure["why"])
        case "memory":
            return say.TOO_MUCH_MEMORY(limit=limits.memory // MB)
        case "size":
            return say.TOO_LARGE(limit=failure.get("limit", limits.size) // MB)
    return say.FAILED(why=failure["why"])
