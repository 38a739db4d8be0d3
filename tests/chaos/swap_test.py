"""Publishing under load: a real server, eight clients reading and writing, and new revisions.

The short form belongs to every test run: two workers, eight publishes. FORMWRIGHT_SOAK=1
(`make soak`) runs the long one: fifty, with two and with four workers. It prints its figures, see
docs/reliability.md.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from assembly.application import build_application
from engine.permissions.actors import SYSTEM
from engine.records.query import Query
from engine.schema.engines import Databases, open_databases
from engine.vault import scratch_vault
from support.live import Definitions, publish
from support.serving import SECRET, serving
from support.small import fresh_url
from webapp.accounts import add_account, add_key
from webapp.keys import Keys

SOAK = os.environ.get("FORMWRIGHT_SOAK") == "1"
CLIENTS = 8
PUBLISHES = 50 if SOAK else 8
ROUNDS = 2 if SOAK else 1
"""Rounds of all clients together between two publishes."""
GROWTH = 40_000
"""Kilobytes that a worker's memory may grow by, between the fifth revision and the last."""


class Client(threading.Thread):
    """One who reads and writes, and keeps in mind what was answered."""

    def __init__(self, number: int, port: int, key: str, load: Load) -> None:
        super().__init__(name=f"client {number}", daemon=True)
        self.number, self.load = number, load
        self.headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}
        self.port = port
        self.chance = random.Random(number)
        self.made: dict[int, tuple[str, int]] = {}
        self.wrong: list[str] = []
        self.seconds: list[float] = []
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def run(self) -> None:
        """Rounds until told to end."""
        turn = 0
        while not self.load.ending.is_set() and not self.wrong:
            turn += 1
            try:
                self.round(turn)
            except Exception as error:
                self.wrong.append(f"{type(error).__name__}: {error}")
            self.load.done(self.number)

    def round(self, turn: int) -> None:
        """Creates, changes, reads one and many, moves it on, opens screens and sends a form."""
        name = f"{self.number}-{turn}"
        made = self.call("POST", "/api/v1/o/deal", {"name": name, "amount": 1}, 201)
        if made is None:
            return
        id = made["id"]
        self.made[id] = (name, 1)
        changed = self.call("PATCH", f"/api/v1/o/deal/{id}", {"amount": turn}, 200)
        if changed is not None:
            self.made[id] = (name, turn)
        stage = self.chance.choice(self.load.stages)
        self.call("PATCH", f"/api/v1/o/deal/{id}", {"stage": stage}, 200)
        read = self.call("GET", f"/api/v1/o/deal/{id}", None, 200)
        if read is not None and (read["amount"], read["stage"]) != (turn, stage):
            self.wrong.append(f"read {read} after {turn} {stage}")
        self.call("GET", "/api/v1/o/deal?limit=10&sort=-amount", None, 200)
        self.call("GET", "/o/deal", None, 200)
        self.call("GET", f"/o/deal/{id}/edit", None, 200)
        form = {"name": f"{name} by form", "amount": "5"}
        place = self.call("POST", "/o/deal/new", form, 200)
        if place is not None:
            self.made[int(place["location"].rpartition("/")[2])] = (form["name"], 5)

    def call(self, method: str, path: str, body: Any, expected: int) -> Any:
        """The answer as data, None for a screen; notes what was not as expected."""
        began, headers = time.monotonic(), dict(self.headers)
        if body is None:
            data = None
        elif path.startswith("/api/"):
            data, headers["Content-Type"] = json.dumps(body), "application/json"
        else:
            data, headers["Content-Type"] = urlencode(body), "application/x-www-form-urlencoded"
        headers["Accept"] = "text/html" if data is None and path[1] == "o" else "application/json"
        self.connection.request(method, path, data, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        self.seconds.append(time.monotonic() - began)
        if answer.status != expected:
            self.wrong.append(f"{method} {path} {body}: {answer.status} {text[:600]}")
            return None
        return json.loads(text) if headers["Accept"] != "text/html" else None


class Load:
    """The clients, and how far each is."""

    def __init__(self, port: int, keys: list[str]) -> None:
        self.ending = threading.Event()
        self.stages = ["open", "won"]
        self._rounds: Counter[int] = Counter()
        self._moved = threading.Condition()
        self.clients = [Client(number, port, key, self) for number, key in enumerate(keys)]

    def done(self, number: int) -> None:
        """A client has ended a round."""
        with self._moved:
            self._rounds[number] += 1
            self._moved.notify_all()

    def wait(self, rounds: int) -> None:
        """Until every client has gone that many rounds from now; fails with one that failed."""
        with self._moved:
            start = Counter(self._rounds)
            assert self._moved.wait_for(
                lambda: (
                    any(c.wrong for c in self.clients)
                    or all(self._rounds[n] - start[n] >= rounds for n in range(len(self.clients)))
                ),
                timeout=300,
            ), "the clients do not get on"
        assert [wrong for c in self.clients for wrong in c.wrong] == []

    def begin(self) -> None:
        """Forgets how long things took so far."""
        for client in self.clients:
            client.seconds.clear()

    def end(self) -> None:
        """Lets all of them end."""
        self.ending.set()
        for client in self.clients:
            if client.is_alive():
                client.join(60)


def memory_of(process: int) -> int:
    """Kilobytes of memory that are resident."""
    out = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True)
    return int(out.stdout)


