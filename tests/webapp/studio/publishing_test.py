"""Publishing from the browser: a field is added, seen at once, and gone back on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from assembly.browser_layer import browser_file
from assembly.revisions import Site
from support.world import World


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


def test_a_field(world: World, admin: Any, carry: Callable[[], object]) -> None:
    """Drafted, planned, published; then it is in the form and in the API, in another worker too."""
    other = Site(world.site.databases)  # as another process has it
    before = in_force(world)
    told = draft(world, admin, "customer", "mascot")
    assert told["problems"] == [] and told["drafted"] and told["changes"] == 1
    assert "Mascot" not in admin.text("/o/customer/new")
    plan = admin.text("/studio/plan")
    assert "Mascot" in plan and "ALTER TABLE" in plan
    where = admin.publish(message="Mascots matter")
    assert "Publishing…" in admin.text(where)
    carry()
    ended = admin.text(where)
    number = in_force(world)
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


def test_who_published(world: World, admin: Any, carry: Callable[[], object]) -> None:
    """The revision keeps the name and the message; the audit knows the person."""
    draft(world, admin, "contact", "audited")
    admin.publish(message="For the audit\nand why")
    carry()
    latest = 'SELECT "by", message FROM fw_revision ORDER BY id DESC LIMIT 1'
    applied = "SELECT actor, via FROM fw_audit WHERE action = 'apply' ORDER BY id DESC LIMIT 1"
    with world.site.databases.reading() as connection:
        row = connection.execute(sa.text(latest)).one()
        noted = connection.execute(sa.text(applied)).one()
    assert tuple(row) == ("Admin", "For the audit\nand why")
    assert tuple(noted) == (world.people["admin"], "screen")


def test_loss_is_ticked(world: World, admin: Any, carry: Callable[[], object]) -> None:
    """What people would no longer see has to be agreed to; going back brings it in sight again."""
    draft(world, admin, "competitor", "shortlived")
    admin.publish()
    carry()
    number = in_force(world)
    made = world.client("boss").made("competitor", name="Holds one", shortlived="yes")
    record = f"o/competitor/{made['id']}"
    text = "object: competitor\nfields:\n  other: {type: date, label: {en: Other, zh: 其他}}\n"
    admin.save(path("competitor"), text, version(world, "competitor"))
    shown = admin.text("/studio/plan")
    assert "Would be lost to people" in shown and 'value="loses"' in shown
    refused = admin.send_plan()
    assert refused.status_code == 422 and "Tick what you agree to" in refused.text
    assert in_force(world) == number
    where = admin.publish(agree="loses")
    carry()
    assert f"Revision {number + 1} is in force" in admin.text(where)
    assert "shortlived" not in world.client("boss").get(record).get_json()
    back = f"/studio/revisions/{number}/back"
    assert "Go back to revision" in admin.text(back)
    where = admin.publish(back, message="", files="true")
    carry()
    ended = admin.text(where)
    assert f"Revision {number + 2} is in force" in ended
    assert f"back to revision {number}" in ended and "The draft still says" not in ended
    assert world.client("boss").get(record).get_json()["shortlived"] == "yes"
    assert "Nothing is drafted" in admin.text("/studio/")


def test_drift(world: World, admin: Any, carry: Callable[[], object]) -> None:
    """A plan that has become another one is shown anew; what the work finds changed fails it."""
    draft(world, admin, "inquiry", "first")
    shown = admin.hidden("/studio/plan")
    draft(world, admin, "inquiry", "second")
    before = in_force(world)
    answer = admin.post("/studio/plan", script=False, message="x", **shown)
    assert answer.status_code == 409 and "the plan has changed" in answer.text.lower()
    assert "Not in the file" in answer.text or "Second" in answer.text
    where = admin.publish()
    draft(world, admin, "inquiry", "third")
    carry()
    ended = admin.text(where)
    assert "Nothing was published" in ended and "Everything is as it was" in ended
    assert in_force(world) == before
    assert world.site.databases is not None
