"""What people and other systems were told: notices, mails and webhooks, kept instead of sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from typing import NamedTuple

import sqlalchemy as sa

from documents.rendering import PATIENCE, Job, Renderer
from engine.records.gate import Gate
from jobs.handlers import Handler, Running
from jobs.tables import OUTBOX
from notices.sending import Post
from notices.tables import NOTICE_TABLE
from notices.webhooks import WEBHOOK_EFFECT

FROM = Address("Formwright", "formwright", "example.com")


class ToldNotice(NamedTuple):
    """What somebody reads in the bell."""

    person: int
    title: str
    text: str


class ToldMail(NamedTuple):
    """A mail: whom it went to, what it says as plain text, the names of its files."""

    to: str
    subject: str
    text: str
    files: tuple[str, ...]


class ToldSystem(NamedTuple):
    """What another system was told about which record."""

    webhook: str
    event: str
    object: str
    record: int | None


@dataclass
class Mark:
    """A point up to which everything was told before."""

    notice: int = 0
    mail: int = 0
    effect: int = 0


@dataclass
class Letters:
    """Where mails are kept."""

    mails: list[ToldMail] = field(default_factory=list)

    def send(self, message: EmailMessage) -> None:
        """Keeps a mail (`notices.sending.Sender`)."""
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        files = tuple(part.get_filename() or "" for part in message.iter_attachments())
        self.mails.append(ToldMail(str(message["To"]), str(message["Subject"]), text, files))

    @property
    def post(self) -> Post:
        """It as the handlers of mails take it."""
        return Post(self, FROM)


class Typist(Renderer):
    """Writes down what a document says instead of printing it: nobody reads the paper."""

    def render(self, job: Job, patience: float = PATIENCE) -> bytes:
        """The texts of the document, one a line."""
        return "\n".join(texts_of(job.content)).encode()


def texts_of(content: object) -> list[str]:
    """All texts of a document's content, in order."""
    if isinstance(content, str):
        return [content] if content else []
    if isinstance(content, dict):
        return [text for value in content.values() for text in texts_of(value)]
    if isinstance(content, list | tuple):
        return [text for value in content for text in texts_of(value)]
    return []


def not_called() -> Handler:
    """The handler of webhooks where no system is called: what is asked for is in the outbox."""

    def run(running: Running) -> None:
        return None

    return Handler(kind=WEBHOOK_EFFECT, run=run)


def mark(gate: Gate, post: Letters) -> Mark:
    """Where things stand now."""
    found = []
    with gate.databases.reading() as connection:
        for name in (NOTICE_TABLE, OUTBOX):
            table = gate.tables.system(name)
            found.append(int(connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0))
    return Mark(notice=found[0], effect=found[1], mail=len(post.mails))


def notices(gate: Gate, since: Mark) -> list[ToldNotice]:
    """The notices since a mark."""
    table = gate.tables.system(NOTICE_TABLE)
    statement = sa.select(table).where(table.c.id > since.notice).order_by(table.c.id)
    with gate.databases.reading() as connection:
        rows = connection.execute(statement).all()
    return [ToldNotice(row.person, row.title, row.text or "") for row in rows]


def webhooks(gate: Gate, since: Mark) -> list[ToldSystem]:
    """What other systems were told since a mark."""
    table = gate.tables.system(OUTBOX)
    statement = (
        sa.select(table)
        .where(table.c.id > since.effect, table.c.kind == WEBHOOK_EFFECT)
        .order_by(table.c.id)
    )
    with gate.databases.reading() as connection:
        rows = connection.execute(statement).all()
    told = []
    for row in rows:
        payload = json.loads(row.payload or "{}")
        webhook, event = str(payload.get("webhook")), str(payload.get("event"))
        told.append(ToldSystem(webhook, event, row.object or "", row.record))
    return told
