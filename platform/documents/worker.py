"""The rendering process: reads jobs from standard input, writes PDFs to standard output.

A job and an answer are both frames: eight bytes of length (big-endian) and the content, an
answer with one byte before its content: `P` for a PDF, `F` for a failure as JSON, `E` for a failure
after which the process ends. Jobs are JSON.

The limits of a job are set before it is looked at: CPU time by the kernel, counted from what the
process has used so far (a process that uses more is ended by SIGXCPU), and address space beyond
what the process had when it was ready. It may write no file.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

Plain = Mapping[str, Any]


def main() -> None:
    """Answers jobs until standard input ends."""
    jobs = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no part of an answer
    while (job := read_frame(jobs)) is not None:
        answer = answered(json.loads(job))
        answers.write(len(answer).to_bytes(8, "big") + answer)
        answers.flush()
        if answer[:1] == b"E":
            return


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame, or None at the end of the stream."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    length = int.from_bytes(head, "big")
    content = stream.read(length)
    return content if len(content) == length else None


def answered(job: Plain) -> bytes:
    """The answer to a job."""
    try:
        pdf = ready()
    except (ImportError, OSError) as error:  # OSError: a shared library that is missing
        return b"E" + failure("library", why=str(error).splitlines()[0])
    from documents.paper import Failure

    limit(job["limits"])
    try:
        made = pdf(job)
    except Failure as error:
        return b"F" + failure(error.kind, **error.details)
    except (MemoryError, RecursionError):
        return b"E" + failure("memory")
    except Exception as error:  # a process of its own, so that nothing gets out of it
        return b"E" + failure("other", why=f"{type(error).__name__}: {error}"[:300])
    if len(made) > job["limits"]["size"]:
        return b"F" + failure("size")
    return b"P" + made


def ready() -> Callable[[Plain], bytes]:
    """What makes PDFs; loading it takes half a second, once."""
    from documents.paper import chinese_font, pdf

    chinese_font()
    return pdf


def failure(kind: str, **details: Any) -> bytes:
    """Why there is no PDF."""
    return json.dumps({"kind": kind, **details}).encode()


def limit(limits: Plain) -> None:
    """Sets the limits of the next job. Systems that know one of them not do without it."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing fails then, and does not kill
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + int(limits["cpu"])
    soft = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: _address_space() + int(limits["memory"]),
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in soft.items():
        hard = resource.getrlimit(kind)[1]
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, hard))


def _address_space() -> int:
    """The bytes of address space that the process has, or as good as none where nobody knows."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 2**40
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
