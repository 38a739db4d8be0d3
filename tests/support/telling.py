"""People who are told something: a small company, a directory of them, and a real mail server."""

from __future__ import annotations

import email
import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Session
from aiosmtpd.smtp import Envelope

from engine.permissions.actors import SYSTEM, Actor
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from jobs.carrying import Carrier
from jobs.handlers import Claimed, Handler
from jobs.outbox import Effect, put
from jobs.tables import OUTBOX, QUEUES
from notices.directory import Directory
from notices.telling import Notice, telling
from support.small import SmallSite, small_site

SITE = """
site: Small
company: {en: Small Ltd., zh: 小公司}
currency: CNY
time_zone: Asia/Shanghai
locales: [zh, en]
people: {object: person, department: department, manager: manager, account: account, email: email}
departments: {object: department, parent: parent}
---
object: department
owned: false
fields:
  name: {type: text, required: true}
  parent: {type: link, to: department, on_delete: clear}
---
object: person
owned: false
title: name
fields:
  name: {type: text, required: true}
  account: {type: text, unique: true}
  email: {type: email}
  region: {type: text}
  department: {type: link, to: department}
  manager: {type: link, to: person, on_delete: clear}
---
object: customer
title: name
fields:
  name: {type: text, required: true}
  level:
    type: choice
    options: {gold: {label: {en: Gold, zh: 金牌}}, tin: {label: {en: Tin, zh: 普通}}}
---
object: quote
title: number
number: "Q-{seq:04}"
fields:
  subject: {type: text}
  customer: {type: link, to: customer}
  amount: {type: money}
  cost: {type: money}
  double_cost: {type: money, formula: cost * 2}
  valid_until: {type: date}
  region: {type: text}
  lines: {type: lines, of: quote_line}
---
object: quote_line
fields:
  quote: {type: link, to: quote, required: true}
  text: {type: text}
---
role: seller
grants:
  quote: {read: own, update: own, create: true, fields: {"*": write, cost: none, double_cost: none}}
  customer: {read: own, fields: {"*": read}}
  person: {read: all, fields: {"*": read}}
---
role: manager
grants:
  quote: {read: team, fields: {"*": read}}
  customer: {read: all, fields: {"*": read}}
  person: {read: all, fields: {"*": read}}
---
role: regional
grants:
  quote: {read: region == user.region, fields: {"*": read, cost: none}}
---
role: costs
grants:
  quote: {read: own, fields: {cost: read}}
---
role: linked
grants:
  quote:
    read: text(customer.level) == user.department.name and customer.owner != user
    fields: {"*": read}
---
role: auditor
grants:
  quote: {read: all, fields: {"*": read}}
  customer: {read: all, fields: {"*": read}}
---
role: outsider
grants:
  customer: {read: all, fields: {"*": read}}
"""


@dataclass
class People(Directory):
    """A directory that a test writes: actors, languages, and who wants no mail."""

    actors: dict[int, Actor] = field(default_factory=dict)
    locales: dict[int, str] = field(default_factory=dict)
    without_mail: set[int] = field(default_factory=set)
    accounts: dict[str, int] = field(default_factory=dict)

    def actor_of(self, gate: Gate, person: int) -> Actor | None:
        return self.actors.get(person)

    def people_of(self, gate: Gate, role: str) -> Sequence[int]:
        return sorted(person for person, actor in self.actors.items() if role in actor.roles)

    def locale_of(self, gate: Gate, person: int) -> str:
        return self.locales.get(person, gate.catalog.site.locales[0])

    def wants_mail(self, gate: Gate, people: Collection[int]) -> set[int]:
        return set(people) - self.without_mail

    def named(self, gate: Gate, accounts: Collection[str]) -> Mapping[str, int]:
        return {name: self.accounts[name] for name in accounts if name in self.accounts}


