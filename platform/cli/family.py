"""Several processes that begin and end together.

Each member is a command of its own in a session of its own, so that Ctrl+C reaches only the head
of the family, which then ends them: together, but those that others need come last. A member that
ends by itself is started again. Where the system can do that (Linux), members end with a head
that was killed.
"""

from __future__ import annotations

import ctypes
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from cli.site_option import site_words

log = logging.getLogger("formwright.jobs")

PATIENCE = 20.0
"""Seconds that a member usually has to end before it is killed."""
AT_LEAST = 5.0
"""Seconds that a member should have lived before it is started again without a pause."""
_PR_SET_PDEATHSIG = 1


@dataclass(eq=False)
class Member:
    """A process of the family: what it is called, its command, its environment.

    What it prints goes to the file `output` where one is named. One that is `needed` ends after
    the others. It has `patience` seconds to end before it is killed (None: all the time it wants).
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] | None = None
    output: Path | None = None
    needed: bool = False
    patience: float | None = PATIENCE
    process: subprocess.Popen[bytes] | None = None
    begun: float = 0.0

    def start(self) -> None:
        """Starts the process."""
        self.begun = time.monotonic()
        with ExitStack() as stack:
            output = stack.enter_context(self.output.open("ab")) if self.output else None
            self.process = subprocess.Popen(
                list(self.command),
                env=None if self.environment is None else dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=end_with_parent if sys.platform == "linux" else None,
            )

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def failed(self) -> bool:
        """Whether it has ended with something wrong."""
        return self.process is not None and self.process.poll() not in (None, 0)

    def tell(self) -> None:
        """Asks the process to end."""
        if self.process is not None:
            self.process.terminate()

    def end(self) -> None:
        """Returns when the process has ended; it is made to if it did not hear."""
        if self.process is None:
            return
        try:
            self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(eq=False)
class Family:
    """The members, in the order of their beginning."""

    members: list[Member] = field(default_factory=list)
    stopping: bool = False

    def add(self, member: Member) -> None:
        """Starts one more."""
        self.members.append(member)
        member.start()

    def stop(self) -> None:
        """Makes `watch` return. May be called from a signal handler."""
        self.stopping = True

    def watch(self) -> None:
        """Starts members again that ended, until `stop`."""
        while not self.stopping:
            for member in self.members:
                if not member.alive and time.monotonic() - member.begun > AT_LEAST:
                    log.warning("started-again", extra={"member": member.name})
                    member.start()
            time.sleep(0.1)

    def wait(self) -> None:
        """Returns when all members have ended, or at `stop`."""
        while not self.stopping and any(member.alive for member in self.members):
            time.sleep(0.1)

    def end(self) -> None:
        """Ends all members."""
        for needed in (False, True):
            ending = [member for member in self.members if member.needed is needed]
            for member in ending:
                member.tell()
            for member in ending:
                member.end()


def own_command(*words: str) -> list[str]:
    """The command line of another `formwright` command, for the same site."""
    return [sys.executable, "-m", "cli.main", *site_words(), *words]


def end_with_parent() -> None:
    """Asks the kernel to end this process when the one that started it is gone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
