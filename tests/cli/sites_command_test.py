"""Several sites in one installation: processes that serve and work for all, and for one."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from werkzeug.test import Client

from assembly.sharing import database_of
from assembly.sites import read_sites
from cli import housing
from cli.housing import ManySites
from cli.main import main
from engine.problems import Refusal
from engine.schema.engines import open_databases
from jobs.redis.queues import site_name
from support.installation import Effects, Installation, Web
from support.redis_server import redis_server
from support.templates import fresh_postgres

ACME, NORTH = "acme.example.com", "north.example.com"
PASSWORD = "a good password"
MANY = 1_000


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """An installation without sites."""
    return Installation(tmp_path / "installation")


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Two databases: PostgreSQL's, or files that the sites keep in their own folders."""
    with ExitStack() as stack:
        made = [
            stack.enter_context(fresh_postgres()) if request.param == "postgresql" else ""
            for _ in range(2)
        ]
        yield made[0], made[1]


def soon(true: Callable[[], object], seconds: float = 60.0) -> bool:
    """Whether something becomes true before long."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_one_installation_serves_two_clients(here: Installation, urls: tuple[str, str]) -> None:
    """By host name, with Redis, a worker and a scheduler for both; nothing of one is worth
    anything in the other, a new site is taken in, and one with much to do holds nobody up."""
    with redis_server() as redis, ExitStack() as stack:
        for name, url in zip(("acme", "north"), urls, strict=True):
            here.site(
                name, DATABASE_URL=url, REDIS_URL=redis.url, SECRET_KEY=f"the key of {name}" * 2,
                SECRETS_ERP_KEY=f"secret-of-{name}",
            )  # fmt: skip
        sites = read_sites({}, here.folder, here.sites)
        for one in sites:
            here.prepared(one.database_url, "admin", PASSWORD)
        web: Web = stack.enter_context(here.serving("--workers", "2"))
        tokens = {host: web.token(host, "admin", PASSWORD) for host in (ACME, NORTH)}
        for host, other in ((ACME, NORTH), (NORTH, ACME)):
            assert web.call(host, "/api/v1/me", token=tokens[host])[0] == 200
            assert web.call(host, "/api/v1/me", token=tokens[other])[0] == 401
            status, _, headers = web.call(host, "/login/")
            name = host.partition(".")[0]
            assert (status, f"formwright_session_{name}=" in headers["Set-Cookie"]) == (200, True)
        assert web.call("nobody.example.com", "/api/v1/me", token=tokens[ACME])[0] == 421
        forwarded = web.call(ACME, "/api/v1/me", token=tokens[NORTH], X_Forwarded_Host=NORTH)
        assert forwarded[0] == 401
        made = web.call(ACME, "/api/v1/o/thing", {"name": "only here"}, tokens[ACME])
        assert made[0] == 201
        assert web.call(NORTH, "/api/v1/o/thing/1", token=tokens[NORTH])[0] == 404
        figures = web.call(NORTH, "/metrics", token=tokens[NORTH])[1]
        assert "formwright_revision 1.0" in figures
        assert web.call(NORTH, "/metrics", token=tokens[ACME])[0] == 401

        listed = {one["site"]: one for one in json.loads(here.done("sites", "--json"))}
        assert [listed[name]["revision"] for name in ("acme", "north")] == [1, 1]
        stored = [Effects(one.database_url) for one in sites]
        for effects in stored:
            stack.callback(effects.close)
        acme, north = stored
        acme.ask(MANY)
        stack.enter_context(here.running("scheduler"))
        worker = stack.enter_context(here.running("worker"))
        assert soon(lambda: acme.waiting() < MANY)
        north.ask()
        assert soon(lambda: not north.waiting())
        assert acme.waiting(), "the other one is still at its many"
        told = [json.loads(line) for line in worker.read_text().splitlines()]
        assert {one["site"] for one in told if one["event"] == "done"} == {"acme", "north"}
        assert "secret-of" not in worker.read_text()

        here.site("third")
        assert soon(lambda: web.call("third.example.com", "/readyz")[0] == 200)


@pytest.fixture
def run(here: Installation, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command in the folder of the installation, in this process."""
    monkeypatch.chdir(here.folder)
    without_settings(monkeypatch)
    monkeypatch.setenv("FORMWRIGHT_LAYERS", "base")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def run(*words: str, told: str = "") -> Result:
        found = CliRunner().invoke(main, words, input=told)
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found

    return run


def test_commands_work_on_the_site_that_is_named(
    here: Installation, run: Callable[..., Result]
) -> None:
    """`--site` chooses settings and database; without it the single-site settings go on."""
    here.site("acme")
    here.site("north")
    assert "nothing applied" in run("sites").stdout
    assert not (here.sites / "acme" / "var").exists(), "looking makes nothing"
    assert run("--site", "acme", "apply", "--yes").exit_code == 0
    assert [p.parent.parent.name for p in here.sites.glob("*/var/*.db")] == ["acme"]
    added = ("user", "add", "admin", "--role", "keeper", "--password", "-")
    assert run("--site", "acme", *added, told=f"{PASSWORD}\n").exit_code == 0
    assert run("--site", "north", "user", "roles", "admin").exit_code == 1
    things = here.folder / "things.csv"
    things.write_text("name\nfirst\n")
    assert "created 1" in run("--site", "acme", "import", "thing", str(things)).stdout
    assert "first" in run("--site", "acme", "export", "thing").stdout
    for words in (("audit", "verify"), ("verify",), ("revisions",), ("jobs", "list"), ("check",)):
        assert run("--site", "acme", *words).exit_code == 0, words
    assert run("revisions").stdout == "", "the single site's database is another one"
    assert (here.folder / "var" / "formwright.db").exists()
    refused = run("--site", "acm", "plan")
    assert (refused.exit_code, "did you mean 'acme'" in refused.stderr) == (1, True)
    listed = json.loads(run("--site", "acme", "sites", "--json").stdout)
    assert [(one["site"], one["revision"], one["reachable"]) for one in listed] == [
        ("acme", 1, True)
    ]