def accounts(databases: Databases) -> list[str]:
    """An account for each client; returns their keys."""
    with databases.writing() as connection:
        names = [f"u{number}" for number in range(CLIENTS)]
        ids = [add_account(connection, name, "a long password", ["seller"]) for name in names]
        return [add_key(connection, Keys(SECRET), id, "load") for id in ids]


@pytest.mark.parametrize("workers", [2, 4] if SOAK else [2])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nobody_notices_the_swap(
    kind: str, workers: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not one request fails, no write is lost or done twice, and memory stays flat."""
    began, definitions = time.monotonic(), Definitions()
    with fresh_url(kind, tmp_path) as url:
        databases = open_databases(url, vault=scratch_vault())
        publish(databases, tmp_path / "layer", definitions.text())
        keys, memory = accounts(databases), dict[int, int]()
        kinds: Counter[str] = Counter()
        with serving(url, tmp_path, workers) as (port, processes):
            load = Load(port, keys)
            for client in load.clients:
                client.start()
            try:
                load.wait(1)  # everything has been asked for once
                load.begin()
                for number in range(PUBLISHES):
                    load.wait(ROUNDS)
                    what, text = definitions.next()
                    publish(databases, tmp_path / "layer", text)
                    kinds[what] += 1
                    load.stages = list(definitions.stages)
                    if number == 4:
                        load.wait(ROUNDS)
                        memory = {process: memory_of(process) for process in processes}
                load.wait(ROUNDS)
            finally:
                load.end()
            assert processes_of_same(processes)
            growth = [memory_of(process) - before for process, before in memory.items()]
        judge(databases, load)
        databases.dispose()
    times = sorted(s for client in load.clients for s in client.seconds)
    figures = {
        "publishes": dict(kinds),
        "requests": len(times),
        "records": sum(len(client.made) for client in load.clients),
        "median ms": round(times[len(times) // 2] * 1000),
        "99th ms": round(times[int(len(times) * 0.99)] * 1000),
        "slowest ms": round(times[-1] * 1000),
        "worker MB": [round(kb / 1024) for kb in memory.values()],
        "grown by MB": [round(kb / 1024, 1) for kb in growth],
        "seconds": round(time.monotonic() - began, 1),
    }
    with capsys.disabled():
        print(f"\nswap on {kind}, {workers} workers: {json.dumps(figures)}")
    assert max(growth) < GROWTH, figures


def processes_of_same(processes: list[int]) -> bool:
    """Whether all of them live on: no worker died and was replaced."""
    return all(Path(f"/proc/{p}").exists() or memory_of(p) > 0 for p in processes)


def judge(databases: Databases, load: Load) -> None:
    """Compares what was answered with what is there."""
    expected = {id: said for client in load.clients for id, said in client.made.items()}
    application = build_application(databases)
    found: dict[int, tuple[str, int]] = {}
    after = None
    while True:
        query = Query(sort=("id",), limit=1_000, after=after or "", fields=("name", "amount"))
        page = application.reader.page(SYSTEM, "deal", query)
        found |= {r.id: (r.values["name"], r.values["amount"]) for r in page.items}
        if not page.next:
            break
        after = page.next
    assert found == expected
