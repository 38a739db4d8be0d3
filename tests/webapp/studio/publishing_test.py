"""Publishing from the browser: a field is added, seen at once, and gone back on."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa

from assembly.browser_layer import browser_file
from assembly.revisions import Site
from scenarios.rehearsing import rehearse
from support.publishing import HIDDEN, carrying
from support.world import World

FAILING = """\
scenario: nobody_passes
about: {en: Nothing is refused, zh: 不会被拒绝}
people: {lin: {roles: [sales_representative], fields: {name: Lin}}}
steps:
  - as: lin
    create: customer
    fields: {name: Somebody, region: north}
    refused: {code: required, on: name}
"""


def field(object: str, name: str, more: str = "") -> str:
    """An overlay of an object with one more field."""
    label = f"label: {{en: {name.title()}, zh: 字段{name}}}"
    return f"object: {object}\nfields:\n  {name}: {{type: text, {label}{more}}}\n"


def path(object: str) -> str:
    """Where the overlay of an object lies."""
    return f"objects/{object}.yaml"


def version(world: World, object: str) -> int:
    """The version of the object's file in the browser layer; 0 where there is none."""
    with world.site.databases.reading() as connection:
        found = browser_file(connection, path(object))
    return found.version if found else 0


def in_force(world: World) -> int:
    """The revision in the database."""
    with world.site.databases.reading() as connection:
        return int(connection.scalar(sa.text("SELECT max(id) FROM fw_revision")) or 0)


def draft(world: World, admin: Any, object: str, name: str, more: str = "") -> dict[str, Any]:
    """Saves an overlay with one more field."""
    said: dict[str, Any] = admin.save(
        path(object), field(object, name, more), version(world, object)
    )
    return said


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)  # SQLite: test_scenarios
def test_there_and_back(world: World, admin: Any, carry: Callable[[], object]) -> None:
    """A field is drafted, planned and published: it is in the form and the API at once, in another
    worker too. It is taken away again, which has to be agreed to; going back brings its values."""
    other = Site(world.site.databases)  # as another process has it
    before = in_force(world)
    told = draft(world, admin, "customer", "mascot")
    assert told["problems"] == [] and told["drafted"] and told["changes"] == 1
    plan = admin.text("/studio/plan")
    assert "Mascot" in plan and "ALTER TABLE" in plan
    where = admin.publish(message="Mascots matter\nto us")
    assert "Publishing…" in admin.text(where)
    carry()
    ended, number = admin.text(where), in_force(world)
    assert number == before + 1 and f"Revision {number} is in force" in ended
    assert "Mascots matter" in ended and "data-every" not in ended
    assert "Mascot" in admin.text("/o/customer/new")
    made = world.client("rep").made("customer", name="With mascot", mascot="Otter")
    assert made["mascot"] == "Otter"
    other.refresh()
    assert "mascot" in other.current.catalog.objects["customer"].fields
    overview = admin.text("/studio/")
    assert "Nothing is drafted" in overview and "Mascots matter" in overview
    assert "Mascot" in admin.text(f"/studio/revisions/{number}")
    told_by(world, number)

    admin.post(f"/studio/files/{path('customer')}", do="remove", version=version(world, "customer"))
    shown = admin.text("/studio/plan")
    assert "Would be lost to people" in shown and 'value="loses"' in shown
    refused = admin.send_plan()
    assert refused.status_code == 422 and "Tick what you agree to" in refused.text
    where = admin.publish(agree="loses")
    carry()
    record = f"o/customer/{made['id']}"
    assert f"Revision {number + 1} is in force" in admin.text(where)
    assert "mascot" not in world.client("rep").get(record).get_json()

    back = f"/studio/revisions/{number}/back"
    where = admin.publish(back, message="", files="true")
    carry()
    ended = admin.text(where)
    assert f"Revision {number + 2} is in force" in ended
    assert f"back to revision {number}" in ended and "The draft still says" not in ended
    assert world.client("rep").get(record).get_json()["mascot"] == "Otter"
    assert "Nothing is drafted" in admin.text("/studio/")
    assert version(world, "customer") > 0


def told_by(world: World, number: int) -> None:
    """The revision keeps who published it and why; the audit knows the person."""
    kept = 'SELECT "by", message FROM fw_revision WHERE id = :id'
    applied = "SELECT actor, via FROM fw_audit WHERE action = 'apply' ORDER BY id DESC LIMIT 1"
    with world.site.databases.reading() as connection:
        row = connection.execute(sa.text(kept), {"id": number}).one()
        noted = connection.execute(sa.text(applied)).one()
    assert tuple(row) == ("Admin", "Mascots matter\nto us")
    assert tuple(noted) == (world.people["admin"], "screen")


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
def test_drift(world: World, admin: Any, carry: Callable[[], object]) -> None:
    """A plan that has become another one is shown anew; what the work finds changed fails it."""
    draft(world, admin, "inquiry", "first")
    shown = admin.hidden("/studio/plan")
    draft(world, admin, "inquiry", "second")
    before = in_force(world)
    answer = admin.post("/studio/plan", script=False, message="x", **shown)
    assert answer.status_code == 409 and "The plan has changed" in answer.text
    fresh = {k: unescape(v) for k, v in HIDDEN.findall(answer.text)}
    where = admin.post("/studio/plan", script=False, message="x", **fresh).headers["Location"]
    draft(world, admin, "inquiry", "third")
    carry()
    ended = admin.text(where)
    assert "Nothing was published" in ended and "Everything is as it was" in ended
    assert "Third" in ended
    assert in_force(world) == before


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_scenarios(world: World, admin: Any) -> None:
    """What fails under the draft stands in the way, and is told; a reason is kept with it."""
    draft(world, admin, "contact", "nickname")
    admin.save("scenarios/nobody_passes.yaml", FAILING)
    where = admin.publish()
    carry = carrying(world, rehearse)
    carry()
    ended = admin.text(where)
    assert "Nothing was published" in ended and "nobody_passes" in ended
    assert "Publish all the same" in ended
    before = in_force(world)
    assert 'name="despite"' in admin.text("/studio/plan?despite=")
    where = admin.publish(despite="It is only an example")
    carry()
    number = in_force(world)
    assert number == before + 1 and f"Revision {number} is in force" in admin.text(where)
    told = admin.text(f"/studio/revisions/{number}")
    assert "0 passed, 1 failed" in told and "It is only an example" in told
