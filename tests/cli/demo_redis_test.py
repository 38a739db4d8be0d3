"""`formwright demo --redis`: everything starts with one command and ends with it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

from cli.main import main
from support.project import ROOT

STORY = """\
    import datetime as dt
    from cli.demo_history import Deed, DemoAccount, Story

    def tell(seed, end, zone):
        deed = Deed(at=end - dt.timedelta(days=1), object="person", key="p/1", new=True,
                    values={"name": "Chen", "account": "chen"})
        account = DemoAccount(name="chen", person="p/1", roles=("sales_manager",))
        return Story(deeds=[deed], order=("person",), live_from=end, accounts=[account])
"""


def test_all_of_it_begins_and_ends_together(tmp_path: Path) -> None:
    """Redis, two workers, a scheduler and the server; Ctrl+C leaves nothing behind."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "__init__.py").write_text("")
    (tmp_path / "demo" / "company.py").write_text(dedent(STORY))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("FORMWRIGHT_")},
        "PYTHONPATH": str(ROOT / "platform"),
        "FORMWRIGHT_LAYERS": str(ROOT / "config"),
        "LC_ALL": "C.UTF-8",
    }
    words = ("-m", "cli.main", "demo", "--redis", "--port", str(port))
    process = subprocess.Popen(
        [sys.executable, *words], cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    family: list[int] = []
    try:
        assert ready(f"http://127.0.0.1:{port}/readyz")
        family = descendants(process.pid)
        assert len(family) >= 5
        told = tmp_path / "var" / "demo" / f"redis-{port}" / "worker.log"
        until = time.monotonic() + 30
        while told.read_text().count("listening") < 2:
            assert time.monotonic() < until, told.read_text()
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=40)
        assert process.returncode == 0, said
        assert "Traceback" not in said + told.read_text()
    finally:
        process.kill()
        process.communicate()
    assert [pid for pid in family if Path(f"/proc/{pid}").exists()] == []


def test_without_a_redis_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is built it says what is missing, and what to do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMWRIGHT_LAYERS", str(ROOT / "config"))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    refused = CliRunner().invoke(main, ["demo", "--redis", "--port", "18099"])
    assert (refused.exit_code, "no-redis-server" in refused.stderr) == (1, True)
    assert not (tmp_path / "var").exists()


def ready(url: str) -> bool:
    """Whether a server answers before long."""
    for _ in range(900):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    return False


def descendants(pid: int) -> list[int]:
    """All processes that a process has started, and theirs (Linux)."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        return []
    found = [int(child) for child in children.read_text().split()]
    return found + [other for child in found for other in descendants(child)]
