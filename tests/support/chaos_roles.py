"""The processes of the chaos test: who asks, who carries out, who minds. Each is killed at random.

What they do is ordinary; only leases are short, so that a test need not wait for minutes until
the work of a dead process is taken over.
"""

from __future__ import annotations

import datetime as dt
import http.client
import logging
import os
import random
import smtplib
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial

from redis.exceptions import RedisError

from assembly.revisions import Site
from cli.family import end_with_parent
from engine.permissions.actors import SYSTEM
from engine.problems import Message
from engine.records.changes import CREATE, Change
from engine.records.transaction import Transaction
from engine.schema.engines import open_databases
from jobs.carrying import Carrier
from jobs.handlers import Handler, Later, Running
from jobs.minding import Minder
from jobs.outbox import Effect, put
from jobs.redis.listening import listener
from jobs.redis.pushing import Pusher
from jobs.redis.queues import Queues, open_redis, site_name
from jobs.redis.relaying import Relay
from jobs.tables import QUEUES
from jobs.threads import Threads
from jobs.timers import TIMER, TimerSetting, set_timers
from jobs.working import Worker, alarm

NOT_NOW = Message("chaos-not-now", en="not now", zh="稍后再试")
ROLLED_BACK = "undone"
"""What tickets are called whose transaction is rolled back."""


@dataclass(frozen=True, kw_only=True)
class Play:
    """What the processes have to know. `redis` is empty where threads carry out.

    Writers write `tickets` together, a part `timed` of them with a timer, each pausing `pause`
    seconds between two.
    """

    url: str
    redis: str
    smtp: int
    http: int
    log: str
    tickets: int
    timed: float
    pause: float
    lease: float = 2.0


class RolledBack(Exception):
    """Ends a transaction that must leave nothing behind."""


def writer(play: Play, seed: int) -> None:
    """A web process: writes tickets, each asking for three effects; without Redis it carries out.

    Every seventh transaction is rolled back at its very end.
    """
    site = _site(play)
    if play.redis:
        site.wake = Pusher(Queues(open_redis(play.redis), site_name(site.databases))).wake
    else:
        minder = Minder(site.gate, renewed=site.renew)
        threads = Threads(_carrier(play, site), minder.tick)
        site.wake = threads.wake
        threads.start()
    chance = random.Random(seed)
    number = 0
    while _written(site) < play.tickets:
        number += 1
        name = f"{os.getpid()}-{seed}-{number}"
        try:
            ask = partial(_ask, name=name, number=number, chance=chance.random(), play=play)
            site.gate().write(SYSTEM, ask)
        except RolledBack:
            pass
        time.sleep(play.pause * chance.random() * 2)
    threading.Event().wait()


def worker(play: Play, seed: int) -> None:
    """A process that carries out."""
    site = _site(play)
    name = site_name(site.databases)
    Worker(
        _carrier(play, site, time_limit=alarm),
        renew=site.renew,
        connect=lambda: listener(play.redis, name, QUEUES),
        away=RedisError,
    ).run()


def scheduler(play: Play, seed: int) -> None:
    """A process that fires timers, takes back what the dead held, and relays."""
    site = _site(play)
    relay = Relay(site.gate, Queues(open_redis(play.redis), site_name(site.databases)))
    Minder(site.gate, renewed=site.renew, extra=[relay.run]).run(threading.Event())


ROLES: Mapping[str, Callable[[Play, int], None]] = {
    "writer": writer,
    "worker": worker,
    "scheduler": scheduler,
}


def begin(role: str, play: Play, seed: int) -> None:
    """What a new process runs."""
    if sys.platform == "linux":
        end_with_parent()
    form = f"%(asctime)s {role} %(process)d %(name)s %(message)s %(effect)s"
    handler = logging.FileHandler(play.log)
    handler.setFormatter(logging.Formatter(form, defaults={"effect": ""}))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    ROLES[role](play, seed)


def _site(play: Play) -> Site:
    return Site(open_databases(play.url))


def _carrier(play: Play, site: Site, **options: object) -> Carrier:
    found = [
        Handler(kind=kind, run=run, timeout=0.9, attempts=200)
        for kind, run in (
            ("chaos.mail", lambda running: _mail(play, running)),
            ("chaos.http", lambda running: _http(play, running)),
            ("chaos.row", lambda running: _row(running, "row")),
            (TIMER, lambda running: _row(running, "timer")),
        )
    ]
    by_kind = {handler.kind: handler for handler in found}
    return Carrier(site.gate, by_kind, renewed=site.renew, lease=play.lease, **options)  # type: ignore[arg-type]


def _written(site: Site) -> int:
    table = site.gate().tables.table("ticket")
    with site.databases.reading() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table.name}").scalar_one())


def _ask(tx: Transaction, name: str, number: int, chance: float, play: Play) -> None:
    undone = number % 7 == 0
    shown = f"{ROLLED_BACK}-{name}" if undone else name
    batch = tx.gate.pass_steps(tx, "ticket", CREATE, [Change(given={"name": shown})])
    id = batch.changes[0].id
    assert id is not None
    kinds = ("chaos.mail", "chaos.http", "chaos.row")
    put(tx, [Effect(kind=k, object="ticket", record=id, payload={"name": shown}) for k in kinds])
    if chance < play.timed:
        due = tx.now + dt.timedelta(seconds=chance / play.timed * 5)
        set_timers(tx, [TimerSetting("chaos", "ticket", id, due)])
    if undone:
        raise RolledBack


def _mail(play: Play, running: Running) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "system@example.com", "li@example.com"
    mail["Subject"] = str(running.effect.payload["name"])
    mail["X-Token"] = running.effect.token
    mail.set_content("A ticket was written.")
    try:
        with smtplib.SMTP("127.0.0.1", play.smtp, timeout=2) as server:
            server.send_message(mail)
    except (OSError, smtplib.SMTPException):
        raise Later(NOT_NOW(), after=0.2) from None


def _http(play: Play, running: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", play.http, timeout=2)
    headers = {"Idempotency-Key": running.effect.token}
    try:
        connection.request("POST", f"/{running.effect.payload['name']}", headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        raise Later(NOT_NOW(), after=0.2) from None
    finally:
        connection.close()
    if status != 200:
        raise Later(NOT_NOW(), after=0.2)


def _row(running: Running, of: str) -> None:
    """An effect on the database alone: it happens in the transaction that ends it."""
    given = {"of": of, "ticket": running.effect.record}

    def work(tx: Transaction) -> None:
        tx.gate.pass_steps(tx, "arrival", CREATE, [Change(given=given)])
        running.finish(tx)

    running.gate.write(SYSTEM, work)
