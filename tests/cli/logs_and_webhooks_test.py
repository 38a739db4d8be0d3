"""`formwright worker` and `serve` as processes: signed messages out, log lines of one form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from engine.tracing import traced
from notices.webhooks import calling
from support.hooked import KEY, hooked, verified
from support.project import ROOT
from support.receivers import receiver


def environment(url: str, **settings: str) -> dict[str, str]:
    """That of a process of its own."""
    given = {f"FORMWRIGHT_{name}": value for name, value in settings.items()}
    own = {name: text for name, text in os.environ.items() if not name.startswith("FORMWRIGHT_")}
    return {
        **own,
        "PYTHONPATH": str(ROOT / "platform"),
        "FORMWRIGHT_DATABASE_URL": url,
        "FORMWRIGHT_SECRET_KEY": "a secret key of the tests",
        **given,
    }


def objects(text: str) -> list[dict[str, Any]]:
    """Log lines; each must be an object."""
    return [json.loads(line) for line in text.splitlines()]


def test_a_worker(tmp_path: Path) -> None:
    """The message arrives, signed with the secret that the environment holds; lines are JSON."""
    with receiver() as there, hooked("sqlite", tmp_path, there.port) as here:
        with traced("from-here"):
            here.ask(calling("erp", "order.created", "order", here.site.create("order", name="a")))
        ran = subprocess.run(
            [sys.executable, "-m", "cli.main", "worker", "--burst"],
            cwd=tmp_path, capture_output=True, text=True, timeout=120,
            env=environment(
                f"sqlite:///{tmp_path / 'small.db'}",
                OUTGOING_ALLOW=there.host, SECRETS_ERP_KEY=KEY, SECRETS_ERP_TOKEN="Bearer abcdef",
            ),
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        (request,) = there.received
        assert verified(request)["event"] == "order.created"
        assert request.headers["authorization"] == "Bearer abcdef"
        lines = {line["event"]: line for line in objects(ran.stderr)}
        assert lines["webhook-answered"]["status"] == 200
        assert lines["done"]["trace"] == lines["webhook-answered"]["trace"] == "from-here"
        assert KEY not in ran.stderr and "abcdef" not in ran.stderr


def test_a_missing_secret(tmp_path: Path) -> None:
    """A worker says so when it starts, and in the effect that failed."""
    with hooked("sqlite", tmp_path, 9) as here:
        here.ask(calling("erp", "order.created", "order", here.site.create("order", name="a")))
        ran = subprocess.run(
            [sys.executable, "-m", "cli.main", "worker", "--burst"],
            cwd=tmp_path, capture_output=True, text=True, timeout=120,
            env=environment(
                f"sqlite:///{tmp_path / 'small.db'}", SECRETS_ERP_KEY=KEY, LOG="text"
            ),
        )  # fmt: skip
        told = [line for line in ran.stderr.splitlines() if "missing-secret" in line]
        assert "FORMWRIGHT_SECRETS_ERP_TOKEN" in told[0]
        assert here.carry()[0] == ("failed", 1, "missing-secret")


def test_serving(tmp_path: Path) -> None:
    """gunicorn's lines and those of requests: one object each, requests with their ids."""
    url = f"sqlite:///{tmp_path / 'small.db'}"
    with hooked("sqlite", tmp_path, 9):
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "serve", "--port", "0", "--workers", "1"],
            cwd=tmp_path, stderr=subprocess.PIPE, text=True,
            env=environment(url, LAYERS=str(tmp_path / "layer")),
        )  # fmt: skip
        try:
            assert process.stderr is not None
            lines = []
            while not lines or "Listening at" not in lines[-1].get("sentence", ""):
                lines.append(json.loads(process.stderr.readline()))
            address = lines[-1]["sentence"].split()[2]
            status, id = asked(f"{address}/api/v1/me?secret=13800138000", "abc-11")
            assert (status, id) == (401, "abc-11")
        finally:
            process.terminate()
            _, rest = process.communicate(timeout=30)
    lines += objects(rest)
    (request,) = [line for line in lines if line["event"] == "request"]
    assert request["trace"] == "abc-11"
    assert (request["route"], request["status"]) == ("/api/v1/me", 401)
    assert "13800138000" not in rest


def asked(url: str, id: str) -> tuple[int, str | None]:
    """Status and id of an answer; waits for the worker to be ready."""
    for _ in range(100):
        try:
            asking = urllib.request.Request(url, headers={"X-Request-Id": id})
            with urllib.request.urlopen(asking, timeout=20) as answer:
                return answer.status, answer.headers["X-Request-Id"]
        except urllib.error.HTTPError as error:
            return error.code, error.headers["X-Request-Id"]
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError("the server did not start")
