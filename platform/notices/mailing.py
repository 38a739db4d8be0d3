"""The mail of a notice: its own words in text and HTML, a button to the record, documents.

The Message-ID comes from the effect's token, so that a mail that had to be sent twice is known
as one. Every header is built by `email.message`, which takes no line breaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from jinja2 import FileSystemLoader
from jinja2.sandbox import SandboxedEnvironment

from engine.permissions.actors import Actor
from engine.problems import Message, Text
from engine.records.gate import Gate
from jobs.handlers import Handler, Hopeless, Running
from notices.directory import Directory
from notices.mail_url import recipient
from notices.sending import Post
from notices.tables import NOTICE_TABLE
from notices.tellers import MAIL, addresses

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "mail"


@dataclass(frozen=True, slots=True)
class Attached:
    """File names and PDFs, and the labels of documents that the mail has to do without."""

    files: Sequence[tuple[str, bytes]] = ()
    missing: Sequence[str] = ()


Attach = Callable[[Gate, Actor, Sequence[str], str, int | None, str], Attached]
"""Makes documents: of gate, actor, names, object, record and locale."""

BAD_ADDRESS = Message(
    "mail-address",
    en="no mail can be sent to the address of person {person}",
    zh="无法向人员 {person} 的邮件地址发送邮件",
    hint_en="correct it in the person's record, then try again",
    hint_zh="请在该人员的记录中更正，然后重试",
)
TEXTS = {
    "missing": Text(
        {
            "en": "Could not be attached, please print on the page of the record",
            "zh": "以下单据未能附上，请在记录页面打印",
        }
    ),
    "open": Text({"en": "Open the record", "zh": "查看记录"}),
    "why": Text(
        {
            "en": "You get this mail because your notices come by mail, too.",
            "zh": "您收到此邮件，是因为您的通知会同时通过邮件发送。",
        }
    ),
    "change": Text({"en": "Change that", "zh": "更改设置"}),
}
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\"]+')


def no_documents(
    gate: Gate, actor: Actor, names: Sequence[str], object: str, record: int | None, locale: str
) -> Attached:
    """For sites that attach nothing."""
    return Attached()


@dataclass(frozen=True, kw_only=True)
class Mail:
    """Sends notices by mail.

    `address` is the site's public address, for links (empty: there are none).
    """

    directory: Directory
    post: Post
    address: str = ""
    attach: Attach = no_documents
    _templates: SandboxedEnvironment = field(default_factory=lambda: _environment(), repr=False)

    def handler(self) -> Handler:
        """What carries out the effect `mail`."""
        return Handler(kind=MAIL, run=self.run, timeout=90.0)

    def run(self, running: Running) -> None:
        """Sends one notice to one person; nothing where notice, person or address are gone."""
        gate, effect = running.gate, running.effect
        table = gate.tables.system(NOTICE_TABLE)
        wanted = sa.select(table).where(table.c.id == effect.payload.get("notice"))
        with gate.databases.reading() as connection:
            notice = connection.execute(wanted).first()
        if notice is None:
            return
        actor = self.directory.actor_of(gate, notice.person)
        to = addresses(gate, [notice.person]).get(notice.person)
        if actor is None or not to:
            return
        receiver = recipient(to, actor.name)
        if receiver is None:
            raise Hopeless(BAD_ADDRESS(person=notice.person))
        locale = self.directory.locale_of(gate, notice.person)
        names = list(effect.payload.get("documents") or ())
        found = Attached()
        if names:
            found = self.attach(gate, actor, names, effect.object, effect.record, locale)
        link = self._link(effect.object, effect.record)
        message = self._message(gate, notice, locale, link, found.missing)
        message["To"] = receiver
        message["Message-ID"] = f"<{effect.token}@{self.post.from_.domain}>"
        if effect.trace:
            message["X-Formwright-Trace"] = effect.trace
        for name, data in found.files:
            file_name = _UNSAFE.sub("-", name)
            message.add_attachment(data, maintype="application", subtype="pdf", filename=file_name)
        self.post.sender.send(message)

    def _link(self, object: str, record: int | None) -> str:
        if not self._base:
            return ""
        return f"{self._base}/o/{object}/{record}" if object and record else self._base

    @property
    def _base(self) -> str:
        return self.address.rstrip("/")

    def _message(
        self, gate: Gate, notice: Any, locale: str, link: str, missing: Sequence[str]
    ) -> EmailMessage:
        site = gate.catalog.site
        values = {
            "locale": "zh-CN" if locale.startswith("zh") else locale,
            "title": notice.title,
            "text": notice.text or "",
            "missing": missing,
            "link": link,
            "settings": f"{self._base}/notices" if self._base else "",
            "site": site.label.in_(locale),
            "company": site.company.in_(locale),
            "words": {key: text.in_(locale) for key, text in TEXTS.items()},
        }
        message = EmailMessage(SMTP_POLICY)
        message["From"] = self.post.from_
        message["Subject"] = notice.title
        message["Date"] = format_datetime(notice.at)
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = values["locale"]
        message.set_content(self._templates.get_template("notice.txt").render(values))
        html = self._templates.get_template("notice.html").render(values)
        message.add_alternative(html, subtype="html")
        return message


def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
