"""What those who run the application ask it."""

from __future__ import annotations

from assembly.revisions import Site
from support.world import Client, World


def test_alive_and_ready(world: World) -> None:
    """Alive without the database, ready with it."""
    client = world.app.test_client()
    assert client.get("/healthz").get_json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["status"]) == (200, "ok")
    assert ready.get_json()["revision"] == world.site.current.revision


def test_metrics(world: World, rep: Client, admin: Client) -> None:
    """Figures for those who administer."""
    client = world.app.test_client(use_cookies=False)
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=rep.headers).status_code == 403
    text = client.get("/metrics", headers=admin.headers).text
    assert 'formwright_requests_total{endpoint="operations.healthz"' in text
    assert f"formwright_revision {world.site.current.revision}.0" in text


def test_a_request_runs_again_on_the_new_revision(world: World, rep: Client) -> None:
    """A write under a replaced revision is carried out under the one in force, once."""
    site = world.site
    old = site.current
    stale = Site(site.databases).current
    stale.gate.revision = old.revision - 1
    object.__setattr__(stale, "revision", old.revision - 1)
    shell = world.app.extensions["formwright"]
    shell.looked = float("inf")  # nothing but the write itself finds out
    try:
        site.current = stale
        made = rep.made("customer", name="Written twice?")
        assert site.current is not stale
    finally:
        shell.looked = 0.0
    assert len(rep.items("o/customer?name=Written twice?")) == 1
    assert made["version"] == 1
