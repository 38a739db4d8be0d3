"""Webhooks on their way: what is sent, as whom, signed how, and what the answer leads to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.tracing import traced
from jobs.tables import OUTBOX
from notices.outgoing import Client
from notices.webhooks import calling, missing_secrets
from support.hooked import KEY, SECRETS, SITE, Hooked, hooked, verified
from support.receivers import Receiver, Reply, receiver
from support.small import KINDS_OF_DATABASE

ORDER = {"name": "甲", "amount": "12.5", "margin": "0.3", "lines": [{"goods": "lathe"}]}


@pytest.fixture
def there() -> Iterator[Receiver]:
    """Another system."""
    with receiver() as made:
        yield made


@pytest.fixture(params=KINDS_OF_DATABASE)
def here(request: pytest.FixtureRequest, tmp_path: Path, there: Receiver) -> Iterator[Hooked]:
    """The site on each database."""
    with hooked(request.param, tmp_path, there.port) as made:
        yield made


@pytest.fixture
def lite(tmp_path: Path, there: Receiver) -> Iterator[Hooked]:
    """The site on SQLite, for what has nothing to do with the database."""
    with hooked("sqlite", tmp_path, there.port) as made:
        yield made


def test_a_message(here: Hooked, there: Receiver) -> None:
    """The record as the webhook's role reads it, in the API's form, signed, under its trace."""
    id = here.site.create("order", **ORDER)
    with traced("request-7"):
        here.ask(calling("erp", "order.confirmed", "order", id, fields=("amount", "margin")))
    assert here.carry() == [("done", 1, "")]
    (request,) = there.received
    message = verified(request)
    record = message.pop("record")
    assert message == {
        "id": here.site.rows(OUTBOX)[0]["token"],
        "event": "order.confirmed",
        "at": "2026-03-16T04:00:00.000Z",
        "object": "order",
        "changed": ["amount"],
    }
    assert record["number"] == "SO-001" and record["version"] == 1
    assert record["amount"] == {"amount": "12.50", "currency": "CNY"}
    assert [line["goods"] for line in record["lines"]] == ["lathe"]
    assert "margin" not in record
    assert request.headers["x-formwright-trace"] == "request-7"
    assert request.headers["x-tenant"] == "north"
    assert request.headers["authorization"] == "Bearer abcdef"
    assert request.headers["content-type"] == "application/json"


def test_the_outbox_keeps_names_only(here: Hooked) -> None:
    """Neither values nor secrets stand in the row; the record is read when it is sent."""
    id = here.site.create("order", **ORDER)
    here.ask(calling("erp", "order.confirmed", "order", id, fields=("amount",)))
    (row,) = here.site.rows(OUTBOX)
    assert json.loads(row["payload"]) == {
        "webhook": "erp", "event": "order.confirmed", "fields": ["amount"],
    }  # fmt: skip


def test_deleted_records(here: Hooked, there: Receiver) -> None:
    """Of a record in the recycle bin the receiver learns id and number, of none at all nothing."""
    id = here.site.create("order", **ORDER)
    here.site.delete("order", id)
    here.ask(calling("erp", "order.deleted", "order", id, fields=("amount",)))
    here.ask(calling("erp", "order.deleted", "order", id + 1))
    assert here.carry() == [("done", 1, ""), ("done", 1, "")]
    (request,) = there.received
    message = verified(request)
    assert message["record"] == {"id": id, "number": "SO-001"}
    assert message["deleted"] is True
    assert "changed" not in message


def test_what_the_role_may_not_see(tmp_path: Path, there: Receiver) -> None:
    """Records outside of the role's condition are not sent, not even their ids."""
    text = SITE.replace("run_as: finance", "run_as: small_orders")
    with hooked("sqlite", tmp_path, there.port, text=text) as here:
        for amount in ("99", "100"):
            id = here.site.create("order", name="n", amount=amount)
            here.ask(calling("erp", "order.created", "order", id))
        assert [status for status, *_ in here.carry()] == ["done", "done"]
        assert [verified(request)["record"]["id"] for request in there.received] == [1]


def asked(here: Hooked) -> None:
    here.ask(calling("erp", "order.created", "order", here.site.create("order", name="a")))


def test_retry_after(lite: Hooked, there: Receiver) -> None:
    """503 and 429 come again, not before the receiver says, under the same id."""
    there.replies = [Reply(503, {"Retry-After": "600"}), Reply(429, {"Retry-After": "60"})]
    asked(lite)
    assert lite.carry() == [("waiting", 1, "webhook-not-accepted")]
    assert lite.carry(seconds=599) == [("waiting", 1, "webhook-not-accepted")]
    assert lite.carry(seconds=1) == [("waiting", 2, "webhook-not-accepted")]
    assert lite.carry(seconds=59) == [("waiting", 2, "webhook-not-accepted")]
    assert lite.carry(seconds=1) == [("done", 3, "")]
    assert len({verified(request)["id"] for request in there.received}) == 1


