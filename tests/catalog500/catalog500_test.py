"""A generated catalog of 500 objects and 9,000 fields is loaded, created and served."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest

from assembly.filling import filler
from assembly.kinds import KINDS
from assembly.proposing import planner
from assembly.revisions import Site
from assembly.seeding import sow
from engine.fieldtypes.registry import FIELD_TYPES
from engine.loading.loading import Loaded, load
from engine.schema.applying import apply_plan
from engine.schema.engines import open_databases
from engine.schema.publishing import Publishing
from engine.vault import scratch_vault
from support.big_catalog import WIDE, BigCatalog, big_catalog
from support.sites import NOON, Clock
from support.small import fresh_url
from support.world import Client, World
from webapp.accounts import account_tables
from webapp.app import create_app
from webapp.mirroring import sync_roles

SOAK = os.environ.get("FORMWRIGHT_SOAK") == "1"
EVERY = {"sqlite": 1 if SOAK else 3, "postgresql": 1 if SOAK else 10}
"""All are created, but a part of them is worked with, unless there is time."""


@pytest.fixture(scope="module")
def big() -> BigCatalog:
    return big_catalog()


@pytest.fixture(scope="module")
def loaded(big: BigCatalog, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load([big.write(tmp_path_factory.mktemp("big"))], KINDS)


def test_its_size(big: BigCatalog) -> None:
    """As large as an ERP's: objects, fields, conditions; and one object with 250 fields."""
    assert (len(big.objects), big.fields) == (500, 9_000)
    assert big.conditions >= 1_400
    assert len(big.definition("thing_000")["fields"]) == WIDE


def test_it_knows_every_type(big: BigCatalog) -> None:
    """Every type of field stands in it somewhere."""
    used = {
        one["type"]
        for path, content in big.files.items()
        if path.startswith("objects/")
        for one in content["fields"].values()
    }
    assert set(FIELD_TYPES) - used == set()


def test_it_is_clean(loaded: Loaded) -> None:
    """`formwright check` has nothing to say about it."""
    assert [problem.line() for problem in loaded.problems] == []


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def world(
    request: pytest.FixtureRequest, loaded: Loaded, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with fresh_url(request.param, tmp_path_factory.mktemp("catalog500")) as url:
        databases, clock = open_databases(url, vault=scratch_vault()), Clock()
        replan = planner(loaded, account_tables())
        with databases.reading() as connection:
            plan = replan(connection)
        publishing = Publishing(by="test", now=NOON, fill=filler(databases, clock))
        apply_plan(databases, plan, replan, publishing)
        assert loaded.catalog is not None
        with databases.writing() as connection:
            sync_roles(connection, loaded.catalog)
        site = Site(databases)
        sow(site.current.gate)
        made = World(site, create_app(site, "a secret of the tests"), None)  # type: ignore[arg-type]
        made.account("keeper", name="keeper")
        gc.disable()  # what stays need not be walked again and again
        yield made
        gc.enable()
        site.close()
        del made, site, plan, replan
        gc.collect()


def test_a_record_of_each(world: World, big: BigCatalog) -> None:
    """Each of the 500 through REST: created, read, changed, deleted, and then gone."""
    client = world.client("keeper")
    failed: dict[str, Any] = {}
    for name in big.objects[:: EVERY[world.site.databases.dialect]]:
        if name not in big.lines:  # lines come and go with what they are part of
            if wrong := _round(client, big, name):
                failed[name] = wrong
    assert failed == {}


def _round(client: Client, big: BigCatalog, name: str) -> str:
    if big.is_settings(name):
        return _settings(client, name)
    given = big.values_of(name)
    if name == "person":
        given = {"name": "Li Wei", "account": "li.wei"}
    if name == "currency":
        given = {"name": "Euro", "code": "EUR"}
    made = client.call("POST", f"o/{name}", given)
    if made.status_code != 201:
        return f"create {made.status_code} {made.text[:300]}"
    record = f"o/{name}/{made.get_json()['id']}"
    read = client.get(record)
    if read.status_code != 200 or read.get_json()["name"] != given["name"]:
        return f"read {read.status_code} {read.text[:300]}"
    missing = given.keys() - read.get_json().keys()
    if missing:
        return f"read without {missing}"
    changed = client.call("PATCH", record, {"name": "Changed"})
    if changed.status_code != 200 or changed.get_json()["name"] != "Changed":
        return f"update {changed.status_code} {changed.text[:300]}"
    gone = client.call("DELETE", record)
    if gone.status_code != 204 or client.get(record).status_code != 404:
        return f"delete {gone.status_code} {gone.text[:300]}"
    return ""


def _settings(client: Client, name: str) -> str:
    """The one record is there; it is changed, never made."""
    found = client.get(f"o/{name}").get_json().get("items", [])
    if len(found) != 1:
        return f"settings {found}"
    if client.call("POST", f"o/{name}", {"name": "Another"}).status_code == 201:
        return "settings made twice"
    changed = client.call("PATCH", f"o/{name}/{found[0]['id']}", {"name": "Theirs"})
    return "" if changed.status_code == 200 else f"settings {changed.text[:300]}"
