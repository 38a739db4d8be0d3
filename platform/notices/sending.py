"""Handing mails to a mail server by SMTP (RFC 5321).

What the server says decides: a refusal of this receiver or this mail for good (5yz to RCPT or
DATA) is hopeless; a refusal for now (4yz), one of this site or its sender, whatever its code, and
a server that cannot be reached are tried again later. A connection is kept for a short time, so
that the mails of one notice to many people go through one.
"""

from __future__ import annotations

import smtplib
import ssl
import threading
import time
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Protocol

from engine.problems import Message, Text
from jobs.handlers import Hopeless, Later
from notices.mail_url import STARTTLS, TLS, MailUrl, read_mail_url

TIMEOUT = 10.0
"""Seconds that the server may take for each answer."""
KEPT = 5.0
"""Seconds for which an idle connection is used again."""
NO_ENTRY = (530, 535)
"""Authentication is required, or what was given is not valid (RFC 4954, section 6)."""
_NOT_ASCII = Text({"en": "they hold more than ASCII", "zh": "含有非 ASCII 字符"})

UNREACHABLE = Message(
    "mail-server-unreachable",
    en="the mail server {host} cannot be reached: {why}",
    zh="无法连接邮件服务器 {host}：{why}",
    hint_en="look at FORMWRIGHT_MAIL_URL and at the server; it is tried again by itself",
    hint_zh="请检查 FORMWRIGHT_MAIL_URL 与服务器；系统会自动重试",
)
NO_STARTTLS = Message(
    "mail-no-starttls",
    en="the mail server {host} offers no encryption (STARTTLS)",
    zh="邮件服务器 {host} 不支持加密（STARTTLS）",
    hint_en="add tls=none to FORMWRIGHT_MAIL_URL if the way to it is safe",
    hint_zh="若到该服务器的网络安全可信，可在 FORMWRIGHT_MAIL_URL 中加上 tls=none",
)
NOT_LET_IN = Message(
    "mail-not-let-in",
    en="the mail server {host} does not accept the user or password ({code})",
    zh="邮件服务器 {host} 不接受该用户名或密码（{code}）",
    hint_en="correct them in FORMWRIGHT_MAIL_URL; it is tried again by itself",
    hint_zh="请在 FORMWRIGHT_MAIL_URL 中更正；系统会自动重试",
)
REFUSED = Message(
    "mail-refused",
    en="the mail server refuses the mail ({code}): {why}",
    zh="邮件服务器拒收该邮件（{code}）：{why}",
    hint_en="correct the address or what the server says, then try again",
    hint_zh="请更正邮件地址或服务器所说的问题，然后重试",
)
NOT_NOW = Message(
    "mail-not-now",
    en="the mail server does not take the mail now ({code}): {why}",
    zh="邮件服务器暂时不接收该邮件（{code}）：{why}",
    hint_en="it is tried again by itself",
    hint_zh="系统会自动重试",
)


class Sender(Protocol):
    """What mails are handed to."""

    def send(self, message: EmailMessage) -> None:
        """Hands over a mail. Raises Later and Hopeless (`jobs.handlers`) when it is not taken."""


@dataclass(frozen=True)
class Post:
    """Where mails go, and whom they come from."""

    sender: Sender
    from_: Address


@dataclass(eq=False)
class _Open(threading.local):
    """The connection of a thread, and when it was used."""

    connection: smtplib.SMTP | None = None
    used: float = 0.0


@dataclass(frozen=True)
class SmtpSender:
    """Sends through one mail server. Safe to be used from several threads."""

    url: MailUrl
    _open: _Open = field(default_factory=_Open, compare=False, repr=False)

    def send(self, message: EmailMessage) -> None:
        """Hands over a mail. Raises Later and Hopeless."""
        kept = self._kept()
        try:
            (kept or self._connected()).send_message(message)
            self._open.used = time.monotonic()
        except smtplib.SMTPServerDisconnected as error:
            self.close()
            if kept is None:
                raise self._unreachable(error) from None
            self.send(message)  # it had only grown tired of waiting
        except smtplib.SMTPRecipientsRefused as error:
            self.close()
            code, why = next(iter(error.recipients.values()))
            raise self._answer(code, why, about_mail=True) from None
        except smtplib.SMTPResponseException as error:
            self.close()
            about_mail = isinstance(error, smtplib.SMTPDataError)
            raise self._answer(error.smtp_code, error.smtp_error, about_mail) from None
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise self._unreachable(error) from None

    def close(self) -> None:
        """Ends this thread's connection."""
        connection, self._open.connection = self._open.connection, None
        if connection is not None:
            connection.close()

    def _kept(self) -> smtplib.SMTP | None:
        """This thread's connection, if it was used a moment ago."""
        if time.monotonic() - self._open.used > KEPT:
            self.close()
        return self._open.connection

    def _connected(self) -> smtplib.SMTP:
        """A new connection, which is this thread's once the server has let us in."""
        url, context = self.url, ssl.create_default_context()
        connection: smtplib.SMTP
        if url.security == TLS:
            connection = smtplib.SMTP_SSL(url.host, url.port, timeout=TIMEOUT, context=context)
        else:
            connection = smtplib.SMTP(url.host, url.port, timeout=TIMEOUT)
        try:
            self._introduce(connection, context)
        except BaseException:
            connection.close()
            raise
        self._open.connection = connection
        return connection

    def _introduce(self, connection: smtplib.SMTP, context: ssl.SSLContext) -> None:
        url = self.url
        connection.ehlo_or_helo_if_needed()
        if url.security == STARTTLS:
            if not connection.has_extn("starttls"):
                raise Later(NO_STARTTLS(host=url.host))
            connection.starttls(context=context)
        if url.user:
            try:
                connection.login(url.user, url.password)
            except smtplib.SMTPAuthenticationError as error:
                raise Later(NOT_LET_IN(host=url.host, code=error.smtp_code)) from None
            except UnicodeError:  # the library encodes both in ASCII
                raise Later(NOT_LET_IN(host=url.host, code=_NOT_ASCII)) from None

    def _answer(self, code: int, why: bytes | str, about_mail: bool) -> Later | Hopeless:
        """What follows from a refusal; the server's own words are cut short."""
        if code in NO_ENTRY:
            return Later(NOT_LET_IN(host=self.url.host, code=code))
        text = why.decode("utf-8", "replace") if isinstance(why, bytes) else why
        shown = " ".join(text.split())[:200]
        if about_mail and not 400 <= code < 500:
            return Hopeless(REFUSED(code=code, why=shown))
        return Later(NOT_NOW(code=code, why=shown))

    def _unreachable(self, error: Exception) -> Later:
        why = getattr(error, "strerror", None) or type(error).__name__
        return Later(UNREACHABLE(host=self.url.host, why=why))


def post_of(mail_url: str) -> Post | None:
    """The way out for mails that FORMWRIGHT_MAIL_URL names; None where it is empty.

    Raises Refusal for an unusable one.
    """
    if not mail_url:
        return None
    url = read_mail_url(mail_url)
    return Post(SmtpSender(url), url.sender)
