"""Nothing is lost and nothing is doubled that a receiver with idempotency keys can tell.

The receiver verifies signatures with code of its own and counts the ids of messages.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from jobs.tables import OUTBOX
from notices.webhooks import calling
from support.hooked import Hooked, hooked, verified
from support.project import ROOT
from support.receivers import Received, Reply, receiver
from support.small import KINDS_OF_DATABASE


@pytest.mark.parametrize("kind", KINDS_OF_DATABASE)
def test_a_process_killed_after_sending(kind: str, tmp_path: Path) -> None:
    """Killed between the sending and the end of the effect: the same id comes once more."""
    with receiver() as there, hooked(kind, tmp_path, there.port) as here:
        here.ask(calling("erp", "order.created", "order", here.site.create("order", name="a")))
        child = start(here, there.port)

        def kill(request: Received) -> None:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()

        there.told = kill
        assert child.wait(timeout=60) == -signal.SIGKILL
        there.told = lambda request: None
        assert here.carry() == [("running", 1, "")]
        let_leases_run_out(here)
        here.carrier.reap()
        assert here.carry() == [("done", 2, "")]
        messages = [verified(request) for request in there.received]
        assert len(messages) == 2
        assert len({message["id"] for message in messages}) == 1
        assert messages[0] == messages[1]


@pytest.mark.parametrize("kind", KINDS_OF_DATABASE)
def test_a_moody_receiver(kind: str, tmp_path: Path) -> None:
    """60 messages to a receiver that refuses half of its calls: each arrives, under one id."""
    dice = random.Random(3)
    with receiver() as there, hooked(kind, tmp_path, there.port) as here:
        numbers = [here.site.create("order", name=str(n)) for n in range(60)]
        here.ask(*(calling("erp", "order.created", "order", id) for id in numbers))
        accepted: Counter[str] = Counter()
        seen: dict[str, int] = {}

        def mood(request: Received) -> None:
            message = verified(request)
            assert (
                seen.setdefault(message["id"], message["record"]["id"]) == (message["record"]["id"])
            )
            there.reply = Reply(dice.choice((200, 200, 500, 503, 429, 404)))
            accepted[message["id"]] += there.reply.status == 200

        there.told = mood
        found = here.carry()
        while any(status == "waiting" for status, *_ in found):
            found = here.carry(minutes=30)
        assert {status for status, *_ in found} <= {"done", "failed"}
        done = sum(status == "done" for status, *_ in found)
        assert sorted(seen.values()) == numbers
        assert set(accepted.values()) <= {0, 1}
        assert sum(accepted.values()) == done >= 58


def start(here: Hooked, port: int) -> subprocess.Popen[bytes]:
    """A process of its own that carries out what waits."""
    url = here.site.databases.url.render_as_string(hide_password=False)
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT / 'tests'}"}
    arguments = [sys.executable, "-m", "support.hooked", url, str(port)]
    return subprocess.Popen(arguments, env=environment)


def let_leases_run_out(here: Hooked) -> None:
    """As if the time of all leases had gone by."""
    table = here.site.application.tables.system(OUTBOX)
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    with here.site.databases.writing() as connection:
        connection.execute(sa.update(table).values(lease=past))
