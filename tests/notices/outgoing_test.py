"""Outgoing requests reach what they may, exactly that, and for no longer than they may."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.problems import Refusal
from notices.outgoing import MOST_READ, Client, NotSent, resolved
from notices.outgoing_addresses import is_public
from notices.outgoing_urls import Target, read_url
from support.receivers import Reply, raw_server, receiver, self_signed

PUBLIC = [
    "8.8.8.8", "1.1.1.1", "223.5.5.5", "2606:4700::1111", "2400:3200::1",
    "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
]  # fmt: skip
NOT_PUBLIC = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.1",
    "192.168.0.1", "169.254.1.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "192.88.99.1",
    # metadata services
    "169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254",
    # IPv6's own
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "100::1",
    "2001:db8::1", "3fff::1", "2001::1", "5f00::1", "4000::1",
    # IPv4 within IPv6: mapped, compatible, 6to4, NAT64, Teredo
    "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::ffff:10.0.0.1", "::127.0.0.1", "::8.8.8.8",
    "2002:7f00:1::", "2002:a9fe:a9fe::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
    "2001:0:7f00:1::1",
    # no addresses
    "", "localhost", "0177.0.0.1", "2130706433",
]  # fmt: skip


def refused(url: str, client: Client | None = None) -> str:
    """The code that a request is refused with before anything is sent."""
    with pytest.raises(Refusal) as found:
        (client or Client()).post(url, b"{}", {}, timeout=5)
    (problem,) = found.value.problems
    assert problem.line("en") != problem.line("zh")
    return problem.code


def not_sent(client: Client, url: str, timeout: float = 5) -> str:
    """The code of a request that got no answer."""
    with pytest.raises(NotSent) as found:
        client.post(url, b"{}", {}, timeout=timeout)
    return found.value.problem.code


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    """Hosts on the public internet, in every form."""
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address: str) -> None:
    """Everything else, in every form; a name that leads there is refused."""
    assert not is_public(address)
    if address:
        client = Client(resolve=lambda host, port: [address])
        assert refused("https://example.com/", client) == "outgoing-not-public"


@pytest.mark.parametrize(
    "answers",
    [["93.184.216.34", "10.0.0.1"], ["10.0.0.1", "93.184.216.34"], ["2606:4700::1111", "::1"]],
)
def test_mixed_answers(answers: Sequence[str]) -> None:
    """One address of ours among public ones refuses them all."""
    client = Client(resolve=lambda host, port: answers)
    assert refused("https://example.com/", client) == "outgoing-not-public"


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/", "https://localhost/", "https://LOCALHOST.:8443/", "https://[::1]/",
     "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest/meta-data/",
     "https://[::ffff:a9fe:a9fe]/"],
)  # fmt: skip
def test_this_machine(url: str) -> None:
    """Names and addresses of this machine and of metadata services, as the system resolves them."""
    assert refused(url) == "outgoing-not-public"


@pytest.mark.parametrize(
    "url",
    ["https://2130706433/", "https://0177.0.0.1/", "https://0x7f.0.0.1/", "https://0x7f000001/",
     "https://127.1/", "https://1.2.3.4.5/", "https://a\\@127.0.0.1/", "https://exa mple.com/",
     "https://example.com/\nHost: x", "https://exämple.com/", "https://%6cocalhost/",
     "https://[::1%25eth0]/", "https://[::g]/", "https://example.com:0x50/", "https://:443/",
     "https://example.com:99999/", "https:///x", "https:example.com", "//example.com", "file:///x",
     "ftp://example.com/", "gopher://example.com/", "https://example.com/#x", "", "https://-a.com/"],
)  # fmt: skip
def test_addresses_with_two_readings(url: str) -> None:
    """Other spellings of IP addresses, other schemes, and what readers of URLs disagree about."""
    assert refused(url) == "outgoing-url"


def test_credentials() -> None:
    """A name and password in the address are refused, whatever they are for."""
    assert refused("https://user:pass@example.com/") == "outgoing-credentials"
    assert refused("https://example.com@127.0.0.1/") == "outgoing-credentials"


def test_parts() -> None:
    """Host in small letters, the port of the scheme, query with the path."""
    assert read_url("https://ERP.Example.com./a?b=c") == Target(
        "https", "erp.example.com", 443, "/a?b=c"
    )
    assert read_url("http://[FD00::1]:8069").name == "[fd00::1]:8069"


def test_not_encrypted() -> None:
    """Plain HTTP is for hosts that an administrator names."""
    assert refused("http://example.com/") == "outgoing-not-encrypted"


def test_ports_of_other_services() -> None:
    """Nobody makes us talk to a mail server; any port from 1024 on may be an application's."""
    assert refused("https://example.com:25/") == "outgoing-port"
    assert refused("https://localhost:8443/") == "outgoing-not-public"


