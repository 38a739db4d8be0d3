"""What `check` says about webhooks, and the signatures they get."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from engine.problems import Place
from notices.webhooks_definitions import Webhook, webhook_problems
from notices.webhooks_signing import key_of, signed_headers
from support.hooked import SITE
from support.small import loaded

HOOK = "webhook: crm\nurl: {url}\nsign_with: {sign}\nrun_as: finance\nheaders: {{{headers}}}\n"


def found(folder: Path, text: str) -> list[tuple[str, int, int]]:
    """Code, line and column of the problems of the site with one more webhook."""
    problems = loaded(folder, SITE.replace("PORT", "80") + "---\n" + text).problems
    for problem in problems:
        assert problem.line("en") != problem.line("zh")
        assert "hunter2" not in problem.line("en")
    return [(p.code, p.place.line, p.place.column) for p in problems if p.place]


def hook(url: str = "https://a.com", sign: str = "{secret: K}", headers: str = "") -> str:
    """A webhook with one thing as it is given."""
    return HOOK.format(url=url, sign=sign, headers=headers)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        (hook(sign="hunter2-hunter2"), "literal-secret", 3, 12),
        (hook(sign="{secret: hunter2}"), "webhook-secret-name", 3, 21),
        (hook(sign="[hunter2]"), "wrong-value", 3, 12),
        (hook(headers="Authorization: Bearer hunter2"), "literal-secret", 5, 26),
        (hook(headers="X-Api-Key: hunter2"), "literal-secret", 5, 22),
        (hook(headers="Host: a.com"), "webhook-header", 5, 17),
        (hook(headers="webhook-id: a"), "webhook-header", 5, 23),
        (hook(headers="Cookie: {secret: K}"), "webhook-header", 5, 19),
        (hook(headers="X-Name: 北"), "webhook-header-value", 5, 19),
        (hook(headers='"X Y": a'), "wrong-value", 5, 11),
        (hook(url="https://u:hunter2@a.com/"), "outgoing-credentials", 2, 6),
        (hook(url='"https://a.com/?token=hunter2"'), "literal-secret", 2, 7),
        (hook(url="http://a.com/"), "webhook-not-encrypted", 2, 6),
        (hook(url="https://0177.0.0.1/"), "outgoing-url", 2, 6),
        (hook(url="ftp://a.com/"), "outgoing-url", 2, 6),
        (hook().replace("finance", "finanse"), "webhook-role", 4, 9),
        (hook() + "timeout: 31\n", "too-big", 6, 10),
    ],
)
def test_refused(tmp_path: Path, text: str, code: str, line: int, column: int) -> None:
    """One thing wrong, told at its place, in both languages, and no secret is repeated."""
    assert found(tmp_path, text) == [(code, line, column)]


@pytest.mark.parametrize(
    "text",
    [
        hook(),
        hook(url="{secret: CRM_URL}", headers="Authorization: {secret: T}, X-Tenant: north"),
        hook(url="http://erp:8069/hooks"),
        hook(url="http://10.1.2.3/"),
        hook(url="http://crm.internal/"),
        hook(url='"https://a.com/x?monkey=1&site=2"'),
    ],
)
def test_accepted(tmp_path: Path, text: str) -> None:
    """Secrets by name; http where the name is one of an internal network."""
    assert found(tmp_path, text) == []


def test_an_overlay(tmp_path: Path) -> None:
    """The names of its secrets, each once."""
    catalog = loaded(tmp_path, SITE.replace("PORT", "80")).catalog
    assert catalog is not None
    webhook: Webhook = catalog.of("webhook")["erp"]
    assert webhook.secrets == ("ERP_KEY", "ERP_TOKEN")
    assert (webhook.timeout, str(webhook.label)) == (2, "Finance system")


@pytest.mark.parametrize(
    ("role", "object", "codes"),
    [
        ("finance", "order", []),
        ("finance", "order_line", []),
        ("small_orders", "order", []),
        ("small_orders", "order_line", ["webhook-reads-nothing"]),
        ("seller", "order", ["webhook-scope"]),
        ("finance", "person", ["webhook-reads-nothing"]),
    ],
)
def test_what_its_role_reads(tmp_path: Path, role: str, object: str, codes: list[str]) -> None:
    """A webhook is nobody, so a role that reads its own records reads none for it."""
    text = SITE.replace("PORT", "80").replace("run_as: finance", f"run_as: {role}")
    catalog = loaded(tmp_path, text).catalog
    assert catalog is not None
    problems = webhook_problems(catalog, "erp", object, Place("a.yaml", 3))
    assert [problem.code for problem in problems] == codes
    assert all(problem.line("en") != problem.line("zh") for problem in problems)
    (unknown,) = webhook_problems(catalog, "erq", object, Place("a.yaml"))
    assert unknown.args["best"] == "erp"


def test_the_reference_signature() -> None:
    """The example that the Standard Webhooks specification's libraries are tested with."""
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_two_keys() -> None:
    """While a key is replaced there are two signatures."""
    one, two = (signed_headers("a", 1, b"", key)["webhook-signature"] for key in ("k1", "k2"))
    assert signed_headers("a", 1, b"", "k1 k2")["webhook-signature"] == f"{one} {two}"
    assert key_of("whsec_" + base64.b64encode(b"abc").decode()) == b"abc"