def test_what_two_sites_share_is_refused_at_start(
    here: Installation, run: Callable[..., Result]
) -> None:
    """`check`, `serve`, `worker` and `--site` say which sites and what; nothing is served."""
    here.site("acme", SECRET_KEY="the very same key")
    here.site("north", SECRET_KEY="the very same key")
    for words in (
        ("check",), ("serve", "--port", "0"), ("worker", "--burst"), ("--site", "acme", "plan"),
    ):  # fmt: skip
        refused = run(*words)
        told = refused.stdout + refused.stderr
        assert (refused.exit_code, "sites-share-secret-key" in told) == (1, True), (words, told)
        assert "the very same" not in told
    here.site("north", HOSTS="", DATABASE_URL="postgresql://north@db/north")
    told = run("serve", "--port", "0").stderr
    assert "sites/north/.env:1:1: site-without-host" in told
    assert "sites/north/.env:1:1: setting-no-key" in told


def test_a_burst_is_for_all(here: Installation) -> None:
    """`worker --burst` and `scheduler --once` see to each site; one that is away fails alone."""
    for name in ("acme", "north"):
        here.site(name)
    sites = read_sites({}, here.folder, here.sites)
    for one in sites:
        here.prepared(one.database_url)
    stored = [Effects(one.database_url) for one in sites]
    for effects in stored:
        effects.ask(3)
    here.site("away", DATABASE_URL="postgresql://nobody@localhost:1/nothing", SECRET_KEY="k" * 20)
    burst = here.run("worker", "--burst")
    assert (burst.returncode, '"site-away"' in burst.stderr) == (1, True)
    assert [effects.waiting() for effects in stored] == [0, 0]
    assert here.run("scheduler", "--once").returncode == 1
    for effects in stored:
        effects.close()


@pytest.fixture
def house(here: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], ManySites]]:
    """What a server has in it, in this process."""
    monkeypatch.chdir(here.folder)
    monkeypatch.setattr(housing, "AGAIN_AFTER", 0.0)
    without_settings(monkeypatch)
    made = []

    def make() -> ManySites:
        found = ManySites(here.sites, read_sites({}, here.folder, here.sites, check_layers=False))
        made.append(found)
        return found

    yield make
    for one in made:
        one.end()
        for opened in one.opened.values():
            opened.databases.dispose()


def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the settings of the tests out of the environment."""
    for name in [*os.environ]:
        if name.startswith("FORMWRIGHT_") and not name.startswith("FORMWRIGHT_TEST_"):
            monkeypatch.delenv(name)


def status(house: ManySites, host: str) -> int:
    """What the site at that host says of itself."""
    answer = Client(house.hosts).get("/readyz", headers={"Host": host}, buffered=True)
    return answer.status_code


def test_one_that_cannot_be_opened_takes_nobody_down(
    here: Installation, house: Callable[[], ManySites]
) -> None:
    """503 for its own host only; it is opened as soon as it can be. Sites that are added are
    taken in, unless they share something."""
    here.site("acme")
    home = here.site("north")
    (home / "var").mkdir()
    (home / "var" / "formwright.db").write_text("no database at all " * 100)
    served = house()
    served.load()
    assert (status(served, ACME), status(served, NORTH)) == (200, 503)
    (home / "var" / "formwright.db").unlink()
    served.look()
    assert (status(served, ACME), status(served, NORTH)) == (200, 200)
    here.site("third", HOSTS=ACME)
    served.look()
    assert status(served, "third.example.com") == 421
    here.site("third", LAYERS="nowhere")
    served.look()
    assert status(served, "third.example.com") == 503
    here.site("third")
    assert served.reload()
    served.load()
    assert status(served, "third.example.com") == 200


def test_one_database_by_two_names(here: Installation, house: Callable[[], ManySites]) -> None:
    """Settings that look different and lead to one database: found once both are open."""
    home = here.site("acme")
    (one,) = read_sites({}, here.folder, here.sites)
    here.prepared(one.database_url)
    other = here.site("north") / "var"
    other.mkdir()
    os.link(home / "var" / "formwright.db", other / "formwright.db")
    with pytest.raises(Refusal) as refused:
        house().load()
    assert [problem.code for problem in refused.value.problems] == ["sites-share-database"]


def test_a_copied_database_has_queues_of_its_own(here: Installation) -> None:
    """Two sites never meet in Redis, though one began as a copy of the other."""
    here.site("acme")
    (one,) = read_sites({}, here.folder, here.sites)
    here.prepared(one.database_url)
    databases = open_databases(one.database_url)
    names = {site_name(databases, name) for name in ("", "acme", "north")}
    databases.dispose()
    assert len(names) == 3
    assert database_of(one.database_url)[0] == "sqlite"
