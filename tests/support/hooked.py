"""A site whose orders are told to another system, and what carries that out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assembly.application import build_application
from engine.permissions.actors import SYSTEM
from engine.schema.engines import open_databases
from jobs.carrying import Carrier
from jobs.outbox import Effect, put
from jobs.tables import OUTBOX
from notices.outgoing import Client
from notices.webhooks import webhook_handler
from support import small
from support.receivers import Received
from support.sites import Clock

small.FOLDERS.setdefault("webhook", "automations")
KEY = "a-key-of-twenty-eight-letters"
SITE = (
    small.PEOPLE
    + """
---
object: order
number: "SO-{seq:03}"
fields:
  name: {type: text}
  amount: {type: money}
  margin: {type: percent}
  lines: {type: lines, of: order_line}
---
object: order_line
fields:
  order: {type: link, to: order, on_delete: cascade}
  goods: {type: text}
---
role: finance
grants:
  order: {read: all, fields: {"*": read, margin: none}}
  order_line: {fields: {"*": read}}
---
role: small_orders
grants:
  order: {read: amount < 100, fields: {"*": read}}
---
role: seller
grants:
  order: {read: own, fields: {"*": read}}
---
webhook: erp
label: {en: Finance system, zh: 财务系统}
url: "http://localhost:PORT/hooks"
sign_with: {secret: ERP_KEY}
run_as: finance
headers: {X-Tenant: north, Authorization: {secret: ERP_TOKEN}}
timeout: 2
"""
)
SECRETS = {"ERP_KEY": KEY, "ERP_TOKEN": "Bearer abcdef"}


@dataclass
class Hooked:
    """The site, and a carrier of its effects."""

    site: small.SmallSite
    carrier: Carrier

    def ask(self, *effects: Effect) -> None:
        """Asks for effects as some change would."""
        with self.site.gate.transaction(SYSTEM) as tx:
            put(tx, effects)

    def carry(self, **later: float) -> list[tuple[str, int, str]]:
        """Carries out what is due `later` from now: status, attempts, problem of each effect."""
        self.site.clock.turn(**later)
        self.carrier.drain()
        rows = self.site.rows(OUTBOX)
        return [(row["status"], row["attempts"], code_of(row["problem"])) for row in rows]


def code_of(problem: str | None) -> str:
    """The code of a stored problem, or nothing."""
    return json.loads(problem)["code"] if problem else ""


@contextmanager
def hooked(
    kind: str,
    folder: Path,
    port: int,
    *,
    text: str = SITE,
    secrets: Mapping[str, str] = SECRETS,
    client: Client | None = None,
) -> Iterator[Hooked]:
    """The site on a fresh database, its webhook going to a port of this machine."""
    with small.small_site(kind, folder, text.replace("PORT", str(port))) as site:
        handler = webhook_handler(client or Client([f"localhost:{port}"]), secrets)
        yield Hooked(site, Carrier(lambda: site.gate, {handler.kind: handler}))


def verified(request: Received, key: str = KEY) -> Any:
    """The message, checked as a receiver does by the Standard Webhooks scheme."""
    id, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    assert abs(time.time() - int(at)) < 300
    signed = b".".join((id.encode(), at.encode(), request.body))
    expected = base64.b64encode(hmac.new(key.encode(), signed, hashlib.sha256).digest()).decode()
    given = [part.removeprefix("v1,") for part in request.headers["webhook-signature"].split()]
    assert any(hmac.compare_digest(expected, one) for one in given)
    message = json.loads(request.body)
    assert message["id"] == id == request.headers["idempotency-key"]
    return message


def carry_out(url: str, port: int) -> None:
    """What a process of its own does: carries out what waits in the database at `url`."""
    gate = build_application(open_databases(url), Clock()).gate
    handler = webhook_handler(Client([f"localhost:{port}"]), SECRETS)
    Carrier(lambda: gate, {handler.kind: handler}).drain()


if __name__ == "__main__":
    carry_out(sys.argv[1], int(sys.argv[2]))
