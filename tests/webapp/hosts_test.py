"""The application in front of several sites: whose request it is, and room for everybody's."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Response

from engine.tracing import current_site
from webapp import hosts
from webapp.hosts import Hosts, Served


def says(name: str) -> Served:
    """A site that says its name, and whose name the log would tell."""

    def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        return Response(f"{name} {current_site()}")(environ, start)

    return Served(name, (f"{name}.example.com",), app)


def asked(app: Hosts, host: str | None, path: str = "/", **headers: str) -> TestResponse:
    """A request."""
    environ = {"HTTP_HOST": host} if host is not None else {}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client(app).get(path, environ_overrides=environ, headers=given, buffered=True)


def test_the_host_decides() -> None:
    """Exactly, whatever the port and the case; `X-Forwarded-Host` decides nothing."""
    app = Hosts([says("acme"), says("north")], threads=4)
    assert asked(app, "acme.example.com").text == "acme acme"
    assert asked(app, "NORTH.example.com.:8443").text == "north north"
    forwarded = asked(app, "acme.example.com", X_Forwarded_Host="north.example.com")
    assert forwarded.text == "acme acme"


@pytest.mark.parametrize(
    "host", ["", "example.com", "x.acme.example.com", "acme.example.com,north.example.com", "@@"]
)
def test_nobodys_host(host: str) -> None:
    """421, a sentence, and nothing of any site; that the process lives is no secret."""
    app = Hosts([says("acme"), says("north")], threads=4)
    answer = asked(app, host)
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (421, "no-such-site")
    assert "acme" not in answer.text
    page = asked(app, host, Accept="text/html")
    assert page.text == f"{hosts.NO_SITE[2]}\n"
    assert asked(app, host, "/healthz").status_code == 200


def test_a_site_that_is_not_open() -> None:
    """503 and when to come again, until it is there; nobody else notices."""
    closed = Served("acme", ("acme.example.com",))
    app = Hosts([closed, says("north")], threads=4)
    answer = asked(app, "acme.example.com")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert asked(app, "north.example.com").status_code == 200
    closed.app = says("acme").app
    assert asked(app, "acme.example.com").status_code == 200


def test_a_site_whose_requests_hang_leaves_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds half of the threads at most, then few until it answers again; others all along."""
    monkeypatch.setattr(hosts, "HANGS", 0.05)
    goes_on, status = threading.Event(), "503 Service Unavailable"

    def hanging(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/wait":
            goes_on.wait(10)
        start(status, [])
        return [b""]

    stuck = Served("stuck", ("stuck.example.com",), hanging)
    app = Hosts([stuck, says("north")], threads=8)
    waiting = [
        threading.Thread(target=asked, args=(app, "stuck.example.com", "/wait")) for _ in range(4)
    ]
    for thread in waiting:
        thread.start()
    time.sleep(0.1)
    refused = asked(app, "stuck.example.com", "/quick")
    assert refused.get_json(force=True)["code"] == "site-away"
    assert asked(app, "north.example.com").status_code == 200
    goes_on.set()
    for thread in waiting:
        thread.join()
    assert not stuck.running
    assert not (stuck.has_room(8, stuck.failed_at + 1) and len(stuck.running) >= hosts.FEW)
    status = "200 OK"
    assert asked(app, "stuck.example.com").status_code == 200
    assert stuck.failed_at == float("-inf")


def test_one_busy_site_alone_is_not_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a single site, all threads are its own."""
    monkeypatch.setattr(hosts, "HANGS", 0.0)
    one = says("acme")
    one.running = dict.fromkeys(range(100), 0.0)
    assert asked(Hosts([one], threads=2), "acme.example.com").status_code == 200
    assert asked(Hosts([one, says("b")], threads=2), "acme.example.com").status_code == 503
