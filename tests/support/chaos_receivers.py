"""A mail server and an HTTP server that note what they get, and behave badly now and then.

One request in ten is refused, and of one in ten the answer is lost after it was noted, which
makes a sender send again: only the token tells that it is the same.
"""

from __future__ import annotations

import random
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

BAD = 0.1


@dataclass
class Inbox:
    """What arrived: the tokens by name, one entry for every delivery."""

    tokens: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str, token: str) -> bool:
        """Notes a delivery, or refuses it; whether the sender is told that it arrived."""
        with self.lock:
            luck = self.chance.random()
            if luck < BAD:
                return False
            self.tokens[name].append(token)
            return luck > 2 * BAD

    @property
    def raw(self) -> int:
        """All deliveries."""
        return sum(map(len, self.tokens.values()))

    @property
    def distinct(self) -> int:
        """Deliveries as somebody who knows the tokens counts them."""
        return sum(len(set(tokens)) for tokens in self.tokens.values())


class _Mail:
    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content)
        taken = self.inbox.take(str(mail["Subject"]), str(mail["X-Token"]))
        return "250 OK" if taken else "451 later"


def _page(inbox: Inbox) -> type[BaseHTTPRequestHandler]:
    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken = inbox.take(self.path[1:], self.headers["Idempotency-Key"])
            if not taken and inbox.chance.random() < 0.5:
                return  # the line goes dead
            self.send_response(200 if taken else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Page


@dataclass
class Receivers:
    """Both servers, with their ports."""

    mails: Inbox
    posts: Inbox
    smtp: int
    http: int


@contextmanager
def receivers() -> Iterator[Receivers]:
    """Both servers, running."""
    mails, posts = Inbox(), Inbox()
    mail = Controller(_Mail(mails), hostname="127.0.0.1", port=_free_port())
    mail.start()
    web = ThreadingHTTPServer(("127.0.0.1", 0), _page(posts))
    web.request_queue_size = 64
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    try:
        yield Receivers(mails, posts, mail.port, web.server_address[1])
    finally:
        web.shutdown()
        web.server_close()
        mail.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
