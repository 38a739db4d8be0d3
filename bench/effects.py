"""Effects: from commit to the handler's start at rest, and how many a second are sustained.

In the process (threads, no Redis) and through Redis with workers in processes of their own, on
SQLite and PostgreSQL. Handlers: one that does nothing (the mechanism alone), one that writes a
record in the transaction that ends its effect, one that posts to an HTTP server.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError
from rq.worker import Worker as RqWorker

from assembly.revisions import Site
from engine.permissions.actors import SYSTEM
from engine.records.changes import CREATE, Change
from engine.records.transaction import Transaction
from engine.schema.engines import open_databases
from jobs.carrying import Carrier
from jobs.handlers import Handler, Running
from jobs.outbox import Effect, put
from jobs.redis.listening import listener
from jobs.redis.pushing import Pusher
from jobs.redis.queues import Queues, open_redis, site_name
from jobs.tables import QUEUES
from jobs.threads import Threads
from jobs.working import Worker, alarm

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.redis_server import redis_server
from support.small import small_site

SITE = """
object: note
fields:
  text: {type: text}
"""
KINDS = ("nothing", "record", "http")
SAMPLES = 200
WORKERS = 2
TOGETHER = 5
"""Effects asked for by one commit, when the rate is measured."""


@dataclass(frozen=True)
class Stage:
    """Where it is played: database, Redis (or none), HTTP server, file of the handlers' starts."""

    url: str
    redis: str
    http: int
    starts: str


def measure(kind: str, *, effects: int = 3_000) -> dict[str, Any]:
    """The figures for a database of the kind "sqlite" or "postgresql"."""
    found: dict[str, Any] = {}
    for transport in ("threads", "redis"):
        with _stage(kind, transport) as (stage, site), _carried_out(stage, site):
            found[transport] = {"latency ms": _latency(stage, site)} | {
                f"{handler}/s": round(_rate(site, handler, effects)) for handler in KINDS
            }
    return found


def show(kind: str, figures: Mapping[str, Any]) -> None:
    """Prints the figures of one database."""
    for transport, found in figures.items():
        p50, p95 = found["latency ms"]
        rates = ", ".join(f"{name} {found[f'{name}/s']:,}" for name in KINDS)
        print(
            f"{kind:11} {transport:8} commit to start {p50:6.1f} ms (p95 {p95:.1f});"
            f" a second: {rates}",
            flush=True,
        )


@contextmanager
def _stage(kind: str, transport: str) -> Iterator[tuple[Stage, Site]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="formwright-bench-")))
        small = stack.enter_context(small_site(kind, folder, SITE))
        url = small.databases.url.render_as_string(hide_password=False)
        redis = stack.enter_context(redis_server()).url if transport == "redis" else ""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        databases = open_databases(url)
        stack.callback(databases.dispose)
        (folder / "starts").touch()
        yield Stage(url, redis, server.server_address[1], str(folder / "starts")), Site(databases)


@contextmanager
def _carried_out(stage: Stage, site: Site) -> Iterator[None]:
    """By threads of this process, or by workers."""
    if not stage.redis:
        threads = Threads(Carrier(site.gate, _handlers(stage)))
        site.wake = threads.wake
        threads.start()
        yield
        threads.stop()
        return
    site.wake = Pusher(Queues(open_redis(stage.redis), site_name(site.databases))).wake
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_work, args=(stage,), daemon=True) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    connection = open_redis(stage.redis)
    while RqWorker.count(connection=connection) < WORKERS:
        time.sleep(0.1)
    yield
    for worker in workers:
        worker.kill()
        worker.join()


def _work(stage: Stage) -> None:
    site = Site(open_databases(stage.url))
    name = site_name(site.databases)
    Worker(
        Carrier(site.gate, _handlers(stage), time_limit=alarm),
        connect=lambda: listener(stage.redis, name, QUEUES),
        away=RedisError,
    ).run()


def _latency(stage: Stage, site: Site) -> tuple[float, float]:
    """Milliseconds from commit to the handler's start at rest: median and 95th percentile."""
    committed: list[float] = []

    def ask(tx: Transaction) -> None:
        tx.after_commit.append(lambda: committed.append(time.time()))
        put(tx, [Effect(kind="start")])

    for _ in range(SAMPLES):
        site.gate().write(SYSTEM, ask)
        time.sleep(0.03)
    _settled(site)
    starts = [float(line) for line in Path(stage.starts).read_text().split()]
    took = sorted((start - asked) * 1000 for asked, start in zip(committed, starts, strict=True))
    return statistics.median(took), took[int(0.95 * len(took))]


def _rate(site: Site, handler: str, count: int) -> float:
    """Effects a second, from the first commit that asks for some to the last one's end."""
    began = time.perf_counter()
    for _ in range(count // TOGETHER):
        wanted = [Effect(kind=handler) for _ in range(TOGETHER)]
        site.gate().write(SYSTEM, lambda tx, wanted=wanted: put(tx, wanted))
    _settled(site)
    return count / (time.perf_counter() - began)


def _settled(site: Site) -> None:
    """Waits until nothing is left to do."""
    while True:
        with site.databases.reading() as connection:
            left = connection.exec_driver_sql(
                "SELECT 1 FROM fw_outbox WHERE status = 'waiting' UNION ALL"
                " SELECT 1 FROM fw_outbox WHERE status = 'running' LIMIT 1"
            ).first()
        if left is None:
            return
        time.sleep(0.02)


def _handlers(stage: Stage) -> dict[str, Handler]:
    def start(running: Running) -> None:
        now = time.time()
        with open(stage.starts, "a") as file:
            file.write(f"{now:.6f}\n")

    def post(running: Running) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", stage.http, timeout=5)
        connection.request("POST", "/", json.dumps({"id": running.effect.id}))
        connection.getresponse().read()
        connection.close()

    runs: Mapping[str, Callable[[Running], None]] = {
        "start": start, "nothing": lambda running: None, "record": _record, "http": post,
    }  # fmt: skip
    return {kind: Handler(kind=kind, run=run, timeout=5) for kind, run in runs.items()}


def _record(running: Running) -> None:
    def work(tx: Transaction) -> None:
        tx.gate.pass_steps(tx, "note", CREATE, [Change(given={"text": "done"})])
        running.finish(tx)

    running.gate.write(SYSTEM, work)


class _Page(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass
