"""The screen of background jobs: what administrators see and do, and nobody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from engine.records.gate import Gate
from support.outbox import clear, effect, row_of
from support.showroom import Showroom
from support.world import World

SECRET = {
    "address": "https://ann:concealed@example.org/?token=abcdef",
    "api_key": "k-123",
    "text": "好",
}
HOSTILE = "\"><script>alert(1)</script>'{{7*7}}"


@pytest.fixture
def gate(world: World) -> Iterator[Gate]:
    """The gate, on an empty outbox."""
    gate = world.site.current.gate
    clear(gate)
    world.app.extensions["formwright"].cache.clear()
    yield gate
    clear(gate)


@pytest.mark.parametrize("name", ["rep", "boss", "clerk"])
def test_only_for_administrators(visit: Any, gate: Gate, name: str) -> None:
    """Nobody else sees, retries or cancels a job; the side bar does not mention them."""
    id = effect(gate, "failed", failed=True)
    visitor = visit(name)
    assert [visitor.get(a).status_code for a in ("/jobs", f"/jobs/{id}")] == [403, 403]
    for address in (f"/jobs/{id}/retry", f"/jobs/{id}/cancel", "/jobs/retry?kind=webhook"):
        assert visitor.post(address).status_code == 403
    assert row_of(gate, id)["status"] == "failed"
    assert "/jobs" not in visitor.text("/")


def test_the_right_has_a_name(visit: Any, gate: Gate) -> None:
    """Who may not is told in words, in the reader's language."""
    en, zh = (visit("rep", locale).text("/jobs", 403) for locale in ("en", "zh"))
    assert "do not have the right to administer the system" in en
    assert "没有“系统管理”权限" in zh and "administer" not in zh


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", ("Webhook", "The receiver answered 410 Gone", "Retry", "Failed")),
        ("zh", ("Webhook 推送", "接收方返回 410 Gone", "重试", "失败")),
    ],
)
def test_failed_come_first(
    visit: Any, gate: Gate, made: Showroom, locale: str, words: tuple[str, ...]
) -> None:
    """What failed is shown with its reason in the reader's language and its record by title."""
    customer = made.ids["customer"][0]
    effect(gate, "failed", failed=True, attempts=8, object="customer", record=customer)
    text = visit("admin", locale).text("/jobs")
    for word in (*words, "北京智造未来科技有限公司", f"/o/customer/{customer}"):
        assert word in text
    assert 'class="side-count"' in visit("admin", locale).text("/")


def test_every_state(visit: Any, gate: Gate) -> None:
    """Each tab lists its own; an unknown one is refused, not guessed."""
    visitor = visit("admin")
    for status in ("running", "waiting", "failed", "done", "cancelled"):
        assert 'class="state"' in visitor.text(f"/jobs?show={status}")
    ids = {s: effect(gate, s) for s in ("running", "waiting", "failed", "done", "cancelled")}
    for status, id in ids.items():
        text = visitor.text(f"/jobs?show={status}")
        assert [other for other in ids.values() if f'href="/jobs/{other}"' in text] == [id]
        assert f"#{id}" in visitor.text(f"/jobs/{id}")
    assert visitor.get("/jobs?show=odd").status_code == 422
    assert visitor.get("/jobs?show=failed&after=odd").status_code == 422
    assert visitor.get("/jobs/999999999999999999999").status_code == 404


def test_a_job_with_secrets(visit: Any, gate: Gate) -> None:
    """The payload is shown without what nobody should read, and as text."""
    id = effect(gate, "failed", failed=True, payload=SECRET | {"html": HOSTILE})
    text = visit("admin").text(f"/jobs/{id}")
    assert "•••" in text and "好" in text
    for secret in ("concealed", "abcdef", "k-123", "<script>alert"):
        assert secret not in text


def test_retry_and_cancel(visit: Any, gate: Gate) -> None:
    """A retried job begins anew at once; a cancelled one is over; what runs is left alone."""
    visitor = visit("admin")
    failed = effect(gate, "failed", failed=True, attempts=8)
    assert visitor.post(f"/jobs/{failed}/retry").get_json() == {"told": "It is tried again now"}
    row = row_of(gate, failed)
    assert (row["status"], row["attempts"], row["finished"]) == ("waiting", 0, None)
    assert row["due"] <= gate.clock()
    assert visitor.post(f"/jobs/{failed}/cancel").status_code == 200
    assert row_of(gate, failed)["status"] == "cancelled"
    running = effect(gate, "running", attempts=1)
    refused = visitor.post(f"/jobs/{running}/cancel")
    assert refused.status_code == 409
    assert "cannot be interrupted" in refused.get_json()["problems"][0]["message"]
    assert visitor.post(f"/jobs/{running}/retry").status_code == 409
    assert visitor.post("/jobs/987654321/retry").status_code == 404
    assert visitor.post(f"/jobs/{failed}/retry", script=False).headers["Location"] == "/jobs"


def test_retry_of_a_kind(visit: Any, gate: Gate) -> None:
    """All that failed of one kind begin anew; of one key the latest, none where one waits."""
    plain = [effect(gate, "failed", failed=True) for _ in range(3)]
    other = effect(gate, "failed", kind="mail", failed=True)
    older = effect(gate, "failed", key="same", finished=dt.timedelta(minutes=-9))
    latest = effect(gate, "failed", key="same")
    blocked = effect(gate, "failed", key="there")
    effect(gate, key="there")
    answer = visit("admin", "zh").post("/jobs/retry?kind=webhook")
    assert answer.get_json() == {"told": "已重新执行 4 个任务"}
    states = {id: row_of(gate, id)["status"] for id in (*plain, other, older, latest, blocked)}
    assert [states[id] for id in (*plain, latest)] == ["waiting"] * 4
    assert [states[id] for id in (other, older, blocked)] == ["failed"] * 3
    assert visit("admin").post(f"/jobs/{blocked}/retry").status_code == 409


def test_pages(visit: Any, gate: Gate) -> None:
    """Pages follow each other without gaps, waiting jobs of all queues by when they are due."""
    queues = ("urgent", "default", "slow")
    ids = [
        effect(gate, queue=queues[n % 3], due=dt.timedelta(hours=1, seconds=n)) for n in range(120)
    ]
    visitor, found, address = visit("admin"), [], "/jobs?show=waiting"
    while address:
        text = visitor.text(address)
        found += [int(part.split('"')[0]) for part in text.split('data-row="')[1:]]
        _, there, rest = text.partition('rel="next" href="')
        address = rest.split('"')[0].replace("&amp;", "&") if there else ""
    assert found == ids


def test_a_job_of_long_work(visit: Any, gate: Gate) -> None:
    """It leads to the long work that it carries out."""
    id = effect(gate, "failed", kind="work", payload={"work": 7}, object="customer")
    for address in ("/jobs", f"/jobs/{id}"):
        assert 'href="/work/7"' in visit("admin").text(address)