@dataclass
class Office:
    """A running site and its people: chen leads wang and li."""

    site: SmallSite
    directory: People
    people: dict[str, int] = field(default_factory=dict)

    @property
    def gate(self) -> Gate:
        return self.site.gate

    def hire(self, name: str, *roles: str, locale: str = "en", **values: Any) -> int:
        """Somebody with an account and these roles."""
        person = self.site.create("person", name=name.title(), account=name, **values)
        actor = Actor(
            person=person, name=name.title(), roles=frozenset(roles), team=(person,), locale=locale
        )
        self.directory.actors[person] = actor
        self.directory.locales[person] = locale
        self.directory.accounts[name] = person
        self.people[name] = person
        return person

    def tell(self, object: str, record: int | None, notice: Notice) -> int:
        """Asks for a notice; the effect's id."""
        return self.ask(telling(notice, object, record))

    def ask(self, effect: Effect) -> int:
        """Asks for any effect; its id."""
        (id,) = self.gate.write(SYSTEM, lambda tx: put(tx, [effect]))
        return id

    def told(self, name: str) -> list[tuple[str, str]]:
        """Titles and texts that somebody was told, the oldest first."""
        mine = [row for row in self.site.rows("fw_notice") if row["person"] == self.people[name]]
        return [(row["title"], row["text"] or "") for row in mine]

    def carry(
        self, *handlers: Handler, queues: Sequence[str] = QUEUES
    ) -> dict[str, tuple[str, str | None]]:
        """Carries out what is due; status and problem of each kind of effect that there was."""
        by_kind = {handler.kind: handler for handler in handlers}
        Carrier(lambda: self.gate, by_kind).drain(queues)
        return {row["kind"]: (row["status"], row["problem"]) for row in self.site.rows(OUTBOX)}

    def statements(self, work: Callable[[], Any]) -> int:
        """How many statements the work asks the database."""
        count = 0

        def counted(*_: Any) -> None:
            nonlocal count
            count += 1

        engines = {self.site.databases.reads, self.site.databases.writes}
        for engine in engines:
            sa.event.listen(engine, "before_cursor_execute", counted)
        try:
            work()
        finally:
            for engine in engines:
                sa.event.remove(engine, "before_cursor_execute", counted)
        return count


@contextmanager
def office(kind: str, folder: Path) -> Iterator[Office]:
    """The office on a fresh database of that kind, with chen, wang and li."""
    with small_site(kind, folder, SITE) as site:
        made = Office(site, People())
        chen = made.hire("chen", "manager", locale="zh", email="chen@example.com")
        wang = made.hire("wang", "seller", email="wang@example.com", manager=chen)
        li = made.hire("li", "seller", manager=chen)
        boss = made.directory.actors[chen]
        made.directory.actors[chen] = Actor(
            person=chen, name=boss.name, roles=boss.roles, team=(chen, wang, li), locale="zh"
        )
        yield made


@dataclass
class Mailbox:
    """What a real mail server was handed. `answers` are given to recipients instead of 250."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    sessions: set[int] = field(default_factory=set)

    async def handle_RCPT(
        self, server: Session, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Session, session: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.sessions.add(session.peer[1])
        self.envelopes.append(envelope)
        found = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        return "250 OK"

    def url(self, more: str = "&tls=none", user: str = "") -> str:
        """The setting that names this server."""
        sender = "Sales%20Desk%20<sales@example.com>"
        return f"smtp://{user}127.0.0.1:{self.port}/?from={sender}{more}"


def taken(tx: Transaction, token: str, object: str = "", record: int | None = None) -> Claimed:
    """An effect as its handler gets it, asked for now."""
    return Claimed(
        id=1, at=tx.now, kind="notice", queue="urgent", object=object, record=record, payload={},
        token=token, trace="", attempt=1, holder="test", due=tx.now,
    )  # fmt: skip


@contextmanager
def mail_server(**options: Any) -> Iterator[Mailbox]:
    """A real mail server on a free port of this host."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = Mailbox(port)
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
