"""One id leads from a request to its answer, its effects, and every log line about them."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from engine.logs import JsonLines
from engine.tracing import current_trace
from jobs.carrying import Carrier
from jobs.handlers import Handler, Running
from jobs.tables import OUTBOX
from notices.comments import COMMENTED
from support.world import Client, World

ID = re.compile(r"[0-9a-f]{16}")


class Lines(io.StringIO):
    """Log lines as they are written."""

    def all(self) -> list[dict[str, Any]]:
        """Every line of ours, as an object."""
        found = [json.loads(line) for line in self.getvalue().splitlines()]
        return [line for line in found if line["logger"].startswith("formwright.")]

    def requests(self) -> list[dict[str, Any]]:
        """The lines about requests."""
        return [line for line in self.all() if line["event"] == "request"]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged during the test."""
    out = Lines()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield out
    root.removeHandler(handler)
    root.setLevel(level)


def test_from_request_to_handler(world: World, rep: Client, lines: Lines) -> None:
    """Request, outbox row, handler and their log lines all carry the id that the answer names."""
    made = rep.made("customer", name="甲")
    response = rep.call(
        "POST", f"o/customer/{made['id']}/comments", {"text": "x"}, X_Request_Id="proxy-17"
    )
    assert response.headers["X-Request-Id"] == "proxy-17"
    gate = world.site.current.gate
    table = gate.tables.system(OUTBOX)
    with gate.databases.reading() as connection:
        statement = sa.select(table.c.trace).where(table.c.trace == "proxy-17")
        assert connection.scalars(statement).all() == ["proxy-17"]
    ran: list[str] = []

    def run(running: Running) -> None:
        ran.append(current_trace())
        logging.getLogger("formwright.test").info("handled")

    Carrier(world.site.gate, {COMMENTED: Handler(kind=COMMENTED, run=run)}).drain()
    assert "proxy-17" in ran
    events = [line["event"] for line in lines.all() if line.get("trace") == "proxy-17"]
    assert events == ["request", "handled", "done"]
    assert current_trace() == ""


def test_a_line_per_request(rep: Client, lines: Lines) -> None:
    """Method, route, status, seconds, account, object and record; nothing that was typed."""
    made = rep.made("customer", name="乙")
    rep.get(f"o/customer/{made['id']}")
    rep.get("o/customer?q=13800138000&name=%E7%94%B2")
    _, one, several = lines.requests()
    assert one["route"] == "/api/v1/o/<object>/<record>"
    assert (one["method"], one["status"], one["level"]) == ("GET", 200, "info")
    assert (one["object"], one["record"]) == ("customer", str(made["id"]))
    assert one["account"] == "rep" and 0 < one["seconds"] < 60
    assert several["route"] == "/api/v1/o/<object>" and ID.fullmatch(several["trace"])
    assert "13800138000" not in lines.getvalue()


def test_every_request_has_an_id(world: World, lines: Lines) -> None:
    """Unusable ones are replaced; refused requests and unknown addresses have one, too."""
    flask = world.app.test_client()
    for given, path, status in (
        ("", "/healthz", 200), ("a b", "/nowhere/13800138000", 404), ("x" * 65, "/api/v1/me", 401),
    ):  # fmt: skip
        response = flask.get(path, headers={"X-Request-Id": given})
        assert (response.status_code, len(response.headers["X-Request-Id"])) == (status, 16)
    assert [line["status"] for line in lines.requests()] == [404, 401]
    assert "13800138000" not in lines.getvalue()


def test_error_pages_show_it(world: World) -> None:
    """A person can tell it to an administrator."""
    response = world.app.test_client().get(
        "/nowhere", headers={"Accept": "text/html", "X-Request-Id": "abc-9"}
    )
    assert response.status_code == 404
    assert "abc-9" in response.text


def test_errors_of_ours(world: World, rep: Client, lines: Lines) -> None:
    """The traceback stands in the log under the id, and only there."""
    reader = type(world.site.current.reader)
    original = reader.page
    try:
        reader.page = lambda *_: 1 / 0  # type: ignore[method-assign, assignment]
        response = rep.get("o/customer?q=13800138000", X_Request_Id="abc-10")
    finally:
        reader.page = original  # type: ignore[method-assign]
    assert response.status_code == 500 and "abc-10" in response.text
    assert "ZeroDivisionError" not in response.text
    error, request = lines.all()
    assert (error["event"], error["error"], error["level"]) == (
        "unexpected-error", "ZeroDivisionError", "error",
    )  # fmt: skip
    assert "Traceback" in error["traceback"]
    assert error["trace"] == request["trace"] == "abc-10"
    assert "13800138000" not in lines.getvalue()