def test_an_allowed_host() -> None:
    """The body and headers arrive as given, with the host's own name; the answer comes back."""
    with receiver() as there:
        there.reply = Reply(201, {"X-One": "1", "Set-Cookie": "a=b"}, b"thanks")
        client = Client(allowed=[there.host])
        for _ in range(2):
            answer = client.post(there.url + "?a=1", b'{"a": 1}', {"X-Tenant": "north"})
        assert (answer.status, answer.header("x-one"), answer.body) == (201, "1", b"thanks")
        request = there.received[-1]
        assert (request.path, request.body) == ("/hooks?a=1", b'{"a": 1}')
        assert request.headers["host"] == there.host
        assert request.headers["x-tenant"] == "north"
        assert "cookie" not in request.headers
        assert refused(there.url, Client(allowed=["localhost:1", "127.0.0.1"])) == (
            "outgoing-not-encrypted"
        )


def test_the_name_is_resolved_once() -> None:
    """What the name leads to later (DNS rebinding) is never asked for: one look-up, one address."""
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with receiver() as there:
        client = Client(["erp.internal"], resolve)
        client.post(f"http://erp.internal:{there.port}/", b"", {})
        assert asked == ["erp.internal"]
        assert there.received[0].headers["host"] == f"erp.internal:{there.port}"


def test_the_next_address() -> None:
    """Where the first address takes no connection, the next one of the same answer is used."""
    with receiver() as there:
        client = Client(["erp.internal"], lambda host, port: ["::1", "127.0.0.1"])
        assert client.post(f"http://erp.internal:{there.port}/", b"", {}).status == 200


def test_no_proxy_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve names by itself."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with receiver() as there:
        assert Client([there.host]).post(there.url, b"", {}).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    """A redirect to the metadata service, or to the receiver itself, is only reported."""
    with receiver() as there:
        for location in ("http://169.254.169.254/latest/meta-data/", there.url):
            there.reply = Reply(status, {"Location": location})
            assert Client([there.host]).post(there.url, b"", {}).status == status
        assert len(there.received) == 2


def test_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS goes to the pinned address; the certificate must be the host's, by a known authority."""
    certificate = self_signed(tmp_path, ["erp.internal"])
    with receiver(certificate) as there:

        def client() -> Client:
            return Client(["erp.internal", "other.internal"], lambda host, port: ["127.0.0.1"])

        url = f"https://erp.internal:{there.port}/"
        assert not_sent(client(), url) == "outgoing-certificate"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert client().post(url, b"{}", {}).status == 200
        other = f"https://other.internal:{there.port}/"
        assert not_sent(client(), other) == "outgoing-certificate"
        assert [r.headers["host"] for r in there.received] == [f"erp.internal:{there.port}"]


def test_nobody_there() -> None:
    """A port without a server, a name without an address, a server without HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = Client(["localhost"])
    assert not_sent(client, f"http://localhost:{port}/") == "outgoing-not-reached"

    def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert not_sent(Client(resolve=nowhere), "https://example.com/") == "outgoing-no-address"
    with raw_server(lambda opened: opened.sendall(b"220 mail ESMTP\r\n")) as port:
        assert not_sent(client, f"http://localhost:{port}/") == "outgoing-not-reached"


DRIPS, DRIP = 2_400, 0.05
"""Two minutes: whoever does not give up is there to the end."""


def drip(opened: socket.socket, head: bytes, part: bytes) -> None:
    """Sends `head`, then `part` again and again, a little at a time."""
    opened.sendall(head)
    for _ in range(DRIPS):
        opened.sendall(part)
        time.sleep(DRIP)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("head", [b"", b"H", b"HTTP/1.1 200 OK\r\nX-A: "])
def test_slow_heads(scheme: str, head: bytes) -> None:
    """A receiver that says nothing, or lets its headers (or TLS) drip, is left on time."""
    client = Client(["localhost"])
    with raw_server(lambda opened: drip(opened, head, b"x" if head else b"")) as port:
        began = time.monotonic()
        code = not_sent(client, f"{scheme}://localhost:{port}/", timeout=0.6)
        assert time.monotonic() - began < DRIPS * DRIP / 2
        if scheme == "http":
            assert code == "outgoing-no-answer"


def test_a_slow_body() -> None:
    """The status counts; a body that drips is left on time, with what came."""
    client = Client(["localhost"])
    with raw_server(lambda opened: drip(opened, b"HTTP/1.1 200 OK\r\n\r\n", b"ab")) as port:
        began = time.monotonic()
        answer = client.post(f"http://localhost:{port}/", b"", {}, timeout=0.6)
        assert time.monotonic() - began < DRIPS * DRIP / 2
        assert answer.status == 200 and answer.body.startswith(b"abab")


def test_a_huge_body() -> None:
    """Only its beginning is read, however long it says that it is, packed or not."""

    def pour(opened: socket.socket) -> None:
        opened.recv(1000)
        opened.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 99999999999\r\n\r\n")
        while True:
            opened.sendall(b"y" * 65_536)

    with raw_server(pour) as port:
        answer = Client(["localhost"]).post(f"http://localhost:{port}/", b"", {})
        assert (answer.status, len(answer.body)) == (500, MOST_READ)
    with receiver() as there:
        there.reply = Reply(200, {"Content-Encoding": "gzip"}, b"\x1f\x8b no gzip")
        assert Client([there.host]).post(there.url, b"", {}).body == b"\x1f\x8b no gzip"


def test_the_systems_resolver() -> None:
    """Each address once."""
    assert "127.0.0.1" in resolved("localhost", 80)
    assert resolved("127.0.0.1", 80) == ["127.0.0.1"]
