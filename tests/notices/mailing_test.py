"""Notices by mail, through a real mail server; on both databases."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Refusal
from engine.records.gate import Gate
from jobs.tables import OUTBOX
from notices import sending
from notices.mail_url import read_mail_url
from notices.mailing import Attached, Mail
from notices.sending import SmtpSender, post_of
from notices.tellers import Teller
from notices.telling import Notice
from support.small import KINDS_OF_DATABASE
from support.telling import Mailbox, Office, mail_server, office

NOTICE = {
    "title": {"en": "{number}: <b>{subject}", "zh": "{number}：<b>{subject}"},
    "text": {"en": "Amount {amount}\nCost {cost}", "zh": "金额 {amount}\n成本 {cost}"},
}


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def at(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with office(request.param, tmp_path_factory.mktemp("mailing")) as made:
        yield made


@pytest.fixture(autouse=True)
def clean(at: Office) -> None:
    """Nobody has been told anything yet."""
    with at.site.databases.writing() as connection:
        for name in ("fw_notice", OUTBOX):
            connection.execute(at.gate.tables.system(name).delete())


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


@pytest.fixture(scope="module")
def quote(at: Office) -> int:
    values = {"subject": "车床 & Co", "amount": "12.5", "cost": "9"}
    return at.site.create("quote", owner=at.people["wang"], **values)


def send(
    at: Office, url: str, *people: str, record: int, **more: Any
) -> dict[str, tuple[str, str | None]]:
    """Tells the people by mail; what became of the effects."""
    attach = {"attach": more.pop("attach")} if "attach" in more else {}
    to = tuple(at.people[name] for name in people)
    at.tell("quote", record, Notice(to=to, mail=True, **(NOTICE | more)))
    post = post_of(url)
    assert post is not None
    mail = Mail(directory=at.directory, post=post, address="https://crm.example.com/", **attach)
    return at.carry(Teller(directory=at.directory, by_mail=True).handler(), mail.handler())


def test_a_mail(at: Office, box: Mailbox, quote: int) -> None:
    """In the reader's language and with the reader's rights, as text and as HTML."""
    assert send(at, box.url(), "chen", "wang", "li", record=quote)["mail"] == ("done", None)
    by_receiver = {str(mail["To"]): mail for mail in box.mails}
    assert sorted(by_receiver) == ["Chen <chen@example.com>", "Wang <wang@example.com>"]
    chen, wang = by_receiver["Chen <chen@example.com>"], by_receiver["Wang <wang@example.com>"]
    assert chen["Subject"] == "Q-0001：<b>车床 & Co"
    assert (text(chen).splitlines()[2:4], text(wang).splitlines()[2:4]) == (
        ["金额 ¥12.50", "成本 ¥9.00"], ["Amount CNY\xa012.50", "Cost —"],
    )  # fmt: skip
    assert f"Open the record: https://crm.example.com/o/quote/{quote}" in text(wang)
    assert "查看记录" in html(chen) and '<html lang="zh-CN">' in html(chen)
    assert "&lt;b&gt;车床 &amp; Co" in html(chen) and "<b>车床" not in html(chen)
    assert f'href="https://crm.example.com/o/quote/{quote}"' in html(wang)
    assert "9.00" not in str(wang)


def test_headers(at: Office, box: Mailbox, quote: int) -> None:
    """Who sends it, that a machine does, and an id by which doubles are known."""
    send(at, box.url(), "wang", record=quote)
    (effect,) = (row for row in at.site.rows(OUTBOX) if row["kind"] == "mail")
    (mail,) = box.mails
    assert mail["From"] == "Sales Desk <sales@example.com>"
    assert mail["Message-ID"] == f"<{effect['token']}@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Formwright-Trace"] == (effect["trace"] or None)
    assert mail["Date"].datetime == at.site.clock()
    assert box.envelopes[0].mail_from == "sales@example.com"
    assert "password" not in json.dumps(at.site.rows(OUTBOX), default=str)


def test_hostile_texts(at: Office, box: Mailbox) -> None:
    """Neither a title nor a name puts a line into the headers."""
    name = "x\r\nBcc: all@example.com"
    boss = at.directory.actors[at.people["chen"]]
    at.directory.actors[at.people["chen"]] = Actor(
        person=boss.person, name=f'"{name}" <y>,', roles=boss.roles, team=boss.team
    )
    record = at.site.create("quote", subject="a\u2028Bcc: b@example.com", owner=at.people["wang"])
    try:
        send(at, box.url(), "chen", record=record, title={"en": f"{name} {{subject}}"})
    finally:
        at.directory.actors[at.people["chen"]] = boss
    (mail,) = box.mails
    assert mail["Bcc"] is None and len(mail["To"].addresses) == 1
    assert mail["To"].addresses[0].addr_spec == "chen@example.com"
    assert mail["Subject"] == "x Bcc: all@example.com a Bcc: b@example.com"
    assert box.envelopes[0].rcpt_tos == ["chen@example.com"]


def test_who_gets_no_mail(at: Office, box: Mailbox, quote: int) -> None:
    """Without an address, without the wish, and where a notice asks for none: the bell only."""
    at.directory.without_mail.add(at.people["wang"])
    try:
        assert "mail" not in send(at, box.url(), "wang", "li", record=quote)
    finally:
        at.directory.without_mail.clear()
    at.tell("quote", quote, Notice(to=(at.people["wang"],), **NOTICE))  # type: ignore[arg-type]
    at.carry(Teller(directory=at.directory, by_mail=True).handler())
    at.tell("quote", quote, Notice(to=(at.people["wang"],), mail=True, **NOTICE))  # type: ignore[arg-type]
    assert "mail" not in at.carry(Teller(directory=at.directory).handler())
    assert (box.mails, len(at.told("wang"))) == ([], 3)


def test_somebody_who_left_meanwhile(at: Office, box: Mailbox, quote: int) -> None:
    """Who may not sign in any more gets no mail that was asked for before."""
    at.tell("quote", quote, Notice(to=(at.people["wang"],), mail=True, **NOTICE))  # type: ignore[arg-type]
    at.carry(Teller(directory=at.directory, by_mail=True).handler(), queues=("urgent",))
    actor = at.directory.actors.pop(at.people["wang"])
    post = post_of(box.url())
    assert post is not None
    try:
        found = at.carry(Mail(directory=at.directory, post=post).handler())
    finally:
        at.directory.actors[at.people["wang"]] = actor
    assert (found["mail"], box.mails) == (("done", None), [])


@pytest.mark.parametrize(
    ("receiver", "answer", "status", "code"),
    [
        ("wang@example.com", "550 no such mailbox", "failed", "mail-refused"),
        ("wang@example.com", "450 greylisted", "waiting", "mail-not-now"),
        ("DATA", "554 too large", "failed", "mail-refused"),
        ("DATA", "421 busy", "waiting", "mail-not-now"),
    ],
)
def test_what_the_server_says(
    at: Office, box: Mailbox, quote: int, receiver: str, answer: str, status: str, code: str
) -> None:
    """5yz is for a person to look at, 4yz is tried again; either way the reason is kept."""
    box.answers[receiver] = answer
    found, problem = send(at, box.url(), "wang", record=quote)["mail"]
    assert (found, json.loads(problem or "{}")["code"]) == (status, code)
    assert answer[4:] in (problem or "")


def test_a_server_that_is_away(at: Office, quote: int) -> None:
    """It is tried again; neither the row nor the log has the password."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"smtp://user:geheim@127.0.0.1:{port}/?from=a@example.com&tls=none"
    status, problem = send(at, url, "wang", record=quote)["mail"]
    assert (status, json.loads(problem or "")["code"]) == ("waiting", "mail-server-unreachable")
    assert "geheim" not in f"{problem}{post_of(url)!r}"


def test_encryption_is_asked_for(at: Office, box: Mailbox, quote: int) -> None:
    """Unless the setting says tls=none, a server without STARTTLS is handed nothing."""
    status, problem = send(at, box.url(""), "wang", record=quote)["mail"]
    assert (status, json.loads(problem or "")["code"]) == ("waiting", "mail-no-starttls")
    assert box.mails == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this host that no authority knows, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    key, made = folder / "key.pem", folder / "certificate.pem"
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
        f" -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {made}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return made, key


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_encryption(
    at: Office,
    quote: int,
    certificate: tuple[Path, Path],
    scheme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With STARTTLS and from the start; a certificate that nobody vouches for is refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    options: dict[str, Any] = {"ssl_context": context}
    if scheme == "smtp":
        options = {"tls_context": context, "require_starttls": True}
    with mail_server(**options) as box:
        url = f"{scheme}://127.0.0.1:{box.port}/?from=a@example.com"
        status, problem = send(at, url, "wang", record=quote)["mail"]
        assert (status, json.loads(problem or "")["code"]) == ("waiting", "mail-server-unreachable")
        assert "CERTIFICATE_VERIFY_FAILED" in (problem or "")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        at.site.clock.turn(days=1)
        assert send(at, url, "wang", record=quote)["mail"][0] == "done"
    assert len(box.mails) == 2


def test_a_server_that_does_not_answer(
    at: Office, quote: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for some seconds only."""
    monkeypatch.setattr(sending, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}/?from=a@example.com"
        status, problem = send(at, url, "wang", record=quote)["mail"]  # or it would never end
    assert (status, json.loads(problem or "")["code"]) == ("waiting", "mail-server-unreachable")


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_user_and_password(at: Office, quote: int) -> None:
    """They are used; wrong ones are told as such."""

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:

        return AuthResult(success=data.password == b"ge:h@im", handled=False)

    with mail_server(authenticator=check, auth_required=True, auth_require_tls=False) as box:
        right = box.url(user="sales:ge%3Ah%40im@")
        assert send(at, right, "wang", record=quote)["mail"][0] == "done"
        wrong = send(at, box.url(user="sales:wrong@"), "wang", record=quote)
        assert json.loads(wrong["mail"][1] or "")["code"] == "mail-not-let-in"
    assert len(box.mails) == 1


def test_documents_are_attached(at: Office, box: Mailbox, quote: int) -> None:
    """The documents named are made as the receiver and in the receiver's language."""
    asked = []

    def attach(
        gate: Gate, actor: Actor, names: Any, object: str, record: int | None, locale: str
    ) -> Attached:
        asked.append((actor.person, tuple(names), object, record, locale))
        return Attached([('报价 "Q"\r\n.pdf', b"%PDF-1.7")])

    send(at, box.url(), "chen", record=quote, documents=("quotation",), attach=attach)
    assert asked == [(at.people["chen"], ("quotation",), "quote", quote, "zh")]
    (mail,) = box.mails
    (part,) = mail.iter_attachments()
    assert (part.get_content_type(), part.get_content()) == ("application/pdf", b"%PDF-1.7")
    assert part.get_filename() == "报价 -Q-.pdf"


def test_documents_that_are_missing(at: Office, box: Mailbox, quote: int) -> None:
    """The mail goes without them and says so, in the receiver's language."""

    def attach(*_: Any) -> Attached:
        return Attached([("a.pdf", b"%PDF-1.7")], ["<报价单>", "B"])

    sent = send(at, box.url(), "chen", "wang", record=quote, documents=("b",), attach=attach)
    assert sent["mail"][0] == "done"
    by_receiver = {str(mail["To"]): mail for mail in box.mails}
    chen, wang = by_receiver["Chen <chen@example.com>"], by_receiver["Wang <wang@example.com>"]
    assert "以下单据未能附上，请在记录页面打印: <报价单>, B" in text(chen)
    said = "Could not be attached, please print on the page of the record: "
    assert f"{said}<报价单>, B" in text(wang) and f"{said}&lt;报价单&gt;, B" in html(wang)
    assert len(list(wang.iter_attachments())) == 1


@pytest.mark.parametrize(
    ("answers", "user", "status", "code"),
    [
        ({"": "554 No service for your address"}, "", "waiting", "mail-not-now"),
        ({"EHLO": "550 no", "HELO": "550 no"}, "", "waiting", "mail-not-now"),
        ({"MAIL": "530 5.7.0 Authentication required"}, "", "waiting", "mail-not-let-in"),
        ({"MAIL": "550 unknown sender"}, "", "waiting", "mail-not-now"),
        ({"RCPT": "530 Authentication required"}, "", "waiting", "mail-not-let-in"),
        ({"RCPT": "550 unknown"}, "", "failed", "mail-refused"),
        ({"DATA": "554 no"}, "", "failed", "mail-refused"),
        ({"EHLO": "250-x\r\n250 AUTH PLAIN"}, "u:p%C3%A4ss@", "waiting", "mail-not-let-in"),
        ({"EHLO": "250-x\r\n250 AUTH PLAIN", "AUTH": "535 wrong"}, "u:p@", "waiting",
         "mail-not-let-in"),
    ],
)  # fmt: skip
def test_refusals_of_the_site(
    at: Office, quote: int, answers: dict[str, str], user: str, status: str, code: str
) -> None:
    """Only what is refused about this receiver or this mail is for ever."""
    with talking(answers) as port:
        url = f"smtp://{user}127.0.0.1:{port}/?from=a@example.com&tls=none"
        found, problem = send(at, url, "wang", record=quote)["mail"]
    assert (found, json.loads(problem or "{}")["code"]) == (status, code)


@contextmanager
def talking(answers: dict[str, str]) -> Iterator[int]:
    """A server that answers each command as told, the first words under the empty one; its port."""

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("")
            for line in self.rfile:
                self.say(line.split()[0].upper().decode())

        def say(self, command: str) -> None:
            usual = "220 hello" if not command else "250 OK"
            self.wfile.write(answers.get(command, usual).encode() + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_one_connection_for_many(at: Office, box: Mailbox, quote: int) -> None:
    """The mails of one notice go through one connection, one that went away is opened again."""
    post = post_of(box.url())
    assert post is not None and isinstance(post.sender, SmtpSender)
    message = EmailMessage()
    message["From"], message["To"] = "a@example.com", "b@example.com"
    for _ in range(3):
        post.sender.send(message)
    assert (len(box.mails), len(box.sessions)) == (3, 1)
    kept = post.sender._open.connection
    assert kept is not None and kept.sock is not None
    kept.sock.shutdown(socket.SHUT_RDWR)
    post.sender.send(message)
    post.sender.close()
    assert (len(box.mails), len(box.sessions)) == (4, 2)


def test_an_address_that_cannot_be(at: Office, box: Mailbox, quote: int) -> None:
    """An address outside of ASCII is told, and does not stop the others."""
    at.site.gate.update(SYSTEM, "person", at.people["li"], {"email": "李@example.com"})
    record = at.site.create("quote", owner=at.people["li"])
    found = send(at, box.url(), "li", record=record)
    assert json.loads(found["mail"][1] or "")["code"] == "mail-address"


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example.com/?from=a@example.com",
        "smtp:///?from=a@example.com",
        "smtp://mail.example.com:x/?from=a@example.com",
        "smtp://user:geheim@mail.example.com/",
        "smtp://mail.example.com/?from=nobody",
        "smtp://mail.example.com/?from=a@example.com&tls=maybe",
        "smtps://mail.example.com/?from=a@example.com&tls=none",
        "smtp://mail.example.com/?from=a@example.com&form=b",
    ],
)
def test_unusable_settings(url: str) -> None:
    """Each is one clear sentence that repeats no password."""
    with pytest.raises(Refusal) as refused:
        read_mail_url(url)
    (problem,) = refused.value.problems
    assert problem.code == "setting-mail-url" and "geheim" not in problem.line()


def test_usable_settings() -> None:
    """Ports and protection have defaults; user and password are decoded."""
    url = read_mail_url("smtps://us%40er:p%2Fw@mail.example.com/?from=S%20D%20<a@例子.cn>")
    assert (url.port, url.security, url.user, url.password) == (465, "tls", "us@er", "p/w")
    assert str(url.sender) == "S D <a@xn--fsqu00a.cn>"
    plain = read_mail_url("smtp://h/?from=a@example.com")
    assert (plain.port, plain.security) == (587, "starttls")


def text(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html(mail: EmailMessage) -> str:
    """The HTML of a mail."""
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())
