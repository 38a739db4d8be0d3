"""The mail server as the setting FORMWRIGHT_MAIL_URL names it.

smtp://user:password@mail.example.com:587/?from=CRM%20<crm@example.com>
smtps://user:password@mail.example.com/?from=crm@example.com
smtp://localhost:25/?from=crm@example.com&tls=none
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from engine.problems import Message, Refusal, Text

SMTP, SMTPS = "smtp", "smtps"
STARTTLS, TLS, NONE = "starttls", "tls", "none"
"""How the connection is protected: after a first word, from the start, not at all."""
PORTS = {SMTP: 587, SMTPS: 465}
KNOWN = frozenset(("from", "tls"))

BAD_MAIL_URL = Message(
    "setting-mail-url",
    en="FORMWRIGHT_MAIL_URL cannot be used: it {why}",
    zh="FORMWRIGHT_MAIL_URL 无法使用：{why}",
    hint_en="write smtp://user:password@host:587/?from=notices@example.com",
    hint_zh="请写作 smtp://user:password@host:587/?from=notices@example.com",
)
_SCHEME = Text(
    {"en": "must begin with smtp:// or smtps://", "zh": "必须以 smtp:// 或 smtps:// 开头"}
)
_HOST = Text({"en": "names no host", "zh": "未指明服务器"})
_PORT = Text({"en": "has a port that is no number", "zh": "端口不是数字"})
_FROM = Text({"en": "has no usable sender in `from`", "zh": "`from` 中没有可用的发件人地址"})
_TLS = Text(
    {
        "en": "may say tls=starttls or tls=none, and with smtps:// neither",
        "zh": "tls 只能是 starttls 或 none；使用 smtps:// 时不可填写",
    }
)
_UNKNOWN = Text({"en": "knows no options but from and tls", "zh": "只能带 from 与 tls 两个选项"})
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")


@dataclass(frozen=True, kw_only=True)
class MailUrl:
    """A mail server, and as whom it is used. `sender` is what stands under From."""

    host: str
    port: int
    security: str
    sender: Address
    user: str = ""
    password: str = field(default="", repr=False)


def read_mail_url(url: str) -> MailUrl:
    """The server that the setting names. Raises Refusal; no sentence repeats the password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _bad(_PORT) from None
    if parts.scheme not in PORTS:
        raise _bad(_SCHEME)
    if not parts.hostname:
        raise _bad(_HOST)
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if not options.keys() <= KNOWN:
        raise _bad(_UNKNOWN)
    return MailUrl(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        security=_security(parts, options.get("tls", "")),
        sender=_sender(options.get("from", "")),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _security(parts: SplitResult, asked: str) -> str:
    if parts.scheme == SMTPS:
        if asked:
            raise _bad(_TLS)
        return TLS
    if asked not in ("", STARTTLS, NONE):
        raise _bad(_TLS)
    return asked or STARTTLS


def _sender(text: str) -> Address:
    name, address = parseaddr(text)
    found = recipient(address, name)
    if found is None:
        raise _bad(_FROM)
    return found


def recipient(address: str, name: str = "") -> Address | None:
    """The address, if mail can be sent there: ASCII in front of the @, a host behind it."""
    local, _, host = address.rpartition("@")
    try:
        ascii_address = f"{local}@{host.encode('idna').decode()}"
    except UnicodeError:
        return None
    if not _ADDRESS.fullmatch(ascii_address):
        return None
    shown = "".join(c if c.isprintable() else " " for c in name).strip()
    try:
        return Address(display_name=shown, addr_spec=ascii_address)
    except ValueError:  # such as two dots in a row
        return None


def _bad(why: Text) -> Refusal:
    return Refusal(BAD_MAIL_URL(why=why))