def test_retry_after_as_a_date(lite: Hooked, there: Receiver) -> None:
    """A date that has gone by, one too far away, and no date: never less than the back-off."""
    for given in ("Wed, 21 Oct 2015 07:28:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "soon", "-5"):
        there.replies = [Reply(503, {"Retry-After": given})]
        asked(lite)
        assert lite.carry()[-1][:2] == ("waiting", 1)
    assert {status for status, *_ in lite.carry(hours=24)} == {"done"}


def test_gone(lite: Hooked, there: Receiver) -> None:
    """410 fails at once."""
    there.reply = Reply(410)
    asked(lite)
    assert lite.carry() == [("failed", 1, "webhook-gone")]


@pytest.mark.parametrize("status", [400, 422])
def test_refused_messages(lite: Hooked, there: Receiver, status: int) -> None:
    """A message that is not accepted gets six attempts in about ten minutes."""
    there.reply = Reply(status)
    asked(lite)
    assert lite.carry() == [("waiting", 1, "webhook-not-accepted")]
    for _ in range(5):
        found = lite.carry(minutes=10)
    assert found == [("failed", 6, "webhook-not-accepted")]
    assert len(there.received) == 6


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_receivers_that_are_not_ready(lite: Hooked, there: Receiver, status: int) -> None:
    """Redirects, unknown keys and addresses, and errors are tried for a day, then have failed."""
    there.reply = Reply(status, {"Location": there.url})
    asked(lite)
    assert lite.carry() == [("waiting", 1, "webhook-not-accepted")]
    for _ in range(10):
        (found,) = lite.carry(hours=6)
        assert found[0] == "waiting"
    assert lite.carry(hours=6) == [("failed", 12, "webhook-not-accepted")]


def test_answers_without_secrets(lite: Hooked, there: Receiver) -> None:
    """What the receiver says is told, short and without what it repeats of our secrets."""
    there.replies = [
        Reply(500, body=b'{"error": "no", "token": "xyz-1", "you_sent": "Bearer abcdef"}'),
        Reply(500, body=f"oops\x1b[0m {KEY} ".encode() + b"\xff" + b"z" * 9_000),
    ]
    asked(lite)
    lite.carry()
    problem = lite.site.rows(OUTBOX)[0]["problem"]
    assert '\\"error\\": \\"no\\"' in problem
    assert "xyz-1" not in problem and "abcdef" not in problem
    lite.carry(minutes=1)
    problem = json.loads(lite.site.rows(OUTBOX)[0]["problem"])
    assert "oops" in problem["en"] and "财务系统" in problem["zh"]
    assert KEY not in problem["en"] and "\x1b" not in problem["en"]
    assert len(problem["en"]) < 2_100


def test_resting(lite: Hooked, there: Receiver) -> None:
    """A receiver that fails to answer three times is left alone for a moment."""
    handler = lite.carrier.handlers["webhook"].run.__self__  # type: ignore[attr-defined]
    handler.client = Client([there.host], resolve=lambda host, port: ["127.0.0.2"])
    for _ in range(5):
        asked(lite)
    codes = [code for *_, code in lite.carry()]
    assert codes == ["outgoing-not-reached"] * 3 + ["webhook-resting"] * 2
    handler.client = Client([there.host])
    handler.breathers.answered("erp")
    assert {status for status, *_ in lite.carry(minutes=1)} == {"done"}


def test_internal_addresses_need_a_word(tmp_path: Path, there: Receiver) -> None:
    """Without the administrator's word nothing reaches this machine, and the effect says why."""
    with hooked("sqlite", tmp_path, there.port, client=Client()) as here:
        asked(here)
        assert here.carry() == [("failed", 1, "outgoing-not-encrypted")]
        told = json.loads(here.site.rows(OUTBOX)[0]["problem"])
        assert all("FORMWRIGHT_OUTGOING_ALLOW" in told[locale] for locale in ("en", "zh"))
        assert there.received == []


@pytest.mark.parametrize(
    ("secrets", "code"),
    [
        ({}, "missing-secret"),
        ({"ERP_KEY": KEY}, "missing-secret"),
        ({"ERP_KEY": "short", "ERP_TOKEN": "t"}, "weak-secret"),
        ({"ERP_KEY": "whsec_" + "!" * 20, "ERP_TOKEN": "t"}, "bad-secret"),
        ({"ERP_KEY": KEY.replace(" ", "-"), "ERP_TOKEN": "a\nb"}, "webhook-header-value"),
    ],
)
def test_unusable_secrets(
    tmp_path: Path, there: Receiver, secrets: dict[str, str], code: str
) -> None:
    """Without a usable secret nothing is sent: the effect fails and says so."""
    with hooked("sqlite", tmp_path, there.port, secrets=secrets) as here:
        asked(here)
        assert here.carry() == [("failed", 1, code)]
        told = here.site.rows(OUTBOX)[0]["problem"]
        assert not any(value in told for value in secrets.values() if len(value) > 1)
        assert there.received == []


def test_missing_secrets_are_told(lite: Hooked) -> None:
    """What a process says when it starts."""
    found = missing_secrets(lite.site.application.catalog, {"ERP_KEY": KEY})
    assert [problem.args["name"] for problem in found] == ["ERP_TOKEN"]
    assert missing_secrets(lite.site.application.catalog, SECRETS) == []


def test_a_removed_webhook(lite: Hooked) -> None:
    """An effect for a webhook that is no more fails and names it."""
    lite.ask(calling("crm", "x", "order", 1))
    assert lite.carry() == [("failed", 1, "unknown-webhook")]
