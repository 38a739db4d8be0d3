"""A real server for tests: `formwright serve` on a database that the test has made."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECRET = "a secret key of the tests"


@contextmanager
def serving(url: str, folder: Path, workers: int) -> Iterator[tuple[int, list[int]]]:
    """A server; yields its port and its worker processes once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FORMWRIGHT_")} | {
        "PYTHONPATH": str(ROOT / "platform"),
        "FORMWRIGHT_LAYERS": str(folder / "layer"),
        "FORMWRIGHT_DATABASE_URL": url,
        "FORMWRIGHT_SECRET_KEY": SECRET,
        "LC_ALL": "C.UTF-8",
    }
    command = [sys.executable, "-m", "cli.main", "serve", "--port", str(port)]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--workers", str(workers)], cwd=folder, env=environment, stderr=log
        )
        try:
            deadline = time.monotonic() + 90
            while len(found := processes_of(server.pid)) < workers or not answers(port):
                assert time.monotonic() < deadline and server.poll() is None, "it does not start"
                time.sleep(0.1)
            yield port, found
        finally:
            server.terminate()
            server.wait(30)


def answers(port: int) -> bool:
    """Whether the server is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def processes_of(parent: int) -> list[int]:
    """The children of a process."""
    out = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True)
    pairs = [line.split() for line in out.stdout.splitlines()]
    return [int(pid) for pid, of in pairs if int(of) == parent]
