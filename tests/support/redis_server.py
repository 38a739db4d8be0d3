"""A real Redis for tests: in a folder of its own, behind a Unix socket, keeping what it is told.

It can be killed and started again, as in the tests of what happens then.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.demo_redis import answers, redis_command, redis_program, redis_url
from cli.family import end_with_parent


class RedisServer:
    """A server; `url` is where it listens, now and after each start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = redis_url(folder)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it with what it has kept; returns when it answers."""
        self._process = subprocess.Popen(
            redis_command(redis_program(), self.folder),
            stdout=subprocess.DEVNULL,
            preexec_fn=end_with_parent if sys.platform == "linux" else None,
        )
        assert answers(self.url), (self.folder / "redis.log").read_text()

    def kill(self) -> None:
        """SIGKILL; nothing is said or written any more."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def forget(self) -> None:
        """Removes what it has kept; to be called while it is down."""
        shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)

    def stop(self) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A running server, ended and removed at the end."""
    # a socket's path may have some hundred characters only, which a test's own folder exceeds
    with tempfile.TemporaryDirectory(prefix="formwright-redis-") as folder:
        server = RedisServer(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()
