"""Background jobs over REST, and the figures about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from engine.records.gate import Gate
from support.outbox import clear, effect, row_of
from support.world import Client, World


@pytest.fixture
def gate(world: World) -> Iterator[Gate]:
    """The gate, on an empty outbox."""
    gate = world.site.current.gate
    clear(gate)
    yield gate
    clear(gate)


def test_list(gate: Gate, admin: Client, rep: Client) -> None:
    """Jobs of one status with their reason in the caller's language; only for administrators."""
    id = effect(gate, "failed", failed=True, attempts=8, payload={"password": "x", "to": 7})
    effect(gate)
    for path in ("jobs", f"jobs/{id}"):
        assert rep.get(path).status_code == 403
    answer = admin.get("jobs?status=failed", Accept_Language="zh").get_json()
    (job,) = answer["items"]
    assert (job["id"], job["kind"], job["attempts"]) == (id, "webhook", 8)
    assert job["problem"] == {"code": "test-refused", "message": "接收方返回 410 Gone"}
    assert job["payload"] == {"password": "•••", "to": 7}
    assert answer["counts"]["waiting"] == {"value": 1, "exact": True}
    assert admin.get(f"jobs/{id}").get_json()["problem"]["message"].endswith("410 Gone")
    for path in ("jobs?status=odd", "jobs?after=odd", "jobs?odd=1", "jobs/0", "jobs/odd"):
        assert 400 <= admin.get(path).status_code < 500


def test_pages(gate: Gate, admin: Client) -> None:
    """`next` leads through all of them, the latest failure first."""
    moments = [dt.timedelta(seconds=-n) for n in range(7)]
    ids = [effect(gate, "failed", finished=moment) for moment in moments]
    found, after = [], ""
    while after is not None:
        answer = admin.get(f"jobs?limit=3&after={after}").get_json()
        found += [job["id"] for job in answer["items"]]
        after = answer["next"]
    assert found == ids


def test_retry_and_cancel(gate: Gate, admin: Client, rep: Client) -> None:
    """Both answer the job as it is then; neither is for anybody else."""
    id = effect(gate, "failed", failed=True, attempts=8)
    assert rep.call("POST", f"jobs/{id}/retry").status_code == 403
    assert admin.call("POST", f"jobs/{id}/retry").get_json()["status"] == "waiting"
    assert row_of(gate, id)["attempts"] == 0
    assert admin.call("POST", f"jobs/{id}/retry").status_code == 409
    assert admin.call("POST", f"jobs/{id}/cancel").get_json()["status"] == "cancelled"
    assert admin.call("POST", f"jobs/{id}/odd").status_code == 404


def test_metrics(world: World, gate: Gate, admin: Client) -> None:
    """Depth by queue and status, age of the oldest, failures and rate."""
    for _ in range(3):
        effect(gate, queue="urgent", due=dt.timedelta(minutes=-5))
    effect(gate, "failed")
    effect(gate, "done")
    effect(gate, "done", finished=dt.timedelta(minutes=-3))
    world.app.extensions["formwright_metrics"].looked = float("-inf")
    client = world.app.test_client(use_cookies=False)
    text = client.get("/metrics", headers=admin.headers).text
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if "formwright_jobs" in line)
    assert figures['formwright_jobs{queue="urgent",status="waiting"}'] == "3.0"
    assert figures['formwright_jobs{queue="slow",status="running"}'] == "0.0"
    assert 299 < float(figures["formwright_jobs_oldest_seconds"]) < 330
    assert figures["formwright_jobs_failed"] == "1.0"
    assert figures["formwright_jobs_finished_last_minute"] == "1.0"
    assert "formwright_timers_due 0.0" in text
    effect(gate, queue="urgent", due=dt.timedelta(minutes=-5))
    again = client.get("/metrics", headers=admin.headers).text
    assert 'formwright_jobs{queue="urgent",status="waiting"} 3.0' in again  # not asked so soon
