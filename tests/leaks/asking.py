"""Asking the running site as somebody, and what can be told from its answers.

An answer is everything that comes back: status, headers, body, and how many statements the
database was asked; only what differs by nature (tokens, tickets, when a file was packed) is
put aside.
"""

from __future__ import annotations

import io
import json
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import Flask, request_started
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from leaks.worlds import PASSWORD, Stage

TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
_TICKETS = re.compile(
    r"I[A-Za-z0-9_-]{30,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+|nonce(=\"|-)[A-Za-z0-9_-]+"
)
_PUT_ASIDE = {"x-request-id", "set-cookie", "date", "content-length"}
KEEP = {"Accept-Language": "en", "X-Request-Id": "leak-test"}
OLD = 600.0
"""Seconds after which a token is fetched anew."""


@dataclass(frozen=True)
class Answer:
    """What came back for one request."""

    what: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    statements: int

    @property
    def ok(self) -> bool:
        """Whether it was answered as asked."""
        return self.status < 400

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass
class Counter:
    """Counts the statements of a site's databases, and remembers which routes were asked."""

    statements: int = 0
    requests: int = 0
    endpoints: set[str] = field(default_factory=set)

    thread: int = field(default_factory=threading.get_ident)

    def one(self, *_: Any) -> None:
        """One more statement, unless it is about what somebody has seen, which is noted apart."""
        self.statements += threading.get_ident() == self.thread

    def began(self, app: Flask, **_: Any) -> None:
        """A request has found its route."""
        from flask import request

        self.requests += 1
        self.endpoints.add(f"{request.method} {request.endpoint}")

    @contextmanager
    def watching(self, stage: Stage) -> Iterator[None]:
        """Counts while it lasts."""
        engines = (stage.site.databases.reads, stage.site.databases.writes)
        for engine in engines:
            sa.event.listen(engine, "before_cursor_execute", self.one)
        request_started.connect(self.began, stage.app)
        try:
            yield
        finally:
            request_started.disconnect(self.began, stage.app)
            for engine in engines:
                sa.event.remove(engine, "before_cursor_execute", self.one)


@dataclass
class Asker:
    """Somebody at the API and in a browser. Makes `Answer`s."""

    stage: Stage
    account: str
    counter: Counter

    def __post_init__(self) -> None:
        kept = self.stage.tokens.get(self.account)
        if kept is None or time.monotonic() - kept[0] > OLD:
            kept = (time.monotonic(), *self._signed_in())
            self.stage.tokens[self.account] = kept
        self.bearer, self.browser, self.csrf = kept[1:]
        self.plain = self.stage.app.test_client(use_cookies=False)

    def _signed_in(self) -> tuple[str, FlaskClient, str]:
        body = {"username": self.account, "password": PASSWORD}
        app = self.stage.app
        answer = app.test_client().post("/api/v1/security/login", json=body)
        assert answer.status_code == 200, answer.text
        browser = app.test_client()
        page = browser.get("/login/").text
        ticket = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        browser.post("/login/", data=body | {"csrf_token": ticket})
        browser.post("/preferences/language", data={"language": "en", "csrf_token": ticket})
        found = TOKEN.search(browser.get("/notices").text)
        assert found is not None
        return answer.get_json()["access_token"], browser, found[1]

    def api(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> Answer:
        """A call below /api/v1/."""
        given = KEEP | {"Authorization": f"Bearer {self.bearer}"} | headers
        before = self.counter.statements
        answer = self.plain.open("/api/v1/" + path, method=method, headers=given, json=body)
        what = f"{method} /api/v1/{path}" + (f" {json.dumps(body, default=str)}" if body else "")
        return _answer(what, answer, self.counter.statements - before)

    def page(self, path: str, form: Any = None) -> Answer:
        """A page or fragment; with `form` it is sent."""
        before = self.counter.statements
        if form is None:
            answer = self.browser.get(path, headers=KEEP)
        else:
            given = {"csrf_token": self.csrf, **form}
            answer = self.browser.post(path, data=given, headers=KEEP)
        what = f"{'GET' if form is None else 'POST'} {path} {form or ''}"
        return _answer(what, answer, self.counter.statements - before)


def _answer(what: str, answer: TestResponse, statements: int) -> Answer:
    headers = tuple(
        (name, _TICKETS.sub("~", value))
        for name, value in sorted(answer.headers.items())
        if name.lower() not in _PUT_ASIDE
    )
    media = answer.mimetype or ""
    if answer.data[:2] == b"PK":
        body = _unpacked(answer.data)
    elif media.startswith("text/") or "json" in media or "csv" in media:
        body = _TICKETS.sub("~", answer.get_data(as_text=True))
    else:
        body = answer.data.decode("latin-1")
    answer.close()
    return Answer(what, answer.status_code, headers, body, statements)


def _unpacked(data: bytes) -> str:
    """The parts of a workbook; when it was packed is put aside."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = sorted(n for n in archive.namelist() if not n.startswith("docProps"))
        return "\n".join(f"{n}\n{archive.read(n).decode()}" for n in names)


def q(value: Any) -> str:
    """A value in an address."""
    return quote(str(value), safe="")
